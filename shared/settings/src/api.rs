//! `[api]`.

use crate::entry::Entry;
use crate::section::Section;

/// `[api]`: tasks that come by `POST /tasks`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiSettings {
    /// Hosts that results may be posted to, in lower case; none by default. They are compared whole: a
    /// name under a listed one is another host.
    pub callback_hosts: Vec<String>,
}

impl ApiSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let callback_hosts =
            section.read("callback_hosts", |entry| entry.each(|item| host(&item))).unwrap_or_default();
        section.finish();
        Self { callback_hosts }
    }

    /// Whether results may be posted to `host`.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        self.callback_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// The name of a host alone: what looks like more would never match, and so seem to be allowed.
fn host(entry: &Entry<'_>) -> Option<String> {
    let text = entry.text()?;
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let labels = text
        .split('.')
        .all(|label| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-'));
    if plain && labels && text.len() <= 253 {
        return Some(text.to_ascii_lowercase());
    }
    entry.refuse(
        format!("\"{text}\" is no name of a host"),
        "write it like \"hooks.example.com\", without https://, port, path or `*`",
    )
}

//! `[api]`.

use crate::entry::Entry;
use crate::form::Form;
use crate::key::key;
use crate::section::Section;
use crate::{Mode, mode};

/// `[api]`: tasks that come by `POST /tasks`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiSettings {
    /// Hosts that results may be posted to, in lower case; none by default. They are compared whole: a
    /// name under a listed one is another host.
    pub callback_hosts: Vec<String>,
    /// Whether its tasks may change anything outside (default [`Mode::Live`]).
    pub mode: Mode,
}

impl ApiSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let about = "Hosts that the results of tasks may be posted to, whole names: \"hooks.example.com\".";
        let callback_hosts = section
            .read(key("callback_hosts", about), |entry| entry.each(|item| host(&item)))
            .unwrap_or_default();
        let mode = mode::read(&mut section);
        section.finish();
        Self { callback_hosts, mode }
    }

    /// Whether results may be posted to `host`.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        self.callback_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// The name of a host and nothing else: an entry with a scheme or path would never match, and look allowed.
pub(crate) fn host(entry: &Entry<'_>) -> Option<String> {
    let wrong = |text: &str| {
        let suggestion = "write it like \"hooks.example.com\", without https://, port, path or `*`";
        (format!("\"{text}\" is not a name of a host"), suggestion)
    };
    entry.text_like(&HOST, wrong).map(|host| host.to_ascii_lowercase())
}

/// The name of one host.
pub(crate) const HOST: Form = Form {
    fits: is_host,
    pattern: "^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$",
    example: "hooks.example.com",
};

fn is_host(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let mut labels = text.split('.');
    let labels = labels
        .all(|label| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-'));
    plain && labels && text.len() <= 253
}

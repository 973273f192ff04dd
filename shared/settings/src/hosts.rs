//! [`Hosts`]: lists of hosts in agent.toml, such as `["github.com", "*.example.com"]`.

use crate::entry::Entry;
use crate::form::Form;

/// Hosts by name; `*.example.com` means every host below example.com, and not example.com itself.
///
/// ```
/// use settings::Hosts;
///
/// let hosts = Hosts::new(["github.com", "*.example.com"]);
/// assert!(hosts.contains("GitHub.com") && hosts.contains("a.b.example.com"));
/// assert!(!hosts.contains("example.com") && !hosts.contains("notgithub.com"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// These hosts.
    pub fn new<T: Into<String>>(hosts: impl IntoIterator<Item = T>) -> Self {
        Self(hosts.into_iter().map(|host| host.into().to_ascii_lowercase()).collect())
    }

    /// Whether `host` is one of them.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|known| match known.strip_prefix('*') {
            Some(below) => host.len() > below.len() && host.ends_with(below),
            None => *known == host,
        })
    }
}

/// A list of hosts.
pub(crate) fn read(entry: &Entry<'_>) -> Option<Hosts> {
    entry.each(host).map(Hosts::new)
}

/// A name in ASCII with a dot in it, perhaps behind `*.`. It cannot mean an IP address, this machine or a machine
/// of its network.
pub(crate) const HOSTS: Form = Form {
    fits: is_host,
    pattern: "^(?=(\\*\\.)?.{1,253}$)(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
    example: "*.example.com",
};

fn is_host(text: &str) -> bool {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let ends_in_letters =
        name.rsplit('.').next().is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()));
    name.len() <= 253 && name.contains('.') && name.split('.').all(label) && ends_in_letters
}

fn host(entry: Entry<'_>) -> Option<String> {
    entry.text_like(&HOSTS, |text| {
        (
            format!("\"{text}\" is not a host"),
            "write a name like \"example.com\", or \"*.example.com\" for all below it, without scheme, port and \
             path",
        )
    })
}

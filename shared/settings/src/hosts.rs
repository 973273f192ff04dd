//! [`Hosts`]: lists of hosts in agent.toml, such as `["github.com/octo", "*.example.com"]`.

use crate::entry::Entry;
use crate::form::Form;

/// Hosts by name; `*.example.com` means every host below example.com, and not example.com itself. With a path, only
/// what is at or below it: a host that many people share is nobody's own.
///
/// ```
/// use settings::Hosts;
///
/// let hosts = Hosts::new(["github.com/octo", "*.example.com"]);
/// assert!(hosts.allows("GitHub.com", "/octo/repo") && hosts.allows("a.b.example.com", "/"));
/// assert!(!hosts.allows("github.com", "/octopus") && !hosts.allows("github.com", "/octo/../evil"));
/// assert!(hosts.touches("github.com") && !hosts.contains("github.com"));
/// assert!(!hosts.contains("example.com") && !hosts.contains("notgithub.com"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(Vec<Place>);

/// A host, perhaps behind `*`, in lower case, and where on it: nothing, or a path without the slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    host: String,
    path: String,
}

impl Hosts {
    /// These hosts.
    pub fn new<T: Into<String>>(hosts: impl IntoIterator<Item = T>) -> Self {
        let mut list = Self::default();
        list.add(hosts);
        list
    }

    /// Adds these hosts.
    pub fn add<T: Into<String>>(&mut self, hosts: impl IntoIterator<Item = T>) {
        self.0.extend(hosts.into_iter().map(|place| Place::new(&place.into())));
    }

    /// Whether the whole of `host` is one of them.
    #[must_use]
    pub fn contains(&self, host: &str) -> bool {
        self.allows(host, "")
    }

    /// Whether anything of `host` is in one of them.
    #[must_use]
    pub fn touches(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|place| place.has_host(&host))
    }

    /// Whether `path` of `host` is in one of them, as a browser resolves it.
    #[must_use]
    pub fn allows(&self, host: &str, path: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|place| place.has_host(&host) && place.has_path(path))
    }
}

impl Place {
    fn new(text: &str) -> Self {
        let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
        Self { host: host.to_ascii_lowercase(), path: path.trim_end_matches('/').to_owned() }
    }

    fn has_host(&self, host: &str) -> bool {
        match self.host.strip_prefix('*') {
            Some(below) => host.len() > below.len() && host.ends_with(below),
            None => self.host == host,
        }
    }

    fn has_path(&self, path: &str) -> bool {
        if self.path.is_empty() {
            return true;
        }
        let below = path.strip_prefix(self.path.as_str());
        // To a browser these lead upwards, in percent notation too.
        let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
        let climbs = plain.split(['/', '\\']).any(|part| matches!(part, "." | ".."));
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && !climbs
    }
}

/// A list of hosts.
pub(crate) fn read(entry: &Entry<'_>) -> Option<Hosts> {
    entry.each(host).map(Hosts::new)
}

/// A name in ASCII with a dot in it, perhaps behind `*.`, perhaps with a path. It cannot mean an IP address, this
/// machine or a machine of its network.
pub(crate) const HOSTS: Form = Form {
    fits: is_host,
    pattern: "^(?=(\\*\\.)?[^/]{1,253}(/|$))(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$",
    example: "*.example.com",
};

fn is_host(text: &str) -> bool {
    let text = text.strip_prefix("*.").unwrap_or(text);
    let (name, path) = text.split_at(text.find('/').unwrap_or(text.len()));
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let ends_in_letters =
        name.rsplit('.').next().is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()));
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
    };
    let path = path.strip_suffix('/').unwrap_or(path);
    let is_path = path.is_empty() || path[1..].split('/').all(part);
    name.len() <= 253 && name.contains('.') && name.split('.').all(label) && ends_in_letters && is_path
}

fn host(entry: Entry<'_>) -> Option<String> {
    entry.text_like(&HOSTS, |text| {
        (
            format!("\"{text}\" is not a host"),
            "write a name like \"example.com\", \"github.com/octo\" for a part of it, or \"*.example.com\" for all \
             below it, without scheme and port",
        )
    })
}

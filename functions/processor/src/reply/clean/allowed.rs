//! [`Allowed`]: what a draft may refer to.
//!
//! The attack: whoever writes an event can name any host in it. Were every address of such a host allowed,
//! one of them could carry away what the model knows. So an address from an event may be repeated, to the
//! letter, and nothing may be added to it. Even then it is no image: images are fetched without a click, and
//! out of a list of prepared ones a message could be spelt.

use std::collections::BTreeSet;

use settings::Hosts;

use super::urls::{host, urls};

/// What a draft may refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    /// Hosts that anything may lead to: those that we name ourselves.
    hosts: BTreeSet<String>,
    /// The same, from agent.toml.
    listed: Hosts,
    /// Addresses that may be repeated.
    addresses: BTreeSet<String>,
    /// The only account that may be mentioned: who caused the event.
    pub(super) mention: String,
}

impl Allowed {
    /// Nothing but mentions of `account`, and links to `listed` hosts.
    #[must_use]
    pub(crate) fn new(account: &str, listed: &Hosts) -> Self {
        Self { mention: account.to_owned(), listed: listed.clone(), ..Self::default() }
    }

    /// Allows every host that a text of our own names.
    #[must_use]
    pub(crate) fn with_hosts_of(mut self, ours: &str) -> Self {
        self.hosts.extend(urls(ours).filter_map(|(_, url)| host(url)));
        self
    }

    /// Allows every address that a text from outside holds, and the bare host of each.
    #[must_use]
    pub(crate) fn with_addresses_of(mut self, theirs: &str) -> Self {
        for (_, url) in urls(theirs) {
            self.addresses.insert(bare(url).to_owned());
            self.addresses.extend(host(url).map(|host| format!("https://{host}")));
        }
        self
    }

    /// Whether the draft may lead there on a click.
    pub(super) fn link(&self, url: &str) -> bool {
        self.image(url) || self.addresses.contains(bare(url))
    }

    /// Whether the draft may have it fetched without a click.
    pub(super) fn image(&self, url: &str) -> bool {
        host(url).is_some_and(|host| self.hosts.contains(&host) || self.listed.contains(&host))
    }
}

/// An address without what a sentence puts behind it.
fn bare(url: &str) -> &str {
    url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '~', '/'])
}

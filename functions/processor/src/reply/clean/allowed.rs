//! [`Allowed`]: what a draft may refer to.
//!
//! The attack: whoever writes an event can name any host in it. Were every address of such a host allowed,
//! one of them could carry away what the model knows. So an address from an event may be repeated, to the
//! letter, and nothing may be added to it. Even then it is no image: images are fetched without a click, and
//! out of a list of prepared ones a message could be spelt. Images come from hosts that are listed for images, and
//! from no others: one that is merely named somewhere may keep files of anybody.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use settings::Hosts;

use super::bare_hosts::{Kind, bare_hosts, kind};
use super::urls::{behind_host, has_web_scheme, host, path, urls};

/// Hosts on which many people have a place of their own, each below the first part of the path.
const SHARED: [&str; 10] = [
    "bitbucket.org",
    "codeberg.org",
    "docs.google.com",
    "drive.google.com",
    "gist.github.com",
    "github.com",
    "gitlab.com",
    "raw.githubusercontent.com",
    "sites.google.com",
    "storage.googleapis.com",
];
/// How often an address can be written in percent notation within another; deeper, nobody reads it.
const DEEPEST_NOTATION: usize = 4;

/// What a draft may refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    /// Places that links may lead to: those that we name ourselves, as in [`Hosts`].
    named: Hosts,
    /// The same, from agent.toml.
    listed: Hosts,
    /// Places whose images may be shown, from agent.toml.
    images: Hosts,
    /// Addresses that may be repeated.
    addresses: BTreeSet<String>,
    /// The name of the event's repository; empty if it has none.
    repository: String,
    /// The hosts that it is on.
    forges: Vec<String>,
    /// Where it is there.
    own: Hosts,
    /// The only account that may be mentioned: who caused the event.
    pub(super) mention: String,
}

impl Allowed {
    /// Nothing but mentions of `account`, links to `links` and images of `images`.
    #[must_use]
    pub(crate) fn new(account: &str, links: &Hosts, images: &Hosts) -> Self {
        Self { mention: account.to_owned(), listed: links.clone(), images: images.clone(), ..Self::default() }
    }

    /// Allows links to every host that a text of our own names; on a host that many people share, to the one
    /// place of it.
    #[must_use]
    pub(crate) fn with_hosts_of(mut self, ours: &str) -> Self {
        self.named.add(urls(ours).filter_map(|(_, url)| place(url)));
        self.named.add(bare_hosts(ours).filter_map(|host| place(&format!("https://{host}"))));
        self
    }

    /// Allows every address that a text from outside holds, and the bare host of each.
    #[must_use]
    pub(crate) fn with_addresses_of(mut self, theirs: &str) -> Self {
        for (_, url) in urls(theirs) {
            self.addresses.insert(bare(url).to_owned());
            self.addresses.extend(host(url).map(|host| format!("https://{host}")));
        }
        for host in bare_hosts(theirs) {
            self.addresses.insert(format!("https://{}", bare(host)));
        }
        self
    }

    /// Allows links into the repository `name` of the event, whose thread is at `thread`, and perhaps elsewhere as well.
    #[must_use]
    pub(crate) fn with_repository(mut self, name: &str, thread: &str) -> Self {
        // A GitLab can be below a path of its host; a name without an owner is no repository's there.
        let at = path(thread).find(&format!("/{name}/")).filter(|at| *at == 0 || name.contains('/'));
        if let Some((host, at)) = host(thread).zip(at) {
            let place = format!("{host}{}/{name}", &path(thread)[..at]);
            self.named.add([place.as_str()]);
            self.own.add([place]);
            name.clone_into(&mut self.repository);
            self.forges.push(host);
        }
        self
    }

    /// The name of the event's repository; empty if it has none.
    pub(super) fn repository(&self) -> &str {
        &self.repository
    }

    /// Whether the draft may lead there on a click.
    pub(super) fn link(&self, url: &str) -> bool {
        self.is_known(url) && !self.leaves_a_trace(url)
    }

    /// Whether the event has this very address, or it is of a place that we name: the draft may say it.
    pub(super) fn is_known(&self, url: &str) -> bool {
        self.addresses.contains(bare(url)) || self.is_ours(url)
    }

    /// Whether the draft may have it fetched without a click.
    pub(super) fn image(&self, url: &str) -> bool {
        let Some(host) = host(url) else { return false };
        has_web_scheme(url) && !holds_another(url) && self.images.allows(&host, path(url))
    }

    fn is_ours(&self, url: &str) -> bool {
        let Some(host) = host(url) else { return false };
        let is_named = [&self.named, &self.listed].iter().any(|places| places.allows(&host, path(url)));
        has_web_scheme(url) && !holds_another(url) && (is_named || is_loopback(&host))
    }

    /// Whether a link to it shows up in a thread of another repository on the event's host. The attack: whoever writes
    /// an event has the agent's account be seen in any thread of every owner that a document of ours names.
    fn leaves_a_trace(&self, url: &str) -> bool {
        let parts = [
            "issues",
            "pull",
            "discussions",
            "commit",
            "merge_requests",
            "work_items",
            "epics",
            "vulnerabilities",
        ];
        let is_forge =
            |host: String| self.forges.iter().any(|forge| host.trim_start_matches("www.") == forge);
        let is_own = |host: String| self.own.allows(host.trim_start_matches("www."), path(url));
        host(url).is_some_and(is_forge)
            && !host(url).is_some_and(is_own)
            && path(url).split('/').skip(3).any(|part| parts.contains(&part.to_ascii_lowercase().as_str()))
    }
}

/// The place of `url` as in [`Hosts`].
fn place(url: &str) -> Option<String> {
    let host = host(url)?;
    if !SHARED.contains(&host.as_str()) {
        return Some(host);
    }
    let first = path(url).split('/').nth(1).filter(|first| !first.is_empty())?;
    Some(format!("{host}/{first}"))
}

/// Whether an address stands within `url`, behind its host: what forwards to it, or carries it along.
fn holds_another(url: &str) -> bool {
    // Without the slash that a path begins with.
    let mut text = behind_host(url).trim_start_matches('/').to_owned();
    for _ in 0..DEEPEST_NOTATION {
        if urls(&text).next().is_some() || asks_for_a_host(&text) {
            return true;
        }
        let plain = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if plain == text {
            return false;
        }
        text = plain;
    }
    true
}

/// Whether a value of a query or fragment names a host without a scheme, as what forwards to it may take it. A name
/// that can as well be a file (`main.rs`) counts with a path behind it alone.
fn asks_for_a_host(text: &str) -> bool {
    let Some(at) = text.find(['?', '#']) else { return false };
    let mut values = text[at..].split(['?', '#', '&', ';', ',', '=']);
    values.any(|value| match kind(value) {
        Kind::Link => true,
        Kind::Perhaps => value.contains('/'),
        Kind::Word => false,
    })
}

/// This machine, of whoever reads it. Names below `localhost` are its own (RFC 6761), and `0.0.0.0` leads to it.
fn is_loopback(host: &str) -> bool {
    let is_own = |address: Ipv4Addr| address.is_loopback() || address.is_unspecified();
    host == "localhost"
        || host.ends_with(".localhost")
        || matches!(host, "[::1]" | "[::]")
        || host.parse().is_ok_and(is_own)
}

/// An address without what a sentence puts behind it.
fn bare(url: &str) -> &str {
    url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '~', '/'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Allowed {
        Allowed::new(
            "mona",
            &Hosts::new(["*.listed.example", "gitlab.com/octo"]),
            &Hosts::new(["img.example/logos"]),
        )
        .with_hosts_of("see https://docs.example.com/a, https://github.com/octo/help and wiki.example.org")
        .with_addresses_of("http://logs.example.net/a?b=1 https://github.com/victim/project/issues/1")
        .with_repository("octo/repo", "https://github.example.com/octo/repo/issues/7")
    }

    #[test]
    fn images_come_from_places_listed_for_images_alone() {
        assert!(allowed().image("https://img.example/logos/a.png"));
        for url in [
            "https://img.example/other/a.png",
            "https://docs.example.com/a.png",
            "https://a.listed.example/a.png",
            "http://logs.example.net/a?b=1",
            "http://localhost/a.png",
            "https://github.example.com/octo/repo/raw/main/a.png",
            "https://img.example/logos/a.png?u=https://evil.example",
            "ftp://img.example/logos/a.png",
        ] {
            assert!(!allowed().image(url), "{url}");
        }
    }

    #[test]
    fn an_address_within_another_is_refused() {
        for nested in [
            "?u=https://evil.example/a",
            "?u=https%3A%2F%2Fevil.example",
            "?u=https%253A%252F%252Fevil.example",
            "?u=//evil.example",
            "#https://evil.example",
            "/https://evil.example/",
            "?u=www.evil.example",
            "?u=%5C%5Cevil.example",
            "?u=https:evil.example",
            "?u=evil.example",
            "?u=evil.com&a=b",
            "?a=b&u=evil.io/x",
            "?u=evil%2Ecom",
            "#/go?u=evil.com/a",
        ] {
            let url = format!("https://docs.example.com/go{nested}");
            assert!(!allowed().link(&url), "{url}");
        }
        for plain in
            ["?a=b&c=d", "/a//b", "#part", "/a%20b", "/v1...v2", "?q=main.rs", "?v=1.2.3", "/evil.com"]
        {
            let url = format!("https://docs.example.com/go{plain}");
            assert!(allowed().link(&url), "{url}");
        }
    }

    #[test]
    fn of_a_shared_host_only_the_named_place_is_ours() {
        for url in [
            "https://github.com/octo/repo",
            "https://github.com/octo/help#a",
            "https://gitlab.com/octo/x/-/y",
        ] {
            assert!(allowed().link(url), "{url}");
        }
        for url in [
            "https://github.com/evil/repo",
            "https://github.com/octopus",
            "https://github.com/octo/../evil",
            "https://github.com/octo/%2e%2E/evil",
            "https://github.com/octo\\..\\evil",
            "https://gitlab.com/",
            "https://gitlab.com/evil",
        ] {
            assert!(!allowed().link(url), "{url}");
        }
        assert!(allowed().link("https://wiki.example.org/a"), "named without a scheme");
    }

    #[test]
    fn this_machine_and_the_repository_of_the_event_may_be_named() {
        for url in [
            "http://localhost:8080/health",
            "http://127.0.0.1/a?b=c",
            "http://[::1]:3000/",
            "http://0.0.0.0:3000/",
            "http://app.localhost:3000/",
            "https://github.example.com/octo/repo/blob/main/README.md",
            "https://github.example.com/octo/repo/issues/3",
        ] {
            assert!(allowed().link(url), "{url}");
        }
        for url in [
            "http://localhost.evil.example/",
            "http://0.0.0.0.evil.example/",
            "http://evillocalhost/",
            "http://0.0.0.1/",
            "http://127.0.0.1.evil.example/",
            "http://localhost@evil.example/",
            "https://github.example.com/octo/repository",
            "https://github.example.com/evil/repo",
            "javascript://docs.example.com/%0aalert(1)",
        ] {
            assert!(!allowed().link(url), "{url}");
        }
    }

    #[test]
    fn a_thread_of_another_repository_is_not_even_repeated() {
        let theirs = "https://github.com/victim/project/issues/1";
        assert!(allowed().link(theirs), "the event is from another host, where nothing shows up");
        let here = allowed().with_repository("octo/repo", "https://github.com/octo/repo/issues/7");
        assert!(!here.link(theirs) && here.link("https://github.com/octo/repo/issues/9"));
        let stand_in = here.with_repository("octo/repo", "http://127.0.0.1:4000/octo/repo/issues/7");
        for own in ["https://github.com/octo/repo/blob/main/a.rs", "http://127.0.0.1:4000/octo/repo/issues/9"]
        {
            assert!(stand_in.link(own), "{own}");
        }
        assert!(!stand_in.link(theirs), "it shows up on either");
    }
}

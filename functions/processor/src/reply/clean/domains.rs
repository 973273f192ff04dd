//! Names of hosts without a scheme. Some services turn them into links by themselves.
//!
//! What is surely meant as a host counts as a link. What can as well be a file (`main.rs`), a member or a product
//! (`ASP.NET`) is shown as code, in which no service makes a link of it.

use super::REMOVED;
use super::allowed::Allowed;
use super::inert::inert;
use super::urls::looks_like_a_host;

/// Ends of names that are hosts and hardly anything else.
const SURE: [&str; 18] = [
    "biz", "click", "club", "com", "edu", "example", "gov", "info", "int", "mil", "net", "online", "org",
    "shop", "site", "top", "website", "xyz",
];
/// Ends that are hosts' as well as others', besides all of two letters (the countries').
const PERHAPS: [&str; 44] = [
    "agency", "app", "blog", "bot", "chat", "cloud", "codes", "company", "design", "dev", "digital", "email",
    "foo", "fun", "games", "group", "guru", "host", "ink", "land", "life", "link", "live", "media", "mobi",
    "moe", "mov", "name", "network", "news", "page", "pro", "rocks", "run", "social", "space", "store",
    "systems", "team", "tech", "tools", "wiki", "world", "zip",
];

/// What a bare word is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// No host.
    Word,
    /// Perhaps one.
    Perhaps,
    /// Surely one, or it carries something along.
    Link,
}

/// `text` without bare hosts that the draft may not lead to.
pub(super) fn without_foreign_domains(text: &str, allowed: &Allowed, ticks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, word) in words(text) {
        let kind = kind(word);
        if kind == Kind::Word || allowed.bare(word) {
            continue;
        }
        out.push_str(&text[done..start]);
        match kind {
            Kind::Perhaps => out.push_str(&inert(word, word.find('.').unwrap_or(0) + 1, ticks)),
            _ => out.push_str(REMOVED),
        }
        done = start + word.len();
    }
    out.push_str(&text[done..]);
    out
}

/// The bare hosts of `text`, with what follows each.
pub(super) fn bare_hosts(text: &str) -> impl Iterator<Item = &str> {
    words(text).map(|(_, word)| word).filter(|word| kind(word) != Kind::Word)
}

/// The words of `text` that can be addresses, and where each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + text[from..].find(is_of_word)?;
        let length = text[start..].find(|c| !is_of_word(c)).unwrap_or(text.len() - start);
        from = start + length;
        Some((start, &text[start..from]))
    })
    .map(|(start, word)| {
        // `name=host`, `**host**`.
        let word = word.trim_end_matches(['.', '?', '*', '_', '~', '\\']);
        let host_end = word.find(['/', '?']).unwrap_or(word.len());
        let skipped =
            word[..host_end].rfind(['=', '*', '~', '_', '\\', '&', '%', '+']).map_or(0, |at| at + 1);
        (start + skipped, &word[skipped..])
    })
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || "-._~/?#&%+=@*\\".contains(c)
}

fn kind(word: &str) -> Kind {
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    // An e-mail address has its own kind of link, which leads to nobody's server.
    let Some((_, top)) = host.rsplit_once('.').filter(|_| looks_like_a_host(host) && !host.contains('@'))
    else {
        return Kind::Word;
    };
    let is_name = top.len() > 1 && top.chars().all(char::is_alphabetic);
    let sure = SURE.iter().any(|known| top.eq_ignore_ascii_case(known));
    if is_name && (carries_something(word) || (sure && top.chars().any(char::is_lowercase))) {
        Kind::Link
    } else if sure
        || (top.len() == 2 && top.bytes().all(|b| b.is_ascii_lowercase()))
        || PERHAPS.contains(&top)
    {
        Kind::Perhaps
    } else {
        Kind::Word
    }
}

/// Whether a query stands behind the host.
fn carries_something(word: &str) -> bool {
    let Some((_, query)) = word.split_once('?') else { return false };
    query.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let allowed = Allowed::default()
            .with_hosts_of("https://docs.example.com/")
            .with_addresses_of("it fails on logs.example.net/a?b=1 and build.example.org");
        without_foreign_domains(text, &allowed, false)
    }

    #[test]
    fn a_host_without_a_scheme_is_a_link() {
        assert_eq!(cleaned("go to evil.example/?q=secret now"), "go to [link removed] now");
        assert_eq!(cleaned("evil.example?q=secret"), REMOVED);
        assert_eq!(
            cleaned("see evil.com, **evil.com** or x=secret.evil.org/a."),
            "see [link removed], **[link removed]** or x=[link removed]."
        );
        assert_eq!(cleaned("evil.io/?q=secret"), REMOVED, "it carries something");
    }

    #[test]
    fn what_may_be_a_file_or_a_product_is_shown_as_code() {
        assert_eq!(cleaned("main.rs:12 and README.md"), "`main.rs`:12 and `README.md`");
        assert_eq!(
            cleaned("ASP.NET, socket.io and docs.rs/serde."),
            "`ASP.NET`, `socket.io` and `docs.rs/serde`."
        );
        assert_eq!(without_foreign_domains("main.rs", &Allowed::default(), true), "main.\u{200B}rs");
    }

    #[test]
    fn hosts_of_ours_and_of_the_event_stay() {
        for text in ["docs.example.com/?q=x", "logs.example.net/a?b=1.", "build.example.org"] {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(cleaned("logs.example.net/a?b=2"), REMOVED);
    }

    #[test]
    fn ordinary_words_are_no_hosts() {
        for text in [
            "a.b?.c",
            "is it foo.bar?",
            "f(x)?y=1",
            "1.2.3",
            "e.g. this, i.e. that",
            "src/main.rs",
            "/usr/lib.so",
            "mona@example.com",
            "It works.Then go",
            "...",
            "v1.0.x",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }
}

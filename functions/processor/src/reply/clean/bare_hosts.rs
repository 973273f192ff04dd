//! Names of hosts without a scheme, told from other words.

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
pub(super) enum Kind {
    /// No host.
    Word,
    /// Perhaps one.
    Perhaps,
    /// Surely one, or it carries something along.
    Link,
}

/// The bare hosts of `text`, with what follows each.
pub(super) fn bare_hosts(text: &str) -> impl Iterator<Item = &str> {
    words(text).map(|(_, word)| word).filter(|word| kind(word) != Kind::Word)
}

/// The words of `text` that can be addresses, and where each begins.
pub(super) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
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

pub(super) fn kind(word: &str) -> Kind {
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

//! Addresses within a text, as browsers and renderers would read them.

/// Every address of `text` that names a host, with its place. One pass: a text of nothing but slashes must
/// not take quadratic time.
pub(crate) fn urls(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut from, mut word_end) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let at = next_beginning(text, from)?;
            let start = scheme_start(text, from, at);
            let after_slashes = skip_slashes(text, at);
            let body = skip_scheme(text, after_slashes);
            if body >= word_end {
                word_end = body + url_length(&text[body..]);
            }
            if host(&text[start..word_end]).is_some() {
                from = word_end;
                return Some((start, &text[start..word_end]));
            }
            // What is no address may hold one further on: `//https://…`.
            from = after_slashes.max(at + 1);
        }
    })
}

/// Where the next address can begin. Browsers take backslashes for slashes, any number of them, and need
/// none at all behind `http:`.
fn next_beginning(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins = |at: usize, word: &str| {
        bytes.get(at..at + word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
    };
    (from..bytes.len()).find(|&at| match bytes[at] {
        b'/' | b'\\' => matches!(bytes.get(at + 1), Some(b'/' | b'\\')),
        b'w' | b'W' => begins(at, "www."),
        b'h' | b'H' => begins(at, "http:") || begins(at, "https:"),
        _ => false,
    })
}

fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\')
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ')' | ']' | '`' | '|' | '\\')
}

/// How long the rest of an address is. An address of version 6 stands between brackets, which end any other.
fn url_length(body: &str) -> usize {
    let bracketed =
        body.strip_prefix('[').and_then(|inside| inside.find(|c: char| !(c.is_ascii_hexdigit() || c == ':')));
    let host = bracketed.filter(|end| body[end + 1..].starts_with(']')).map_or(0, |end| end + 2);
    host + body[host..].find(ends_url).unwrap_or(body.len() - host)
}

fn skip_slashes(text: &str, at: usize) -> usize {
    at + text[at..].find(|c| !is_slash(c)).unwrap_or(text.len() - at)
}

/// Behind a scheme and its slashes, if one begins at `at`.
fn skip_scheme(text: &str, at: usize) -> usize {
    let scheme = text[at..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - at);
    let is_scheme = scheme > 0 && text[at + scheme..].starts_with(':');
    if is_scheme { skip_slashes(text, at + scheme + 1) } else { at }
}

/// Where the scheme in front of `at` begins, not before `from`.
fn scheme_start(text: &str, from: usize, at: usize) -> usize {
    text[from..at].strip_suffix(':').map_or(at, |before| {
        let scheme = before.chars().rev().take_while(char::is_ascii_alphanumeric).count();
        from + before.len() - scheme
    })
}

/// The host of a URL, lower case, without user and port; `None` when there is none that could be
/// looked up.
pub(crate) fn host(url: &str) -> Option<String> {
    let (scheme, authority, _) = split(url);
    let named = authority.rsplit('@').next()?;
    let end = if named.starts_with('[') { named.find(']').map(|end| end + 1) } else { named.find(':') };
    let host = named[..end.unwrap_or(named.len())].to_lowercase();
    // The other dots of Unicode, and a dot in percent notation, are dots to a browser.
    let host = host.replace(['。', '．', '｡'], ".").replace("%2e", ".");
    let host = host.trim_end_matches('.');
    // Behind `http:` everything is a host; behind bare slashes only what looks like one, so that comments
    // in code survive.
    (!host.is_empty() && (is_http(scheme) || looks_like_a_host(host))).then(|| host.to_owned())
}

/// What follows the host of a URL: path, query and fragment.
pub(crate) fn behind_host(url: &str) -> &str {
    split(url).2
}

/// The path of a URL.
pub(crate) fn path(url: &str) -> &str {
    behind_host(url).split(['?', '#']).next().unwrap_or_default()
}

/// Whether a URL is one of the web, or takes its scheme from the page that it stands on.
pub(crate) fn has_web_scheme(url: &str) -> bool {
    let scheme = split(url).0;
    scheme.is_empty() || is_http(scheme)
}

/// The scheme of a URL (empty if it has none), what names its host, and the rest.
fn split(url: &str) -> (&str, &str, &str) {
    let end = url.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(url.len());
    let (scheme, rest) = match url[end..].strip_prefix(':') {
        Some(rest) if end > 0 && (rest.starts_with(is_slash) || is_http(&url[..end])) => (&url[..end], rest),
        _ => ("", url),
    };
    let rest = rest.trim_start_matches(is_slash);
    let authority = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    (scheme, &rest[..authority], &rest[authority..])
}

/// A name with a dot, a number that can be an address, or this machine.
pub(crate) fn looks_like_a_host(host: &str) -> bool {
    let is_name = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '%'));
    let is_number = host.len() >= 8 && host.chars().all(|c| c.is_ascii_hexdigit() || c == 'x');
    let has_labels = host.contains('.') && !host.starts_with('.') && !host.contains("..");
    is_name && (has_labels || is_number || host == "localhost")
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

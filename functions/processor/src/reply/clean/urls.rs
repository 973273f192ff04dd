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
                word_end = body + text[body..].find(ends_url).unwrap_or(text.len() - body);
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
    let scheme = url.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    let rest = match url[scheme.len()..].strip_prefix(':') {
        Some(rest) if !scheme.is_empty() && (rest.starts_with(is_slash) || is_http(scheme)) => rest,
        _ => url,
    };
    let authority = rest.trim_start_matches(is_slash).split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?.to_lowercase();
    // The other dots of Unicode, and a dot in percent notation, are dots to a browser.
    let host = host.replace(['。', '．', '｡'], ".").replace("%2e", ".");
    let host = host.trim_end_matches('.');
    // Behind `http:` everything is a host; behind bare slashes only what looks like one, so that comments
    // in code survive.
    let is_explicit =
        rest.len() < url.len() && url.split_once(':').is_some_and(|(scheme, _)| is_http(scheme));
    (!host.is_empty() && (is_explicit || looks_like_a_host(host))).then(|| host.to_owned())
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

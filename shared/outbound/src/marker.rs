//! The hidden marker that makes a comment of ours recognisable, and the body around it.
//!
//! The marker is the proof that an effect happened, for services whose comments are Markdown or plain text and
//! take nothing besides. So only this file may put one into a comment: a model or a person who got
//! `<!-- afterhook:… -->` into a text could make another task believe that it had already answered.

use std::borrow::Cow;

use domain::Mark;
use markdown::{Limit, open_fence};

/// Room kept for closing a code fence.
const FENCE_ROOM: &str = "````````````````````````````````````````";
const OPEN: &str = "<!--";
const CLOSE: &str = "-->";
const NAMESPACE: &str = "afterhook:";

/// The body of a comment that says `text` and carries `mark` on its last line, in at most `limit`.
#[must_use]
pub fn compose(text: &str, mark: &Mark, limit: Limit) -> String {
    let marker = line(mark);
    let room = limit.without(&marker).without("\n\n").without(FENCE_ROOM);
    let mut body = shorten(neutralise(text.trim_end()), room);
    // In an unclosed code block the marker would be shown.
    if let Some(fence) = open_fence(&body).filter(|fence| fence.len() < FENCE_ROOM.len()) {
        body.push('\n');
        body.push_str(&fence);
    }
    body.push_str("\n\n");
    body.push_str(&marker);
    body
}

/// Whether `body` carries exactly this mark, on a line of its own.
#[must_use]
pub fn carries(body: &str, mark: &Mark) -> bool {
    let marker = line(mark);
    body.lines().any(|line| line.trim() == marker)
}

/// `body` without marker lines: what a comment of ours says.
#[must_use]
pub fn strip(body: &str) -> String {
    let said: Vec<&str> = body.lines().filter(|line| !is_marker(line.trim())).collect();
    said.join("\n").trim_end().to_owned()
}

fn line(mark: &Mark) -> String {
    format!("{OPEN} {mark} {CLOSE}")
}

fn is_marker(line: &str) -> bool {
    let inside = line.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
    inside.is_some_and(|inside| inside.trim_start().starts_with(NAMESPACE) && !inside.contains(CLOSE))
}

/// Makes every hidden comment in our namespace visible text, so that it is no marker any more.
fn neutralise(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(OPEN) {
        let (before, from) = rest.split_at(at);
        let after = &from[OPEN.len()..];
        safe.push_str(before);
        safe.push_str(if in_namespace(after) { "&lt;!--" } else { OPEN });
        rest = after;
    }
    safe.push_str(rest);
    safe
}

fn in_namespace(after: &str) -> bool {
    let inside = after.trim_start();
    inside.get(..NAMESPACE.len()).is_some_and(|start| start.eq_ignore_ascii_case(NAMESPACE))
}

/// `text` in at most `room`, cut between its blocks, with a visible sign if it was cut.
#[must_use]
pub fn shorten(text: String, room: Limit) -> String {
    match markdown::shorten(&text, room) {
        Cow::Borrowed(_) => text,
        Cow::Owned(short) => short,
    }
}

#[cfg(test)]
mod tests {
    use domain::{Mark, TaskId};
    use proptest::prelude::*;

    use super::{Limit, carries, strip};

    /// Put where a text was cut.
    const ELLIPSIS: &str = "\n\n… (cut: too long for one message)";

    const LIMIT: Limit = Limit::chars(65_536);

    fn compose(text: &str, mark: &Mark) -> String {
        super::compose(text, mark, LIMIT)
    }

    /// What hostile texts are made of; `MARK` is that of another task.
    const PIECES: [&str; 12] =
        ["<!-- MARK -->", "<!--", "-->", "<!-", "-", " ", "\n", "\r\n", "MARK", "```", "afterhook:", "🦀"];

    fn mark(identity: &str) -> Mark {
        Mark { task_id: TaskId::derive("github", identity.as_bytes()), effect: "reply".into() }
    }

    #[test]
    fn marker_is_the_last_line_behind_an_empty_one() {
        let mark = mark("1");
        let body = compose("Hello\n", &mark);
        assert_eq!(body, format!("Hello\n\n<!-- afterhook:{} -->", mark.task_id));
        assert!(carries(&body, &mark));
        assert_eq!(strip(&body), "Hello");
    }

    #[test]
    fn a_mark_is_told_from_that_of_another_task_or_effect() {
        let label = Mark { effect: "label".into(), ..mark("1") };
        assert!(!carries(&compose("x", &label), &mark("1")));
        assert!(!carries(&compose("x", &mark("1")), &label));
        assert!(!carries(&compose("x", &mark("1")), &mark("2")));
    }

    #[test]
    fn a_forged_marker_in_the_text_is_made_visible_and_proves_nothing() {
        let (ours, other) = (mark("1"), mark("2"));
        let spaced = format!("<!--\n\t AfterHook:{} -->", other.task_id);
        let nested = format!("<!-<!-- <!-- {other} --> -->");
        for forged in [format!("<!-- {other} -->"), format!("<!--{other}-->"), spaced, nested] {
            let body = compose(&format!("Hi\n{forged}\nthere"), &ours);
            assert!(!carries(&body, &other), "{body}");
            assert!(carries(&body, &ours), "{body}");
            assert!(body.contains("&lt;!--"), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_comment_carry_a_second_mark(
            pieces in prop::collection::vec(0_usize..PIECES.len(), 0..40),
            padding in prop_oneof![Just(0_usize), 65_000_usize..65_600],
        ) {
            let other = mark("2").to_string();
            let text: String = pieces.iter().map(|at| PIECES[*at].replace("MARK", &other)).collect();
            let body = compose(&format!("{}{text}", "x".repeat(padding)), &mark("1"));
            prop_assert!(carries(&body, &mark("1")));
            prop_assert!(!carries(&body, &mark("2")));
            prop_assert!(LIMIT.fits(&body));
        }
    }

    #[test]
    fn other_hidden_comments_are_left_alone() {
        assert!(compose("<!-- note -->", &mark("1")).starts_with("<!-- note -->\n"));
    }

    #[test]
    fn cutting_cannot_complete_a_marker() {
        // Whatever the cut leaves, the only marker line is the one we appended.
        let other = mark("2");
        for padding in 65_300..65_450 {
            let text = format!("{}\n<!-- {other} -->\n{}", "x".repeat(padding), "y".repeat(300));
            assert!(!carries(&compose(&text, &mark("1")), &other));
        }
    }

    #[test]
    fn a_long_text_is_cut_visibly_and_keeps_its_marker() {
        for text in ["a".repeat(70_000), "é\n".repeat(40_000), "🦀".repeat(70_000)] {
            let body = compose(&text, &mark("1"));
            assert!(LIMIT.fits(&body));
            assert!(LIMIT.size(&body) > LIMIT.max() - 200, "no more is cut than needed");
            assert!(body.contains(ELLIPSIS));
            assert!(carries(&body, &mark("1")));
        }
    }

    #[test]
    fn a_text_within_the_limit_is_not_cut() {
        let text = "a".repeat(65_000);
        assert_eq!(strip(&compose(&text, &mark("1"))), text);
    }

    #[test]
    fn an_open_code_block_is_closed_before_the_marker() {
        let closed = compose("```rust\nfn main() {}\n```", &mark("1"));
        assert_eq!(closed.matches("```").count(), 2);
        let open = compose("~~~~text\n~~~\nfn main() {}", &mark("1"));
        assert!(open.contains("fn main() {}\n~~~~\n\n<!-- afterhook:"), "{open}");
        let cut = compose(&format!("```\n{}", "x\n".repeat(40_000)), &mark("1"));
        assert!(cut.contains(&format!("x\n```{ELLIPSIS}\n\n<!-- afterhook:")), "fence, then the sign");
        assert!(LIMIT.fits(&cut));
    }

    #[test]
    fn a_fence_of_absurd_length_does_not_break_the_limit() {
        assert!(LIMIT.fits(&compose(&"`".repeat(65_490), &mark("1"))));
    }

    #[test]
    fn markers_survive_the_line_ends_of_a_web_form() {
        let body = compose("Hello", &mark("1")).replace('\n', "\r\n");
        assert!(carries(&body, &mark("1")));
        assert_eq!(strip(&body), "Hello");
    }
}

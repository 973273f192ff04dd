//! The pages for a browser: one issue, and the list of all.

use maud::{Markup, html};

use super::store::{Github, Place, Thread};
use crate::kit::{article, index};

/// The page of an issue: its title and body.
pub(super) fn issue(at: &Place, thread: &Thread) -> (String, Markup) {
    let place = format!("{}/{}#{}", at.owner, at.repo, at.number);
    let comments = thread.comments.iter().map(|comment| {
        let anchor = format!("issuecomment-{}", comment.id);
        article(&anchor, &comment.login, &comment.created_at.to_string(), uncommented(&comment.body).trim())
    });
    let body = html! {
        h1 { "Issue " small { (place) } }
        @for label in &thread.labels { small { (label) } " " }
        @for comment in comments { (comment) }
        @if thread.comments.is_empty() { p { "No comments yet." } }
    };
    (place, body)
}

/// The list of all issues that something happened to.
pub(super) fn all(github: &Github) -> (String, Markup) {
    let row = |(at, thread): &(Place, Thread)| {
        let Place { owner, repo, number, .. } = at;
        let text = format!("{owner}/{repo}#{number} ({} comments)", thread.comments.len());
        (format!("/{owner}/{repo}/issues/{number}"), text)
    };
    index("Issues", github.threads().map(row))
}

/// A text without HTML comments, which GitHub does not show either.
fn uncommented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = behind.split_once("-->").map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_hidden_marks_are_hidden() {
        let text = uncommented("<script>alert('x')</script> <!-- afterhook:tsk_1 --> & \"more\"");
        let article = article("a", "mona", "noon", &text).into_string();
        assert!(!article.contains("<script>") && !article.contains("tsk_1"), "{article}");
        assert!(article.contains("&lt;script&gt;alert('x')&lt;/script&gt;"));
    }
}

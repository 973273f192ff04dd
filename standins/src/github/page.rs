//! The pages for a browser: one issue, and the list of all.

use std::fmt::Write;

use super::store::{Github, Place, Thread};
use crate::kit::{article, escape, index};

/// The page of an issue: its title and body.
pub(super) fn issue(at: &Place, thread: &Thread) -> (String, String) {
    let place = format!("{}/{}#{}", at.owner, at.repo, at.number);
    let mut body = format!("<h1>Issue <small>{}</small></h1>", escape(&place));
    for label in &thread.labels {
        let _ = write!(body, "<small>{}</small> ", escape(label));
    }
    for comment in &thread.comments {
        let anchor = format!("issuecomment-{}", comment.id);
        let text = uncommented(&comment.body);
        body.push_str(&article(&anchor, &comment.login, &comment.created_at.to_string(), text.trim()));
    }
    if thread.comments.is_empty() {
        body.push_str("<p>No comments yet.</p>");
    }
    (place, body)
}

/// The list of all issues that something happened to.
pub(super) fn all(github: &Github) -> (String, String) {
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
        let article = article("a", "mona", "noon", &text);
        assert!(!article.contains("<script>") && !article.contains("tsk_1"), "{article}");
        assert!(article.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    }
}

//! The pages for a browser: one issue, and the list of all.

use axum::response::Response;
use http::StatusCode;
use std::fmt::Write;

use super::issues::find;
use super::respond;
use super::store::{Store, Thread};
use crate::kit::page::{self, escape};

const STYLE: &str = "body{color:#1f2328}h1 small{color:#656d76;font-weight:normal}article{border:1px solid #d0d7de;\
                     border-radius:6px;padding:0}header{background:#f6f8fa;border-bottom:1px solid #d0d7de;\
                     padding:.5rem 1rem;border-radius:6px 6px 0 0}pre{padding:1rem}.label{background:#ededed;\
                     border-radius:1rem;padding:.1rem .6rem;font-size:.8rem}article:target{border-color:#0969da}";

/// The page of an issue.
pub(super) fn issue(store: &Store, owner: &str, repo: &str, number: &str) -> Response {
    let Ok((number, thread)) = find(store, owner, repo, number) else {
        return respond::html(
            StatusCode::NOT_FOUND,
            frame("Not found", "<h1>This issue does not exist</h1>"),
        );
    };
    let title = if thread.title.is_empty() { "Issue" } else { &thread.title };
    let place = format!("{owner}/{repo}#{number}");
    let mut body = format!("<h1>{} <small>{}</small></h1>", escape(title), escape(&place));
    for label in &thread.labels {
        let _ = write!(body, "<span class=label>{}</span> ", escape(label));
    }
    if !thread.author.is_empty() {
        body.push_str(&article("", &thread.author, "opened this issue", &thread.body));
    }
    for comment in &thread.comments {
        let anchor = format!("issuecomment-{}", comment.id);
        let when = format!("commented at {}", comment.created_at);
        body.push_str(&article(&anchor, &comment.login, &when, &comment.body));
    }
    if thread.comments.is_empty() {
        body.push_str("<p>No comments yet.</p>");
    }
    respond::html(StatusCode::OK, frame(&format!("{title} · {place}"), &body))
}

/// The list of all issues that something happened to.
pub(super) fn index(store: &Store) -> Response {
    let mut body = "<h1>Issues</h1><ul>".to_owned();
    for ((.., number), thread) in store.threads() {
        let Thread { owner, repo, title, comments, .. } = thread;
        let _ = write!(
            body,
            "<li><a href=\"/{0}/{1}/issues/{number}\">{0}/{1}#{number}</a> {2} ({3} comments)</li>",
            escape(owner),
            escape(repo),
            escape(title),
            comments.len()
        );
    }
    body.push_str("</ul>");
    respond::html(StatusCode::OK, frame("Issues", &body))
}

fn article(anchor: &str, author: &str, what: &str, text: &str) -> String {
    format!(
        "<article id=\"{anchor}\"><header><b>{}</b> {}</header><pre>{}</pre></article>",
        escape(author),
        escape(what),
        escape(uncommented(text).trim())
    )
}

fn frame(title: &str, body: &str) -> String {
    page::frame("GitHub", STYLE, title, body)
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
        let article =
            article("a", "mona", "said", "<script>alert('x')</script> <!-- afterhook:tsk_1 --> & \"more\"");
        assert!(!article.contains("<script>") && !article.contains("tsk_1"), "{article}");
        assert!(article.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    }
}

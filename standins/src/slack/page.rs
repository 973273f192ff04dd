//! Pages for people: the list of channels, and one channel, as addresses of messages lead to.

use axum::response::Response;
use http::StatusCode;
use std::fmt::Write;

use super::respond;
use super::store::{Store, StoredMessage};
use crate::kit::page::{self, escape};

const STYLE: &str = "article.reply{margin-left:2rem}";

/// The page at `path`: `/`, `/archives/C0HELP` or `/archives/C0HELP/p1767323045000100`.
pub(super) fn show(store: &Store, path: &str) -> Response {
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.as_slice() {
        [] => index(store),
        ["archives", channel] | ["archives", channel, _] => channel_page(store, channel),
        _ => respond::html(StatusCode::NOT_FOUND, frame("Not found", "<h1>There is no such page</h1>")),
    }
}

fn index(store: &Store) -> Response {
    let mut body = "<h1>Channels</h1><ul>".to_owned();
    for channel in store.channels() {
        let (name, count) = (escape(channel), store.messages(channel).count());
        let _ = write!(body, "<li><a href=\"/archives/{name}\">{name}</a> ({count} messages)</li>");
    }
    body.push_str("</ul>");
    respond::html(StatusCode::OK, frame("Channels", &body))
}

fn channel_page(store: &Store, channel: &str) -> Response {
    let mut body = format!("<h1>{}</h1>", escape(channel));
    let mut messages: Vec<&StoredMessage> = store.messages(channel).collect();
    // Threads stay together, in the order in which they began.
    messages.sort_by(|one, other| (thread_of(one), &one.ts).cmp(&(thread_of(other), &other.ts)));
    for message in &messages {
        let reply = if thread_of(message) == message.ts { "" } else { " class=reply" };
        let anchor = message.ts.replace('.', "");
        let shown = if message.blocks.is_some() { "blocks: " } else { "" };
        let _ = write!(
            body,
            "<article id=\"p{}\"{reply}><header><b>{}</b> at {}</header><pre>{shown}{}</pre></article>",
            escape(&anchor),
            escape(&message.user),
            escape(&message.ts),
            escape(&message.text)
        );
    }
    if messages.is_empty() {
        body.push_str("<p>No messages yet.</p>");
    }
    respond::html(StatusCode::OK, frame(channel, &body))
}

fn thread_of(message: &StoredMessage) -> &str {
    message.thread_ts.as_deref().unwrap_or(&message.ts)
}

fn frame(title: &str, body: &str) -> String {
    page::frame("Slack", STYLE, title, body)
}

//! Pages for people: the list of channels, and one channel, as addresses of messages lead to.

use std::fmt::Write;

use super::store::{StoredMessage, Workspace};
use crate::kit::{article, escape, index};

/// The page at `/`, `/archives/C0HELP` or `/archives/C0HELP/p1767323045000100`: its title and body.
pub(super) fn show(workspace: &Workspace, segments: &[&str]) -> Option<(String, String)> {
    match segments {
        [] => {
            let row = |(name, messages): (&String, &Vec<StoredMessage>)| {
                (format!("/archives/{name}"), format!("{name} ({} messages)", messages.len()))
            };
            Some(index("Channels", workspace.messages.iter().map(row)))
        }
        ["archives", channel] | ["archives", channel, _] => {
            Some(((*channel).to_owned(), body(workspace, channel)))
        }
        _ => None,
    }
}

fn body(workspace: &Workspace, channel: &str) -> String {
    let mut body = format!("<h1>{}</h1>", escape(channel));
    let mut messages: Vec<&StoredMessage> = workspace.of(channel).collect();
    // Threads stay together, in the order in which they began.
    messages.sort_by_key(|message| (thread_of(message), message.ts.as_str()));
    for message in &messages {
        let reply = if thread_of(message) == message.ts { "" } else { " class=reply" };
        let anchor = format!("p{}", message.ts.replace('.', ""));
        let shown = if message.blocks.is_some() { "blocks: " } else { "" };
        let article = article(&anchor, &message.user, &message.ts, &format!("{shown}{}", message.text));
        let _ = write!(body, "<div{reply}>{article}</div>");
    }
    if messages.is_empty() {
        body.push_str("<p>No messages yet.</p>");
    }
    body
}

fn thread_of(message: &StoredMessage) -> &str {
    message.thread_ts.as_deref().unwrap_or(&message.ts)
}

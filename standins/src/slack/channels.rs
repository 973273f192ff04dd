//! `conversations.replies` and `conversations.history`.

use serde_json::{Value, json};

use super::TEAM;
use super::state::{because, is_set, refusal, text};
use super::store::{ChannelState, StoredMessage, Workspace, micros};
use crate::kit::{Call, Reply};

/// Messages on a page when nothing is said, and the most.
const PER_PAGE: usize = 100;
const MAX_PER_PAGE: usize = 999;

/// A thread, oldest first. What `oldest` says leaves the message that the thread hangs on in.
pub(super) fn replies(workspace: &Workspace, call: &Call) -> Result<Value, Reply> {
    let (channel, ts) = (text(call, "channel"), text(call, "ts"));
    check_channel(workspace, &channel)?;
    if ts.is_empty() {
        return Err(because("invalid_arguments", "missing required field: ts"));
    }
    let messages = workspace.of(&channel).filter(|message| message.is_in_thread(&ts));
    let messages = messages.filter(|message| message.ts == ts || is_within(call, message));
    page(call, messages.collect())
}

/// A channel without its threads, newest first.
pub(super) fn history(workspace: &Workspace, call: &Call) -> Result<Value, Reply> {
    let channel = text(call, "channel");
    check_channel(workspace, &channel)?;
    let is_top = |message: &&StoredMessage| message.thread_ts.as_deref().is_none_or(|ts| ts == message.ts);
    let messages = workspace.of(&channel).rev().filter(is_top).filter(|message| is_within(call, message));
    page(call, messages.collect())
}

/// A message as it is listed.
pub(super) fn describe(message: &StoredMessage, with_metadata: bool) -> Value {
    let mut shown = json!({
        "type": "message", "user": message.user, "text": message.text, "ts": message.ts, "team": TEAM,
    });
    if let Some(thread) = &message.thread_ts {
        shown["thread_ts"] = json!(thread);
    }
    if let Some(bot) = &message.bot_id {
        shown["bot_id"] = json!(bot);
        shown["app_id"] = json!("A0STANDIN");
    }
    if let Some(blocks) = &message.blocks {
        shown["blocks"] = blocks.clone();
    }
    if let Some(metadata) = message.metadata.as_ref().filter(|_| with_metadata) {
        shown["metadata"] = metadata.clone();
    }
    if message.edited {
        shown["edited"] = json!({"user": message.user, "ts": message.ts});
    }
    shown
}

/// To read, the bot need not be in a public channel.
fn check_channel(workspace: &Workspace, channel: &str) -> Result<(), Reply> {
    if channel.is_empty() || workspace.state(channel) == ChannelState::Missing {
        return Err(refusal("channel_not_found"));
    }
    Ok(())
}

fn is_within(call: &Call, message: &StoredMessage) -> bool {
    let (oldest, latest) = (text(call, "oldest"), text(call, "latest"));
    let (at, inclusive) = (micros(&message.ts), is_set(call, "inclusive"));
    let after = oldest.is_empty() || at > micros(&oldest) || (inclusive && at == micros(&oldest));
    let before = latest.is_empty() || at < micros(&latest) || (inclusive && at == micros(&latest));
    after && before
}

/// The page that the cursor names.
fn page(call: &Call, messages: Vec<&StoredMessage>) -> Result<Value, Reply> {
    let size = match text(call, "limit").as_str() {
        "" => PER_PAGE,
        limit => match limit.parse() {
            Ok(limit @ 1..=MAX_PER_PAGE) => limit,
            _ => return Err(refusal("invalid_limit")),
        },
    };
    let start = match text(call, "cursor").strip_prefix("next:") {
        Some(start) => start.parse().map_err(|_| refusal("invalid_cursor"))?,
        None if text(call, "cursor").is_empty() => 0,
        None => return Err(refusal("invalid_cursor")),
    };
    let with_metadata = is_set(call, "include_all_metadata");
    let shown: Vec<Value> =
        messages.iter().skip(start).take(size).map(|message| describe(message, with_metadata)).collect();
    let end = start.saturating_add(size);
    let has_more = end < messages.len();
    let cursor = if has_more { format!("next:{end}") } else { String::new() };
    Ok(json!({"messages": shown, "has_more": has_more, "response_metadata": {"next_cursor": cursor}}))
}

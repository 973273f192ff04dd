//! `conversations.replies` and `conversations.history`.

use serde_json::{Value, json};

use super::TEAM;
use super::respond::Refusal;
use super::router::Call;
use super::shared::Shared;
use super::store::{ChannelState, Store, StoredMessage, micros};
use crate::kit::lock;

/// Messages on a page when nothing is said, and the most.
const PER_PAGE: usize = 100;
const MAX_PER_PAGE: usize = 999;

/// A thread, oldest first. What `oldest` says leaves the message that the thread hangs on in.
pub(super) fn replies(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let (channel, ts) = (call.text("channel"), call.text("ts"));
    let store = lock(&shared.store);
    check_channel(&store, &channel)?;
    if ts.is_empty() {
        return Err(Refusal::because("invalid_arguments", "missing required field: ts"));
    }
    let messages = store.messages(&channel).filter(|message| message.is_in_thread(&ts));
    let messages = messages.filter(|message| message.ts == ts || is_within(call, message));
    page(call, messages.collect())
}

/// A channel without its threads, newest first.
pub(super) fn history(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let channel = call.text("channel");
    let store = lock(&shared.store);
    check_channel(&store, &channel)?;
    let is_top = |message: &&StoredMessage| message.thread_ts.as_deref().is_none_or(|ts| ts == message.ts);
    let messages = store.messages(&channel).rev().filter(is_top).filter(|message| is_within(call, message));
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
fn check_channel(store: &Store, channel: &str) -> Result<(), Refusal> {
    if channel.is_empty() || store.state(channel) == ChannelState::Missing {
        return Err(Refusal::new("channel_not_found"));
    }
    Ok(())
}

fn is_within(call: &Call, message: &StoredMessage) -> bool {
    let (oldest, latest) = (call.text("oldest"), call.text("latest"));
    let (at, inclusive) = (micros(&message.ts), call.is_set("inclusive"));
    let after = oldest.is_empty() || at > micros(&oldest) || (inclusive && at == micros(&oldest));
    let before = latest.is_empty() || at < micros(&latest) || (inclusive && at == micros(&latest));
    after && before
}

/// The page that the cursor names.
fn page(call: &Call, messages: Vec<&StoredMessage>) -> Result<Value, Refusal> {
    let size = match call.text("limit").as_str() {
        "" => PER_PAGE,
        limit => match limit.parse() {
            Ok(limit @ 1..=MAX_PER_PAGE) => limit,
            _ => return Err(Refusal::new("invalid_limit")),
        },
    };
    let start = match call.text("cursor").strip_prefix("next:") {
        Some(start) => start.parse().map_err(|_| Refusal::new("invalid_cursor"))?,
        None if call.text("cursor").is_empty() => 0,
        None => return Err(Refusal::new("invalid_cursor")),
    };
    let with_metadata = call.is_set("include_all_metadata");
    let shown: Vec<Value> =
        messages.iter().skip(start).take(size).map(|message| describe(message, with_metadata)).collect();
    let end = start.saturating_add(size);
    let has_more = end < messages.len();
    let cursor = if has_more { format!("next:{end}") } else { String::new() };
    Ok(json!({"messages": shown, "has_more": has_more, "response_metadata": {"next_cursor": cursor}}))
}

//! `conversations.replies` and `conversations.history`.

use serde_json::{Value, json};

use super::{BOT, Slack, TEAM, USER, because, is_in_thread, is_set, refusal, text};
use crate::kit::{Call, Note, Notes, Reply};

/// Messages on a page when nothing is said, and the most.
const PER_PAGE: usize = 100;
const MAX_PER_PAGE: usize = 999;

/// A thread, oldest first. What `oldest` says leaves the message that the thread hangs on in. To read, the bot need
/// not be in a public channel.
pub(super) fn replies(kept: &Notes<Slack>, call: &Call) -> Result<Value, Reply> {
    let (channel, ts) = (channel(call)?, text(call, "ts"));
    if ts.is_empty() {
        return Err(because("invalid_arguments", "missing required field: ts"));
    }
    let messages = kept.of(&channel).filter(|message| is_in_thread(message, &ts));
    page(call, messages.filter(|message| message.id == ts || is_within(call, message)).collect())
}

/// A channel without its threads, newest first.
pub(super) fn history(kept: &Notes<Slack>, call: &Call) -> Result<Value, Reply> {
    let is_top = |message: &&Note| message.extra["thread_ts"].as_str().is_none_or(|ts| ts == message.id);
    let channel = channel(call)?;
    let messages = kept.of(&channel).rev().filter(is_top).filter(|message| is_within(call, message));
    page(call, messages.collect())
}

fn channel(call: &Call) -> Result<String, Reply> {
    Some(text(call, "channel"))
        .filter(|channel| !channel.is_empty())
        .ok_or_else(|| refusal("channel_not_found"))
}

/// A message as it is listed.
pub(super) fn describe(message: &Note, with_metadata: bool) -> Value {
    let user = if message.is_ours() { USER } else { &message.author };
    let mut shown =
        json!({"type": "message", "user": user, "text": message.text, "ts": message.id, "team": TEAM});
    if message.is_ours() {
        shown["bot_id"] = json!(BOT);
        shown["app_id"] = json!("A0STANDIN");
    }
    for name in ["thread_ts", "blocks", "metadata"] {
        let value = &message.extra[name];
        if !value.is_null() && (with_metadata || name != "metadata") {
            shown[name] = value.clone();
        }
    }
    if message.extra["edited"] == true {
        shown["edited"] = json!({"user": user, "ts": message.id});
    }
    shown
}

fn is_within(call: &Call, message: &Note) -> bool {
    let (oldest, latest) = (text(call, "oldest"), text(call, "latest"));
    let (at, inclusive) = (micros(&message.id), is_set(call, "inclusive"));
    let after = oldest.is_empty() || at > micros(&oldest) || (inclusive && at == micros(&oldest));
    let before = latest.is_empty() || at < micros(&latest) || (inclusive && at == micros(&latest));
    after && before
}

/// The page that the cursor names.
fn page(call: &Call, messages: Vec<&Note>) -> Result<Value, Reply> {
    let size = match text(call, "limit").as_str() {
        "" => PER_PAGE,
        limit => match limit.parse() {
            Ok(limit @ 1..=MAX_PER_PAGE) => limit,
            _ => return Err(refusal("invalid_limit")),
        },
    };
    let cursor = text(call, "cursor");
    let named = cursor.strip_prefix("next:").and_then(|start| start.parse().ok());
    let start = named.or(cursor.is_empty().then_some(0)).ok_or_else(|| refusal("invalid_cursor"))?;
    let with_metadata = is_set(call, "include_all_metadata");
    let shown = messages.iter().skip(start).take(size).map(|message| describe(message, with_metadata));
    let shown: Vec<Value> = shown.collect();
    let end = start.saturating_add(size);
    let has_more = end < messages.len();
    let cursor = if has_more { format!("next:{end}") } else { String::new() };
    Ok(json!({"messages": shown, "has_more": has_more, "response_metadata": {"next_cursor": cursor}}))
}

/// A time stamp in microseconds; 0 if it is none.
pub(super) fn micros(ts: &str) -> i64 {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let fraction = format!("{fraction:0<6}");
    let fraction: i64 = fraction.get(..6).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    seconds.parse::<i64>().unwrap_or(0).saturating_mul(1_000_000).saturating_add(fraction)
}

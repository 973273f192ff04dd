//! `chat.postMessage`, `chat.update` and `chat.postEphemeral`.

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use super::channels::describe;
use super::{Slack, because, refusal, text};
use crate::kit::{Call, Kept, Note, Notes, Reply};

/// The longest text Slack takes, in characters.
const MAX_TEXT: usize = 40_000;
const MAX_BLOCKS: usize = 50;
/// The longest metadata, in bytes of JSON.
const MAX_METADATA: usize = 16_000;

pub(super) fn post(kept: &mut Kept<Notes<Slack>>, call: &Call, now: Timestamp) -> Result<Value, Reply> {
    let (channel, thread) = (text(call, "channel"), text(call, "thread_ts"));
    check_channel(kept, &channel)?;
    if !thread.is_empty() && !thread.contains('.') {
        return Err(refusal("invalid_thread_ts"));
    }
    let thread = (!thread.is_empty()).then_some(thread);
    let extra = json!({"thread_ts": thread, "blocks": blocks(call)?, "metadata": metadata(call)?});
    let message = Note { extra, ..kept.ours(&channel, &text(call, "text"), now) };
    check_content(&message)?;
    kept.record(message.clone())?;
    Ok(json!({"channel": channel, "ts": message.id, "message": describe(&message, true)}))
}

/// Says something that one person sees, and nobody can find again: only the log of requests has it.
pub(super) fn whisper(kept: &Notes<Slack>, call: &Call, now: Timestamp) -> Result<Value, Reply> {
    let channel = text(call, "channel");
    check_channel(kept, &channel)?;
    let message = kept.ours(&channel, &text(call, "text"), now);
    check_content(&message)?;
    if !text(call, "user").starts_with(['U', 'W']) {
        return Err(refusal("user_not_in_channel"));
    }
    Ok(json!({"message_ts": message.id}))
}

/// Changes a message of the bot. What is not given stays, but for blocks: a text alone removes them.
pub(super) fn update(kept: &mut Kept<Notes<Slack>>, call: &Call) -> Result<Value, Reply> {
    let (channel, ts) = (text(call, "channel"), text(call, "ts"));
    check_channel(kept, &channel)?;
    let known = kept.of(&channel).find(|message| message.id == ts).cloned();
    let mut message = known.ok_or_else(|| refusal("message_not_found"))?;
    if !message.is_ours() {
        return Err(refusal("cant_update_message"));
    }
    if let metadata @ Value::Object(_) = metadata(call)? {
        message.extra["metadata"] = metadata;
    }
    message.text = text(call, "text");
    message.extra["blocks"] = blocks(call)?;
    message.extra["edited"] = Value::Bool(true);
    check_content(&message)?;
    kept.record(message.clone())?;
    Ok(json!({"channel": channel, "ts": ts, "text": message.text, "message": describe(&message, true)}))
}

fn check_channel(kept: &Notes<Slack>, channel: &str) -> Result<(), Reply> {
    let is_id = channel.len() > 1
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match kept.state(channel) {
        ThreadState::Open if is_id => Ok(()),
        ThreadState::Open => Err(refusal("channel_not_found")),
        ThreadState::Locked => Err(refusal("not_in_channel")),
        ThreadState::Closed => Err(refusal("is_archived")),
    }
}

fn check_content(message: &Note) -> Result<(), Reply> {
    if message.text.trim().is_empty() && message.extra["blocks"].is_null() {
        return Err(refusal("no_text"));
    }
    if message.text.chars().count() > MAX_TEXT {
        return Err(refusal("msg_too_long"));
    }
    Ok(())
}

/// An argument that is an object or a list: in a form it is JSON in a text.
fn nested(call: &Call, name: &str) -> Result<Value, serde_json::Error> {
    match call.body.get(name) {
        Some(Value::String(text)) => serde_json::from_str(text),
        value => Ok(value.cloned().unwrap_or_default()),
    }
}

fn blocks(call: &Call) -> Result<Value, Reply> {
    let blocks = match nested(call, "blocks") {
        Ok(Value::Null) => return Ok(Value::Null),
        Ok(Value::Array(blocks)) => blocks,
        Ok(_) | Err(_) => return Err(refusal("invalid_blocks_format")),
    };
    if blocks.len() > MAX_BLOCKS {
        return Err(because("invalid_blocks", &format!("no more than {MAX_BLOCKS} items allowed")));
    }
    if let Some(at) = blocks.iter().position(|block| !block["type"].is_string()) {
        let why = format!("missing required field: type [json-pointer:/blocks/{at}]");
        return Err(because("invalid_blocks", &why));
    }
    Ok(if blocks.is_empty() { Value::Null } else { Value::Array(blocks) })
}

fn metadata(call: &Call) -> Result<Value, Reply> {
    let metadata = nested(call, "metadata").map_err(|_| refusal("invalid_metadata_format"))?;
    let is_named = metadata["event_type"].as_str().is_some_and(|kind| !kind.is_empty());
    let is_sound = metadata.is_null() || (is_named && metadata["event_payload"].is_object());
    if !is_sound {
        return Err(refusal("invalid_metadata_format"));
    }
    if metadata.to_string().len() > MAX_METADATA {
        return Err(refusal("metadata_too_large"));
    }
    Ok(metadata)
}

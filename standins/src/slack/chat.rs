//! `chat.postMessage`, `chat.update` and `chat.postEphemeral`.

use serde_json::{Value, json};
use std::io;

use super::respond::Refusal;
use super::router::Call;
use super::shared::Shared;
use super::store::{ChannelState, Store, StoredMessage};
use super::{BOT, channels};
use crate::kit::lock;

/// The longest text Slack takes, in characters.
const MAX_TEXT: usize = 40_000;
/// The most blocks of a message.
const MAX_BLOCKS: usize = 50;
/// The longest metadata, in bytes of JSON.
const MAX_METADATA: usize = 16_000;

/// Posts a message of the bot.
pub(super) fn post(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let (channel, thread) = (call.text("channel"), call.text("thread_ts"));
    let now = shared.now();
    let mut store = lock(&shared.store);
    check_channel(&store, &channel)?;
    if !thread.is_empty() && !thread.contains('.') {
        return Err(Refusal::new("invalid_thread_ts"));
    }
    let thread = Some(thread.as_str()).filter(|ts| !ts.is_empty());
    let mut message = StoredMessage::ours(&channel, thread, &call.text("text"));
    message.blocks = blocks(call)?;
    message.metadata = metadata(call)?;
    check_content(&message)?;
    let message = store.post(message, now).map_err(|error| unwritten(&error))?;
    Ok(json!({"channel": channel, "ts": message.ts, "message": channels::describe(&message, true)}))
}

/// Says something that one person sees, and nobody can find again: only the log of requests has it.
pub(super) fn whisper(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let channel = call.text("channel");
    check_channel(&lock(&shared.store), &channel)?;
    check_content(&StoredMessage::ours(&channel, None, &call.text("text")))?;
    if !call.text("user").starts_with(['U', 'W']) {
        return Err(Refusal::new("user_not_in_channel"));
    }
    let now = shared.now();
    Ok(json!({"message_ts": format!("{}.{:06}", now.as_second(), now.as_microsecond() % 1_000_000)}))
}

/// Changes a message of the bot. What is not given stays, but for blocks: a text alone removes them.
pub(super) fn update(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let (channel, ts) = (call.text("channel"), call.text("ts"));
    let mut store = lock(&shared.store);
    check_channel(&store, &channel)?;
    let known = store.messages(&channel).find(|message| message.ts == ts).cloned();
    let known = known.ok_or_else(|| Refusal::new("message_not_found"))?;
    if known.bot_id.as_deref() != Some(BOT) {
        return Err(Refusal::new("cant_update_message"));
    }
    let (text, metadata) = (call.text("text"), metadata(call)?.or(known.metadata.clone()));
    let message = StoredMessage { text, blocks: blocks(call)?, metadata, edited: true, ..known };
    check_content(&message)?;
    store.update(message.clone()).map_err(|error| unwritten(&error))?;
    let shown = channels::describe(&message, true);
    Ok(json!({"channel": channel, "ts": ts, "text": message.text, "message": shown}))
}

fn check_channel(store: &Store, channel: &str) -> Result<(), Refusal> {
    let is_id = channel.len() > 1
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match store.state(channel) {
        ChannelState::Open if is_id => Ok(()),
        ChannelState::Open | ChannelState::Missing => Err(Refusal::new("channel_not_found")),
        ChannelState::NotIn => Err(Refusal::new("not_in_channel")),
        ChannelState::Archived => Err(Refusal::new("is_archived")),
    }
}

fn check_content(message: &StoredMessage) -> Result<(), Refusal> {
    if message.text.trim().is_empty() && message.blocks.is_none() {
        return Err(Refusal::new("no_text"));
    }
    if message.text.chars().count() > MAX_TEXT {
        return Err(Refusal::new("msg_too_long"));
    }
    Ok(())
}

fn blocks(call: &Call) -> Result<Option<Value>, Refusal> {
    let blocks = call.json("blocks").map_err(|_| Refusal::new("invalid_blocks_format"))?;
    let Some(blocks) = blocks else { return Ok(None) };
    let list = blocks.as_array().ok_or_else(|| Refusal::new("invalid_blocks_format"))?;
    if list.len() > MAX_BLOCKS {
        return Err(Refusal::because("invalid_blocks", format!("no more than {MAX_BLOCKS} items allowed")));
    }
    if let Some(at) = list.iter().position(|block| !block["type"].is_string()) {
        return Err(Refusal::because(
            "invalid_blocks",
            format!("missing required field: type [json-pointer:/blocks/{at}]"),
        ));
    }
    Ok(Some(blocks).filter(|blocks| blocks.as_array().is_some_and(|list| !list.is_empty())))
}

fn metadata(call: &Call) -> Result<Option<Value>, Refusal> {
    let invalid = || Refusal::new("invalid_metadata_format");
    let Some(metadata) = call.json("metadata").map_err(|_| invalid())? else { return Ok(None) };
    let sound = metadata["event_type"].as_str().is_some_and(|kind| !kind.is_empty())
        && metadata["event_payload"].is_object();
    if !sound {
        return Err(invalid());
    }
    if metadata.to_string().len() > MAX_METADATA {
        return Err(Refusal::new("metadata_too_large"));
    }
    Ok(Some(metadata))
}

/// The journal failed: nothing was done.
fn unwritten(error: &io::Error) -> Refusal {
    tracing::error!(%error, "the stand-in's journal");
    Refusal::of_status(500)
}

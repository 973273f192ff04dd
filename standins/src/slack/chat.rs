//! `chat.postMessage`, `chat.update` and `chat.postEphemeral`.

use domain::Timestamp;
use serde_json::{Value, json};

use super::state::{because, nested, refusal, text};
use super::store::{Change, ChannelState, StoredMessage, Workspace};
use super::{BOT, channels};
use crate::kit::{Call, Kept, Reply};

/// The longest text Slack takes, in characters.
const MAX_TEXT: usize = 40_000;
/// The most blocks of a message.
const MAX_BLOCKS: usize = 50;
/// The longest metadata, in bytes of JSON.
const MAX_METADATA: usize = 16_000;

/// Posts a message of the bot.
pub(super) fn post(kept: &mut Kept<Workspace>, call: &Call, now: Timestamp) -> Result<Value, Reply> {
    let (channel, thread) = (text(call, "channel"), text(call, "thread_ts"));
    check_channel(kept, &channel)?;
    if !thread.is_empty() && !thread.contains('.') {
        return Err(refusal("invalid_thread_ts"));
    }
    let thread = Some(thread.as_str()).filter(|ts| !ts.is_empty());
    let mut message = StoredMessage::ours(&channel, thread, &text(call, "text"));
    message.blocks = blocks(call)?;
    message.metadata = metadata(call)?;
    check_content(&message)?;
    let message = kept.posted(message, now);
    kept.record(Change::Posted(message.clone()))?;
    Ok(json!({"channel": channel, "ts": message.ts, "message": channels::describe(&message, true)}))
}

/// Says something that one person sees, and nobody can find again: only the log of requests has it.
pub(super) fn whisper(workspace: &Workspace, call: &Call, now: Timestamp) -> Result<Value, Reply> {
    let channel = text(call, "channel");
    check_channel(workspace, &channel)?;
    check_content(&StoredMessage::ours(&channel, None, &text(call, "text")))?;
    if !text(call, "user").starts_with(['U', 'W']) {
        return Err(refusal("user_not_in_channel"));
    }
    Ok(json!({"message_ts": format!("{}.{:06}", now.as_second(), now.as_microsecond() % 1_000_000)}))
}

/// Changes a message of the bot. What is not given stays, but for blocks: a text alone removes them.
pub(super) fn update(kept: &mut Kept<Workspace>, call: &Call) -> Result<Value, Reply> {
    let (channel, ts) = (text(call, "channel"), text(call, "ts"));
    check_channel(kept, &channel)?;
    let known = kept.of(&channel).find(|message| message.ts == ts).cloned();
    let known = known.ok_or_else(|| refusal("message_not_found"))?;
    if known.bot_id.as_deref() != Some(BOT) {
        return Err(refusal("cant_update_message"));
    }
    let metadata = metadata(call)?.or(known.metadata.clone());
    let (text, blocks) = (text(call, "text"), blocks(call)?);
    let message = StoredMessage { text, blocks, metadata, edited: true, ..known };
    check_content(&message)?;
    kept.record(Change::Updated(message.clone()))?;
    let shown = channels::describe(&message, true);
    Ok(json!({"channel": channel, "ts": ts, "text": message.text, "message": shown}))
}

fn check_channel(workspace: &Workspace, channel: &str) -> Result<(), Reply> {
    let is_id = channel.len() > 1
        && channel.starts_with(['C', 'G', 'D'])
        && channel.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    match workspace.state(channel) {
        ChannelState::Open if is_id => Ok(()),
        ChannelState::Open | ChannelState::Missing => Err(refusal("channel_not_found")),
        ChannelState::NotIn => Err(refusal("not_in_channel")),
        ChannelState::Archived => Err(refusal("is_archived")),
    }
}

fn check_content(message: &StoredMessage) -> Result<(), Reply> {
    if message.text.trim().is_empty() && message.blocks.is_none() {
        return Err(refusal("no_text"));
    }
    if message.text.chars().count() > MAX_TEXT {
        return Err(refusal("msg_too_long"));
    }
    Ok(())
}

fn blocks(call: &Call) -> Result<Option<Value>, Reply> {
    let blocks = nested(call, "blocks").map_err(|_| refusal("invalid_blocks_format"))?;
    let Some(blocks) = blocks else { return Ok(None) };
    let list = blocks.as_array().ok_or_else(|| refusal("invalid_blocks_format"))?;
    if list.len() > MAX_BLOCKS {
        return Err(because("invalid_blocks", &format!("no more than {MAX_BLOCKS} items allowed")));
    }
    if let Some(at) = list.iter().position(|block| !block["type"].is_string()) {
        return Err(because(
            "invalid_blocks",
            &format!("missing required field: type [json-pointer:/blocks/{at}]"),
        ));
    }
    Ok(Some(blocks).filter(|blocks| blocks.as_array().is_some_and(|list| !list.is_empty())))
}

fn metadata(call: &Call) -> Result<Option<Value>, Reply> {
    let invalid = || refusal("invalid_metadata_format");
    let Some(metadata) = nested(call, "metadata").map_err(|_| invalid())? else { return Ok(None) };
    let sound = metadata["event_type"].as_str().is_some_and(|kind| !kind.is_empty())
        && metadata["event_payload"].is_object();
    if !sound {
        return Err(invalid());
    }
    if metadata.to_string().len() > MAX_METADATA {
        return Err(refusal("metadata_too_large"));
    }
    Ok(Some(metadata))
}

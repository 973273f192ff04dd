//! [`Workspace`]: messages by channel.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{BOT, USER};

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredMessage {
    /// The channel that it is in.
    pub channel: String,
    /// Its id within the channel: seconds and microseconds.
    pub ts: String,
    /// The message whose thread it is in.
    pub thread_ts: Option<String>,
    /// Who wrote it.
    pub user: String,
    /// The bot that wrote it, if one did.
    pub bot_id: Option<String>,
    /// What it says, in mrkdwn.
    pub text: String,
    /// What it shows instead.
    pub blocks: Option<Value>,
    /// What apps see of it besides.
    pub metadata: Option<Value>,
    /// Whether it was changed.
    pub edited: bool,
}

impl StoredMessage {
    /// A message of a person, not posted yet.
    pub(super) fn new(channel: &str, thread_ts: Option<&str>, user: &str, text: &str) -> Self {
        Self {
            channel: channel.to_owned(),
            ts: String::new(),
            thread_ts: thread_ts.map(str::to_owned),
            user: user.to_owned(),
            bot_id: None,
            text: text.to_owned(),
            blocks: None,
            metadata: None,
            edited: false,
        }
    }

    /// A message of our bot, not posted yet.
    pub(super) fn ours(channel: &str, thread_ts: Option<&str>, text: &str) -> Self {
        Self { bot_id: Some(BOT.to_owned()), ..Self::new(channel, thread_ts, USER, text) }
    }

    /// Whether it hangs on the message `thread_ts`, or is it.
    pub(super) fn is_in_thread(&self, thread_ts: &str) -> bool {
        self.ts == thread_ts || self.thread_ts.as_deref() == Some(thread_ts)
    }
}

/// What a channel lets the bot do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChannelState {
    /// Everything.
    #[default]
    Open,
    /// The bot is not in it.
    NotIn,
    /// It was archived.
    Archived,
    /// It does not exist, or is private without the bot.
    Missing,
}

/// A change, as the journal holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// A message was posted.
    Posted(StoredMessage),
    /// A message was changed: this is what it is now.
    Updated(StoredMessage),
}

/// All channels that anything happened to.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    pub(super) messages: BTreeMap<String, Vec<StoredMessage>>,
    pub(super) states: BTreeMap<String, ChannelState>,
    /// The last time stamp given out, in microseconds.
    pub(super) last: i64,
}

impl Workspace {
    /// The messages of a channel, oldest first.
    pub(super) fn of(&self, channel: &str) -> impl DoubleEndedIterator<Item = &StoredMessage> {
        self.messages.get(channel).into_iter().flatten()
    }

    pub(super) fn state(&self, channel: &str) -> ChannelState {
        self.states.get(channel).copied().unwrap_or_default()
    }

    /// A message under a time stamp of its own.
    pub(super) fn posted(&self, message: StoredMessage, now: Timestamp) -> StoredMessage {
        let micros = now.as_microsecond().max(self.last + 1);
        StoredMessage { ts: format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000), ..message }
    }
}

/// A time stamp in microseconds; 0 if it is none.
pub(super) fn micros(ts: &str) -> i64 {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let fraction = format!("{fraction:0<6}");
    let fraction: i64 = fraction.get(..6).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    seconds.parse::<i64>().unwrap_or(0).saturating_mul(1_000_000).saturating_add(fraction)
}

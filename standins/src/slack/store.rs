//! [`Store`]: messages by channel, in memory and, if there is one, in the journal.

use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{BOT, USER};
use crate::kit::journal::Journal;

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
enum Change {
    /// A message was posted.
    Posted(StoredMessage),
    /// A message was changed: this is what it is now.
    Updated(StoredMessage),
}

/// All channels that anything happened to.
#[derive(Debug, Default)]
pub(super) struct Store {
    messages: BTreeMap<String, Vec<StoredMessage>>,
    states: BTreeMap<String, ChannelState>,
    /// The last time stamp given out, in microseconds.
    last: i64,
    journal: Option<Journal<Change>>,
}

impl Store {
    /// The store of a journal.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (journal, changes) = Journal::open(path)?;
        let mut store = Self::default();
        changes.into_iter().for_each(|change| store.apply(change));
        store.journal = Some(journal);
        Ok(store)
    }

    /// All channels with messages.
    pub(super) fn channels(&self) -> impl Iterator<Item = &str> {
        self.messages.keys().map(String::as_str)
    }

    /// The messages of a channel, oldest first.
    pub(super) fn messages(&self, channel: &str) -> impl DoubleEndedIterator<Item = &StoredMessage> {
        self.messages.get(channel).into_iter().flatten()
    }

    pub(super) fn state(&self, channel: &str) -> ChannelState {
        self.states.get(channel).copied().unwrap_or_default()
    }

    pub(super) fn set_state(&mut self, channel: &str, state: ChannelState) {
        self.states.insert(channel.to_owned(), state);
    }

    /// Adds a message under a time stamp of its own.
    pub(super) fn post(&mut self, mut message: StoredMessage, now: Timestamp) -> io::Result<StoredMessage> {
        let micros = now.as_microsecond().max(self.last + 1);
        message.ts = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
        self.change(Change::Posted(message.clone()))?;
        Ok(message)
    }

    /// Replaces a message.
    pub(super) fn update(&mut self, message: StoredMessage) -> io::Result<()> {
        self.change(Change::Updated(message))
    }

    /// The journal first: what memory shows is always in the file.
    fn change(&mut self, change: Change) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(&change)?;
        }
        self.apply(change);
        Ok(())
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Posted(message) => {
                self.last = self.last.max(micros(&message.ts));
                self.messages.entry(message.channel.clone()).or_default().push(message);
            }
            Change::Updated(message) => {
                let of_channel = self.messages.entry(message.channel.clone()).or_default();
                if let Some(known) = of_channel.iter_mut().find(|known| known.ts == message.ts) {
                    *known = message;
                }
            }
        }
    }
}

/// A time stamp in microseconds; 0 if it is none.
pub(super) fn micros(ts: &str) -> i64 {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let fraction = format!("{fraction:0<6}");
    let fraction: i64 = fraction.get(..6).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    seconds.parse::<i64>().unwrap_or(0).saturating_mul(1_000_000).saturating_add(fraction)
}

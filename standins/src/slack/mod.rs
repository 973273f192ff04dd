//! The stand-in for Slack: channels, threads and messages of one workspace, with Slack's errors, and a
//! plain page for every channel so that the address of a message can be opened in a browser.
//!
//! Every channel exists, and the bot is in it, until a test says otherwise; every thread can be replied
//! to, since the message that it hangs on may have come by a sample event. With a journal the messages
//! survive the process, also a `kill -9`: that is what "no message twice" is checked against.

mod channels;
mod chat;
mod config;
mod faults;
mod page;
mod respond;
mod router;
mod shared;
mod store;

#[cfg(test)]
mod tests;

pub use crate::kit::faults::Scope;
pub use crate::kit::log::ReceivedRequest;
pub use config::Builder;
pub use faults::{Fault, FaultRule};
pub use store::{ChannelState, StoredMessage};

use std::io;

use crate::kit::handle::Standin;
use crate::kit::lock;
use shared::Shared;

/// The workspace.
pub const TEAM: &str = "T0STANDIN";
/// The user of every bot token.
pub const USER: &str = "U0AFTERHOOK";
/// The bot of every bot token.
pub const BOT: &str = "B0AFTERHOOK";

/// The stand-in for Slack: a cheap handle, all clones of which share one state.
///
/// ```
/// use standins::slack::SlackStandin;
///
/// let slack = SlackStandin::new();
/// let ts = slack.seed_message("C0HELP", None, "U0MONA", "It crashes.")?;
/// assert_eq!(slack.thread("C0HELP", &ts)[0].user, "U0MONA");
/// # Ok::<(), std::io::Error>(())
/// ```
pub type SlackStandin = Standin<Shared>;

impl SlackStandin {
    /// The settings to choose from.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Adds a message of another person, now; in a thread if `thread_ts` names one. Returns its time
    /// stamp; the error is the journal's.
    pub fn seed_message(
        &self,
        channel: &str,
        thread_ts: Option<&str>,
        user: &str,
        text: &str,
    ) -> io::Result<String> {
        let message = StoredMessage::new(channel, thread_ts, user, text);
        let now = self.now();
        lock(&self.0.store).post(message, now).map(|message| message.ts)
    }

    /// Opens, archives or hides a channel, or takes the bot out of it. Lasts as long as the process.
    pub fn set_channel_state(&self, channel: &str, state: ChannelState) {
        lock(&self.0.store).set_state(channel, state);
    }

    /// The messages of a thread, oldest first, the one it hangs on among them.
    #[must_use]
    pub fn thread(&self, channel: &str, thread_ts: &str) -> Vec<StoredMessage> {
        lock(&self.0.store).messages(channel).filter(|m| m.is_in_thread(thread_ts)).cloned().collect()
    }

    /// All messages of a channel, those of threads included, oldest first.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<StoredMessage> {
        lock(&self.0.store).messages(channel).cloned().collect()
    }

    /// How many messages our bot has written, in all channels together.
    #[must_use]
    pub fn our_message_count(&self) -> usize {
        let store = lock(&self.0.store);
        store.channels().flat_map(|channel| store.messages(channel)).filter(|m| m.bot_id.is_some()).count()
    }
}

//! The stand-in for Slack: channels, threads and messages of one workspace, with Slack's errors, and a
//! plain page for every channel so that the address of a message can be opened in a browser.
//!
//! Every channel exists, and the bot is in it, until a test says otherwise; every thread can be replied
//! to, since the message that it hangs on may have come by a sample event. With a journal the messages
//! survive the process, also a `kill -9`: that is what "no message twice" is checked against.

mod channels;
mod chat;
mod page;
mod state;
mod store;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, ReceivedRequest, Scope};
pub use store::{ChannelState, StoredMessage};

use std::io;

use crate::kit::Standin;
use store::{Change, Workspace};

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
pub type SlackStandin = Standin<Workspace>;

impl SlackStandin {
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
        self.with(|kept| {
            let message = kept.posted(message, now);
            kept.change(Change::Posted(message.clone())).map(|()| message.ts)
        })
    }

    /// Opens, archives or hides a channel, or takes the bot out of it. Lasts as long as the process.
    pub fn set_channel_state(&self, channel: &str, state: ChannelState) {
        self.with(|kept| kept.states.insert(channel.to_owned(), state));
    }

    /// The messages of a thread, oldest first, the one it hangs on among them.
    #[must_use]
    pub fn thread(&self, channel: &str, thread_ts: &str) -> Vec<StoredMessage> {
        self.with(|kept| kept.of(channel).filter(|m| m.is_in_thread(thread_ts)).cloned().collect())
    }

    /// All messages of a channel, those of threads included, oldest first.
    #[must_use]
    pub fn messages(&self, channel: &str) -> Vec<StoredMessage> {
        self.with(|kept| kept.of(channel).cloned().collect())
    }

    /// How many messages our bot has written, in all channels together.
    #[must_use]
    pub fn our_message_count(&self) -> usize {
        self.with(|kept| kept.messages.values().flatten().filter(|m| m.bot_id.is_some()).count())
    }
}

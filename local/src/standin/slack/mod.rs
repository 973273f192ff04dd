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

pub use crate::standin::log::ReceivedRequest;
pub use config::Builder;
pub use faults::{Fault, FaultRule, Scope};
pub use store::{ChannelState, StoredMessage};

use axum::Router;
use std::io;
use std::sync::Arc;
use tokio::net::TcpListener;

use crate::standin::lock;
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
/// use afterhook::standin::slack::SlackStandin;
///
/// let slack = SlackStandin::new();
/// let ts = slack.seed_message("C0HELP", None, "U0MONA", "It crashes.")?;
/// assert_eq!(slack.thread("C0HELP", &ts)[0].user, "U0MONA");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SlackStandin(Arc<Shared>);

impl SlackStandin {
    /// A stand-in that keeps everything in memory and answers at once, without faults.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared::in_memory(Self::builder())))
    }

    /// The settings to choose from.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn from_builder(builder: Builder) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared::open(builder)?)))
    }

    /// All routes, for `axum::serve` or `tower::ServiceExt::oneshot`. The API is below `/api`.
    pub fn router(&self) -> Router {
        Router::new().fallback(router::handle).with_state(Arc::clone(&self.0))
    }

    /// Serves until the future is dropped. The error is the listener's.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).await
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
        let now = self.0.now();
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

    /// The last requests, oldest first ([`Builder::keep_requests`]).
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.log.requests()
    }

    /// The requests answered from number `from` on, and the number to go on with.
    pub(crate) fn requests_since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        self.0.log.since(from)
    }

    /// Replaces the faults that apply without being asked for; an empty list ends an outage.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.0.set_rules(rules);
    }
}

impl Default for SlackStandin {
    fn default() -> Self {
        Self::new()
    }
}

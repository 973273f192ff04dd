//! The stand-in for Slack: channels, threads and messages of one workspace, with Slack's errors, and a plain page for
//! every channel. Nearly every answer is a 200 that says whether it is `ok`.
//!
//! Every channel exists, and the bot is in it, until a test says otherwise: it is no member of a locked one, and a
//! closed one was archived. Every thread can be replied to.

mod channels;
mod chat;

#[cfg(test)]
mod tests;

pub use crate::kit::{Fault, FaultRule, Note, ReceivedRequest, Scope};

use std::io;

use domain::Timestamp;
use serde_json::{Value, json};

use crate::kit::{Call, Handler, Kept, Notes, Reply, Standin, Voice, Words};
use channels::micros;

/// The workspace.
pub const TEAM: &str = "T0STANDIN";
/// The user of every bot token.
pub const USER: &str = "U0AFTERHOOK";
/// The bot of every bot token.
pub const BOT: &str = "B0AFTERHOOK";

/// The stand-in for Slack. A message is a note of its channel, and its id is the time stamp; what it has besides is
/// `thread_ts`, `blocks`, `metadata` and whether it was `edited`.
pub type SlackStandin = Standin<Notes<Slack>>;

/// Slack's words.
#[derive(Debug)]
pub struct Slack;

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
        let now = self.now();
        self.with(|kept| {
            let extra = json!({"thread_ts": thread_ts});
            let message = Note { author: user.to_owned(), extra, ..kept.ours(channel, text, now) };
            kept.change(message.clone()).map(|()| message.id)
        })
    }

    /// The messages of a thread, oldest first, the one it hangs on among them.
    #[must_use]
    pub fn thread(&self, channel: &str, thread_ts: &str) -> Vec<Note> {
        self.notes(channel).into_iter().filter(|message| is_in_thread(message, thread_ts)).collect()
    }

    /// How many messages our bot has written, in all channels together.
    #[must_use]
    pub fn our_message_count(&self) -> usize {
        self.with(|kept| kept.all().filter(|message| message.is_ours()).count())
    }
}

/// Whether a message hangs on the message `thread_ts`, or is it.
fn is_in_thread(message: &Note, thread_ts: &str) -> bool {
    message.id == thread_ts || message.extra["thread_ts"] == thread_ts
}

impl Voice for Slack {
    /// An error below 500 is one of the arguments, and a 200 like any other refusal.
    fn error(status: u16, message: &str) -> Reply {
        if status < 500 { because("invalid_arguments", message) } else { Self::of_status(status) }
    }

    fn of_status(status: u16) -> Reply {
        let code = if status >= 500 { "service_unavailable" } else { "invalid_request" };
        refusal(code).under(status)
    }

    fn unreadable(_problem: &str) -> Reply {
        refusal("invalid_json")
    }

    fn refusal(code: &str) -> Reply {
        refusal(code)
    }

    fn rate_limited() -> Reply {
        refusal("ratelimited").under(429).with("retry-after", "30")
    }
}

impl Words for Slack {
    const TITLE: &'static str = "Slack";
    const PREFIX: &'static str = "/api";
    const PAGE: &'static str = "/archives/";
    const API: &'static [&'static str] = &["/auth.", "/chat.", "/conversations."];
    const HANDLER: Handler<Self> = answer;

    /// The address of a message leads to its channel.
    fn thread_at(path: &str, _: &Notes<Self>) -> Option<String> {
        path.strip_prefix(Self::PAGE)?.split('/').next().map(str::to_owned)
    }

    fn writes(call: &Call) -> bool {
        method(call).starts_with("chat.")
    }

    /// A time stamp of its own.
    fn id(notes: &Notes<Self>, now: Timestamp) -> String {
        let last = notes.all().map(|message| micros(&message.id)).max().unwrap_or(0);
        let micros = now.as_microsecond().max(last + 1);
        format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

fn answer(kept: &mut Kept<Notes<Slack>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    if !call.body.is_object() && !call.body.is_null() {
        return Err(refusal("json_not_object"));
    }
    let token = call.header("authorization").strip_prefix("Bearer ").map(str::to_owned);
    match token.unwrap_or_else(|| text(call, "token")).trim() {
        "" => return Err(refusal("not_authed")),
        "INVALID" => return Err(refusal("invalid_auth")),
        _ => {}
    }
    let mut fields = match method(call) {
        "auth.test" => json!({
            "url": format!("{}/", call.origin), "team": "Stand-in", "user": "afterhook", "team_id": TEAM,
            "user_id": USER, "bot_id": BOT, "is_enterprise_install": false,
        }),
        "chat.postMessage" => chat::post(kept, call, now)?,
        "chat.update" => chat::update(kept, call)?,
        "chat.postEphemeral" => chat::whisper(kept, call, now)?,
        "conversations.replies" => channels::replies(kept, call)?,
        "conversations.history" => channels::history(kept, call)?,
        _ => return Err(refusal("unknown_method")),
    };
    fields["ok"] = Value::Bool(true);
    Ok(Reply::ok(fields))
}

/// Slack's method: `chat.postMessage`.
fn method(call: &Call) -> &str {
    call.path.trim_start_matches('/')
}

/// 200 with `ok: false` and this code.
fn refusal(code: &str) -> Reply {
    Reply::ok(json!({"ok": false, "error": code}))
}

/// The same with what is wrong.
fn because(code: &str, message: &str) -> Reply {
    let messages = [format!("[ERROR] {message}")];
    Reply::ok(json!({"ok": false, "error": code, "response_metadata": {"messages": messages}}))
}

/// An argument as text, or nothing: of the body if it is there, else of the query.
fn text(call: &Call, name: &str) -> String {
    match call.body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
        None => call.query(name).unwrap_or_default().to_owned(),
    }
}

fn is_set(call: &Call, name: &str) -> bool {
    matches!(text(call, name).as_str(), "true" | "1")
}

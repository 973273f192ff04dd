//! The stand-in for Sentry: issues with their comments, and a plain page for every issue.

#[cfg(test)]
mod tests;

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{
    ACCOUNT, Call, Handler, Note, Notes, Reply, Resource, Rest, Route, Standin, Voice, Words, rest,
};

/// The stand-in for Sentry. Its threads are the numbers of issues, whatever their organisation.
pub type SentryStandin = Standin<Notes<Sentry>>;

/// Sentry's words.
#[derive(Debug)]
pub struct Sentry;

impl Voice for Sentry {
    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"detail": message}))
    }
}

impl Words for Sentry {
    const TITLE: &'static str = "Sentry";
    const PAGE: &'static str = "/issues/";
    const API: &'static [&'static str] = &["/api/0/"];
    const HANDLER: Handler<Self> = rest;

    fn thread_at(path: &str, _: &Notes<Self>) -> Option<String> {
        path.split_once(Self::PAGE).map(|(_, thread)| thread.to_owned())
    }
}

impl Rest for Sentry {
    const SCHEMES: &'static [&'static str] = &["Bearer"];
    const ROUTES: &'static [Route] = &[
        ("GET", "/api/0", Resource::Me),
        ("GET", "/api/0/organizations/-/issues/*", Resource::Thread),
        ("GET", "/api/0/organizations/-/issues/*/comments", Resource::List),
        ("POST", "/api/0/organizations/-/issues/*/comments", Resource::New),
    ];
    const UNAUTHORIZED: &'static str = "Invalid token";
    const NOT_FOUND: &'static str = "The requested resource does not exist";

    fn me(_: &Call) -> Value {
        json!({"version": "0", "user": json!({"id": ACCOUNT, "name": ACCOUNT})})
    }

    fn thread(notes: &Notes<Self>, name: &str) -> Value {
        let status = if notes.state(name) == ThreadState::Open { "unresolved" } else { "resolved" };
        json!({"id": name, "status": status})
    }

    fn shown(_: &Call, note: &Note) -> Value {
        json!({
            "id": note.id, "type": "note", "user": note.account(), "data": {"text": note.text},
            "dateCreated": note.time(),
        })
    }

    fn list(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        Reply::ok(notes.of(thread).rev().map(|note| Self::shown(call, note)).collect())
    }

    /// Sentry takes no text twice within an hour.
    fn note(notes: &Notes<Self>, call: &Call, thread: &str, now: Timestamp) -> Result<Note, Reply> {
        const HOUR: i64 = 3_600_000;
        let text = call.field("text").unwrap_or_default();
        if text.trim().is_empty() {
            return Err(Reply::new(400, json!({"text": ["This field may not be blank."]})));
        }
        let recent = |note: &&Note| now.as_millisecond() - note.at < HOUR;
        if notes.of(thread).filter(recent).any(|note| note.is_ours() && note.text == text) {
            return Err(Self::error(400, "You have already posted that comment."));
        }
        Ok(notes.ours(thread, text, now))
    }
}

//! The stand-in for Sentry: issues with their comments, and a plain page for every issue.

#[cfg(test)]
mod tests;

pub use crate::kit::{ACCOUNT, Fault, FaultRule, Note, ReceivedRequest, Scope};

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Call, Kept, Notes, Reply, Standin, Words};

/// The stand-in for Sentry: a cheap handle, all clones of which share one state. Its threads are the numbers of
/// issues, whatever their organisation.
pub type SentryStandin = Standin<Notes<Sentry>>;

/// Sentry's words.
#[derive(Debug)]
pub struct Sentry;

impl Words for Sentry {
    const TITLE: &'static str = "Sentry";
    const PAGE: &'static str = "/issues/";

    fn thread_at(path: &str, _: &Notes<Self>) -> Option<String> {
        path.split_once(Self::PAGE).map(|(_, thread)| thread.to_owned())
    }

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/api/0/")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"detail": message}))
    }

    fn answer(kept: &mut Kept<Notes<Self>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.is_authorised(&["Bearer"]) {
            return Err(Self::error(401, "Invalid token"));
        }
        let segments = call.segments();
        match (call.method.as_str(), segments.strip_prefix(&["api", "0"]).unwrap_or_default()) {
            ("GET", []) => Ok(Reply::ok(json!({"version": "0", "user": account(ACCOUNT)}))),
            ("GET", ["organizations", _, "issues", id]) => {
                let status = if kept.state(id) == ThreadState::Open { "unresolved" } else { "resolved" };
                Ok(Reply::ok(json!({"id": id, "status": status})))
            }
            ("GET", ["organizations", _, "issues", id, "comments"]) => {
                Ok(Reply::ok(kept.of(id).rev().map(shown).collect()))
            }
            ("POST", ["organizations", _, "issues", id, "comments"]) => create(kept, id, call, now),
            _ => Err(Self::error(404, "The requested resource does not exist")),
        }
    }
}

/// Sentry takes no text twice within an hour.
fn create(kept: &mut Kept<Notes<Sentry>>, id: &str, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    const HOUR: i64 = 3_600_000;
    let text = call.field("text").unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Reply::new(400, json!({"text": ["This field may not be blank."]})));
    }
    let recent = |note: &&Note| now.as_millisecond() - note.at < HOUR;
    if kept.of(id).filter(recent).any(|note| note.is_ours() && note.text == text) {
        return Err(Sentry::error(400, "You have already posted that comment."));
    }
    let note = kept.ours(id, text, now);
    let made = shown(&note);
    kept.record(note)?;
    Ok(Reply::new(201, made))
}

fn shown(note: &Note) -> Value {
    json!({
        "id": note.id, "type": "note", "user": account(&note.author), "data": {"text": note.text},
        "dateCreated": note.time(),
    })
}

fn account(id: &str) -> Value {
    json!({"id": id, "name": id})
}

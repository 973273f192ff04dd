//! The stand-in for GitLab: notes on the issues and merge requests of all projects, and a plain page for each.

#[cfg(test)]
mod tests;

pub use crate::kit::{ACCOUNT, Fault, FaultRule, Note, ReceivedRequest, Scope};

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Call, Kept, Notes, Reply, Standin, Words};

/// The stand-in for GitLab: a cheap handle, all clones of which share one state. Its threads are called like
/// `7/issues/23`, by the number of the project.
pub type GitlabStandin = Standin<Notes<Gitlab>>;

/// The longest note, in characters.
const MAX_NOTE: usize = 1_000_000;

/// GitLab's words.
#[derive(Debug)]
pub struct Gitlab;

impl Words for Gitlab {
    const TITLE: &'static str = "GitLab";
    const PAGE: &'static str = "/";

    /// Pages have the project's name, which notes do not tell.
    fn thread_at(path: &str, notes: &Notes<Self>) -> Option<String> {
        match path.split_once("/-/") {
            Some((_, end)) => notes.ending(&format!("/{end}")),
            None => path.strip_prefix(Self::PAGE).map(str::to_owned),
        }
    }

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/api/")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"message": message}))
    }

    fn answer(kept: &mut Kept<Notes<Self>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.is_authorised(&["Bearer"]) {
            return Err(Self::error(401, "401 Unauthorized"));
        }
        let segments = call.segments();
        match (call.method.as_str(), segments.strip_prefix(&["api", "v4"]).unwrap_or_default()) {
            ("GET", ["user"]) => Ok(Reply::ok(account(ACCOUNT))),
            ("GET", ["projects", thread @ ..]) if thread.len() == 3 => Ok(Reply::ok(noteable(kept, thread))),
            ("GET", ["projects", thread @ .., "notes"]) => Ok(list(kept, &thread.join("/"), call)),
            ("GET", ["projects", .., "notes", id]) => {
                let note = kept.with_id(id).ok_or_else(|| Self::error(404, "404 Note Not Found"))?;
                Ok(Reply::ok(shown(note)))
            }
            ("GET", ["projects", thread @ .., "discussions", id]) => {
                let thread = thread.join("/");
                let within = |note: &&Note| note.discussion.as_deref() == Some(*id);
                let notes: Vec<Value> = kept.of(&thread).filter(within).map(shown).collect();
                Ok(Reply::ok(json!({"id": id, "individual_note": false, "notes": notes})))
            }
            ("POST", ["projects", thread @ .., "discussions", id, "notes"]) => {
                create(kept, &thread.join("/"), Some(*id), call, now)
            }
            ("POST", ["projects", thread @ .., "notes"]) => create(kept, &thread.join("/"), None, call, now),
            _ => Err(Self::error(404, "404 Not Found")),
        }
    }
}

/// An issue is confidential if its number is 13, for tests that need one.
fn noteable(kept: &Notes<Gitlab>, thread: &[&str]) -> Value {
    let state = kept.state(&thread.join("/"));
    json!({
        "iid": thread[2].parse::<u64>().unwrap_or(0), "confidential": thread[1..] == ["issues", "13"],
        "state": if state == ThreadState::Open { "opened" } else { "closed" }, "labels": [],
        "discussion_locked": (state == ThreadState::Locked).then_some(true),
    })
}

/// A page, newest first as our client asks.
fn list(kept: &Notes<Gitlab>, thread: &str, call: &Call) -> Reply {
    let (size, page) = (call.number("per_page", 20, 100).max(1), call.number("page", 1, usize::MAX).max(1));
    let rows: Vec<Value> = kept.of(thread).rev().skip(size * (page - 1)).take(size).map(shown).collect();
    let more = kept.of(thread).count() > size * page;
    Reply::ok(rows.into()).with("x-next-page", if more { (page + 1).to_string() } else { String::new() })
}

/// A note in a discussion is seen by those who see its first one, whatever is asked for.
fn create(
    kept: &mut Kept<Notes<Gitlab>>,
    thread: &str,
    discussion: Option<&str>,
    call: &Call,
    now: Timestamp,
) -> Result<Reply, Reply> {
    let body = call.field("body").unwrap_or_default();
    if body.trim().is_empty() {
        return Err(Reply::new(400, json!({"message": {"note": ["can't be blank"]}})));
    }
    if body.chars().count() > MAX_NOTE {
        let why = "is too long (maximum is 1000000 characters)";
        return Err(Reply::new(400, json!({"message": {"note": [why]}})));
    }
    if kept.state(thread) == ThreadState::Locked {
        return Err(Gitlab::error(403, "403 Forbidden"));
    }
    let internal = match discussion {
        Some(id) => kept.of(thread).any(|note| note.internal && note.discussion.as_deref() == Some(id)),
        None => call.body["internal"].as_bool().unwrap_or(false),
    };
    let discussion = discussion.map(str::to_owned);
    let note = Note { internal, discussion, ..kept.ours(thread, body, now) };
    let made = shown(&note);
    kept.record(note)?;
    Ok(Reply::new(201, made))
}

fn shown(note: &Note) -> Value {
    json!({
        "id": note.id.parse::<u64>().unwrap_or(0), "body": note.text, "author": account(&note.author),
        "created_at": note.time(), "system": false, "internal": note.internal,
        "confidential": note.internal,
    })
}

fn account(name: &str) -> Value {
    json!({"id": 1, "username": name, "name": name, "state": "active"})
}

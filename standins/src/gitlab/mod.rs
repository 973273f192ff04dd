//! The stand-in for GitLab: notes on the issues and merge requests of all projects, and a plain page for each.

#[cfg(test)]
mod tests;

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{
    ACCOUNT, Call, Handler, Note, Notes, Reply, Resource, Rest, Route, Standin, Voice, Words, rest,
};

/// The stand-in for GitLab. Its threads are called like `7/issues/23`, by the number of the project.
pub type GitlabStandin = Standin<Notes<Gitlab>>;

/// The longest note, in characters.
const MAX_NOTE: usize = 1_000_000;

/// GitLab's words.
#[derive(Debug)]
pub struct Gitlab;

impl Voice for Gitlab {
    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"message": message}))
    }
}

impl Words for Gitlab {
    const TITLE: &'static str = "GitLab";
    const PAGE: &'static str = "/";
    const API: &'static [&'static str] = &["/api/"];
    const HANDLER: Handler<Self> = rest;

    /// Pages have the project's name, which notes do not tell.
    fn thread_at(path: &str, notes: &Notes<Self>) -> Option<String> {
        match path.split_once("/-/") {
            Some((_, end)) => notes.ending(&format!("/{end}")),
            None => path.strip_prefix(Self::PAGE).map(str::to_owned),
        }
    }
}

impl Rest for Gitlab {
    const SCHEMES: &'static [&'static str] = &["Bearer"];
    const ROUTES: &'static [Route] = &[
        ("GET", "/api/v4/user", Resource::Me),
        ("GET", "/api/v4/projects/-", Resource::Other),
        ("GET", "/api/v4/projects/*/*/*", Resource::Thread),
        ("GET", "/api/v4/projects/*/*/*/notes", Resource::List),
        ("POST", "/api/v4/projects/*/*/*/notes", Resource::New),
        ("GET", "/api/v4/projects/*/*/*/notes/-", Resource::One),
        ("GET", "/api/v4/projects/*/*/*/discussions/-", Resource::Other),
        ("POST", "/api/v4/projects/*/*/*/discussions/-/notes", Resource::New),
    ];
    const UNAUTHORIZED: &'static str = "401 Unauthorized";
    const NOT_FOUND: &'static str = "404 Not Found";

    fn me(_: &Call) -> Value {
        account(ACCOUNT)
    }

    /// An issue is confidential if its number is 13, for tests that need one.
    fn thread(notes: &Notes<Self>, name: &str) -> Value {
        let (state, number) = (notes.state(name), name.rsplit('/').next().unwrap_or_default());
        json!({
            "iid": number.parse::<u64>().unwrap_or(0), "confidential": name.ends_with("/issues/13"),
            "state": if state == ThreadState::Open { "opened" } else { "closed" }, "labels": [],
            "discussion_locked": (state == ThreadState::Locked).then_some(true),
        })
    }

    fn shown(_: &Call, note: &Note) -> Value {
        json!({
            "id": note.id.parse::<u64>().unwrap_or(0), "body": note.text, "author": account(&note.author),
            "created_at": note.time(), "system": false, "internal": note.internal,
            "confidential": note.internal,
        })
    }

    /// Newest first, as our client asks.
    fn list(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        let (size, page) = (call.number("per_page", 20, 100).max(1), call.number("page", 1, 10_000).max(1));
        let (rows, more) = notes.page(thread, true, size * (page - 1), size);
        let next = if more { (page + 1).to_string() } else { String::new() };
        Reply::ok(rows.into_iter().map(|note| Self::shown(call, note)).collect()).with("x-next-page", next)
    }

    /// A note in a discussion is seen by those who see its first one, whatever is asked for.
    fn note(notes: &Notes<Self>, call: &Call, thread: &str, now: Timestamp) -> Result<Note, Reply> {
        let body = call.field("body").unwrap_or_default();
        if body.trim().is_empty() {
            return Err(Reply::new(400, json!({"message": {"note": ["can't be blank"]}})));
        }
        if body.chars().count() > MAX_NOTE {
            let why = "is too long (maximum is 1000000 characters)";
            return Err(Reply::new(400, json!({"message": {"note": [why]}})));
        }
        let is_archived = thread.split('/').next() == Some(&ARCHIVED.to_string());
        if is_archived || notes.state(thread) == ThreadState::Locked {
            return Err(Self::error(403, "403 Forbidden"));
        }
        let internal = match discussion(call) {
            Some(id) => within(notes, thread, id).any(|note| note.internal),
            None => call.body["internal"].as_bool().unwrap_or(false),
        };
        let discussion = discussion(call).map(str::to_owned);
        Ok(Note { internal, discussion, ..notes.ours(thread, body, now) })
    }

    /// A discussion, or a project. That one is archived if its number is 13, for tests that need one.
    fn other(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        let Some(id) = discussion(call) else {
            let id = call.segments().pop().and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
            return Reply::ok(json!({"id": id, "archived": id == ARCHIVED}));
        };
        let all: Value = within(notes, thread, id).map(|note| Self::shown(call, note)).collect();
        Reply::ok(json!({"id": id, "individual_note": false, "notes": all}))
    }
}

/// The project that nobody can write in.
const ARCHIVED: u64 = 13;

/// The discussion that a path names.
fn discussion(call: &Call) -> Option<&str> {
    call.path.split_once("/discussions/")?.1.split('/').next()
}

/// Its notes.
fn within<'n>(notes: &'n Notes<Gitlab>, thread: &str, id: &str) -> impl Iterator<Item = &'n Note> {
    let (thread, id) = (thread.to_owned(), id.to_owned());
    notes.all().filter(move |note| note.thread == thread && note.discussion.as_ref() == Some(&id))
}

fn account(name: &str) -> Value {
    json!({"id": name.bytes().map(u64::from).sum::<u64>(), "username": name, "name": name, "state": "active"})
}

//! The stand-in for Zendesk: tickets of one account with their comments and audits, and a plain page for every
//! ticket. A locked ticket is closed for good. Times are whole seconds, as Zendesk's are, and so is the stamp that
//! guards an update.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{
    Call, Handler, Kept, Note, Notes, Reply, Resource, Rest, Route, Standin, Voice, Words, rest,
};

/// The user behind every credential.
pub const AGENT: i64 = 900_100;
/// Rows on a page, and the most.
const PER_PAGE: usize = 100;
/// The longest comment, in bytes.
const MAX_BODY: usize = 65_535;
/// When tickets that nothing has happened to were updated last.
const UNTOUCHED: &str = "2026-01-01T00:00:00Z";
/// The id of an audit is so much more than that of its comment.
const AUDIT: u64 = 1_000_000;

/// The stand-in for Zendesk. Its threads are the numbers of tickets, and its other authors are numbers too; what
/// a note has besides is its `html` and the `metadata` of its audit.
pub type ZendeskStandin = Standin<Notes<Zendesk>>;

/// Zendesk's words.
#[derive(Debug)]
pub struct Zendesk;

impl Voice for Zendesk {
    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"error": message}))
    }
}

impl Words for Zendesk {
    const TITLE: &'static str = "Zendesk";
    const PAGE: &'static str = "/agent/tickets/";
    const API: &'static [&'static str] = &["/api/"];
    const HANDLER: Handler<Self> = answer;
}

/// Who is not logged in is told so with a 200.
fn answer(kept: &mut Kept<Notes<Zendesk>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    if call.path == "/api/v2/users/me.json" && !call.is_authorised(Zendesk::SCHEMES) {
        return Ok(Reply::ok(json!({"user": {"id": null, "name": "Anonymous user", "role": "end-user"}})));
    }
    rest(kept, call, now)
}

impl Rest for Zendesk {
    const SCHEMES: &'static [&'static str] = &["Basic", "Bearer"];
    const ROUTES: &'static [Route] = &[
        ("GET", "/api/v2/users/me.json", Resource::Me),
        ("GET", "/api/v2/tickets/*.json", Resource::Thread),
        ("PUT", "/api/v2/tickets/*.json", Resource::New),
        ("GET", "/api/v2/tickets/*/comments.json", Resource::List),
        ("GET", "/api/v2/tickets/*/audits.json", Resource::Other),
    ];
    const UNAUTHORIZED: &'static str = "Couldn't authenticate you";
    const NOT_FOUND: &'static str = "RecordNotFound";

    fn me(_: &Call) -> Value {
        json!({"user": {"id": AGENT, "name": "Afterhook", "email": "afterhook@example.com", "role": "agent"}})
    }

    fn thread(notes: &Notes<Self>, name: &str) -> Value {
        json!({"ticket": ticket(notes, name)})
    }

    fn shown(_: &Call, note: &Note) -> Value {
        let mut shown = event(note);
        shown["plain_body"] = note.text.as_str().into();
        shown["created_at"] = time(note).into();
        shown
    }

    /// Oldest first, unless asked for otherwise.
    fn list(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        let (rows, meta) = page(notes, call, thread);
        let comments: Value = rows.iter().map(|note| Self::shown(call, note)).collect();
        let mut body = json!({"comments": comments, "meta": meta});
        if call.query("include") == Some("users") {
            let authors: BTreeSet<i64> = rows.into_iter().map(author).collect();
            let name = |id| if id == AGENT { "Afterhook".to_owned() } else { format!("User {id}") };
            body["users"] = authors.into_iter().map(|id| json!({"id": id, "name": name(id)})).collect();
        }
        Reply::ok(body)
    }

    fn note(notes: &Notes<Self>, call: &Call, thread: &str, now: Timestamp) -> Result<Note, Reply> {
        let update = &call.body["ticket"];
        if !update.is_object() {
            return Err(Self::error(400, "Unprocessable: ticket is missing"));
        }
        if notes.state(thread) == ThreadState::Locked {
            let why = json!([{"description": "Status: closed prevents ticket update"}]);
            return Err(invalid(&json!({"status": why})));
        }
        if update["safe_update"] == json!(true) && update["updated_stamp"] != json!(updated_at(notes, thread))
        {
            let why = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket \
                       data and try again.";
            return Err(Reply::new(409, json!({"error": "UpdateConflict", "description": why})));
        }
        let comment = &update["comment"];
        let html = comment["html_body"].as_str().or(comment["body"].as_str()).unwrap_or_default();
        if html.trim().is_empty() || html.len() > MAX_BODY {
            return Err(invalid(&json!({"base": [{"description": "Comment: is empty or too long"}]})));
        }
        let internal = !comment["public"].as_bool().unwrap_or(true);
        let extra = json!({"html": html, "metadata": update["metadata"]});
        Ok(Note { internal, extra, ..notes.ours(thread, &plain(html), now) })
    }

    fn made(notes: &Notes<Self>, _: &Call, note: &Note) -> Reply {
        Reply::ok(json!({"ticket": ticket(notes, &note.thread), "audit": audit(note)}))
    }

    fn other(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        let (rows, meta) = page(notes, call, thread);
        Reply::ok(json!({"audits": rows.into_iter().map(audit).collect::<Value>(), "meta": meta}))
    }
}

fn ticket(notes: &Notes<Zendesk>, name: &str) -> Value {
    let status = if notes.state(name) == ThreadState::Locked { "closed" } else { "open" };
    json!({
        "id": name.parse::<u64>().unwrap_or(0), "url": format!("/api/v2/tickets/{name}.json"), "status": status,
        "updated_at": updated_at(notes, name), "created_at": UNTOUCHED,
    })
}

fn updated_at(notes: &Notes<Zendesk>, name: &str) -> String {
    notes.of(name).next_back().map_or_else(|| UNTOUCHED.to_owned(), time)
}

fn time(note: &Note) -> String {
    note.written().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn author(note: &Note) -> i64 {
    if note.is_ours() { AGENT } else { note.author.parse().unwrap_or(1) }
}

fn number(note: &Note) -> u64 {
    note.id.parse().unwrap_or(0)
}

/// A comment as its audit has it.
fn event(note: &Note) -> Value {
    json!({
        "id": number(note), "type": "Comment", "author_id": author(note), "body": note.text,
        "html_body": note.extra["html"].as_str().unwrap_or(&note.text), "public": !note.internal, "attachments": [],
        "audit_id": number(note) + AUDIT,
    })
}

fn audit(note: &Note) -> Value {
    json!({
        "id": number(note) + AUDIT, "created_at": time(note), "author_id": author(note),
        "metadata": {"system": {}, "custom": note.extra["metadata"]}, "events": [event(note)],
    })
}

fn invalid(details: &Value) -> Reply {
    let description = "Record validation errors";
    Reply::new(422, json!({"error": "RecordInvalid", "description": description, "details": details}))
}

/// The page that the cursor names: the number of rows before it.
fn page<'n>(notes: &'n Notes<Zendesk>, call: &Call, thread: &str) -> (Vec<&'n Note>, Value) {
    let start = call.number("page[after]", 0, 10_000);
    let size = call.number("page[size]", PER_PAGE, PER_PAGE).max(1);
    let (rows, more) = notes.page(thread, call.query("sort") == Some("-created_at"), start, size);
    (rows, json!({"has_more": more, "after_cursor": (start + size).to_string(), "before_cursor": null}))
}

/// `html` without its tags.
fn plain(html: &str) -> String {
    let (mut text, mut inside) = (String::new(), false);
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

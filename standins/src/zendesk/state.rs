//! The routes of the Ticketing API, with Zendesk's errors.

use std::collections::BTreeSet;

use domain::Timestamp;
use serde_json::{Value, json};

use super::AGENT;
use super::record::{StoredComment, time};
use crate::kit::{Call, Kept, Reply, State, article, index};

/// Rows on a page, and the most.
const PER_PAGE: usize = 100;
/// The longest comment, in bytes.
const MAX_BODY: usize = 65_535;
/// When tickets that nothing has happened to were updated last.
const UNTOUCHED: i64 = 1_767_225_600;

/// All tickets.
#[derive(Debug, Default)]
pub struct Tickets {
    /// All comments, oldest first.
    pub(super) comments: Vec<StoredComment>,
    pub(super) closed: BTreeSet<u64>,
}

impl State for Tickets {
    type Change = StoredComment;
    const TITLE: &'static str = "Zendesk";

    fn apply(&mut self, comment: StoredComment) {
        self.comments.push(comment);
    }

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/api/")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"error": message}))
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        let known = call.is_authorised(&["Basic", "Bearer"]);
        match (call.method.as_str(), call.segments().as_slice()) {
            // Who is not logged in is told so with a 200.
            ("GET", ["api", "v2", "users", "me.json"]) => Ok(Reply::ok(json!({"user": me(known)}))),
            _ if !known => Err(Self::error(401, "Couldn't authenticate you")),
            (method, ["api", "v2", "tickets", rest @ ..]) => match (method, place(rest)) {
                ("GET", Some((id, "ticket"))) => Ok(Reply::ok(json!({"ticket": kept.ticket(id)}))),
                ("PUT", Some((id, "ticket"))) => update(kept, id, call, now),
                ("GET", Some((id, "comments.json"))) => Ok(kept.list(id, call)),
                ("GET", Some((id, "audits.json"))) => Ok(kept.audits(id, call)),
                _ => Err(Self::error(404, "RecordNotFound")),
            },
            _ => Err(Self::error(404, "InvalidEndpoint")),
        }
    }

    fn page(&self, segments: &[&str]) -> Option<(String, String)> {
        match segments {
            [] => {
                let tickets: BTreeSet<u64> = self.comments.iter().map(|comment| comment.ticket).collect();
                let row = |id| (format!("/agent/tickets/{id}"), format!("Ticket {id}"));
                Some(index("Tickets", tickets.into_iter().map(row)))
            }
            ["agent", "tickets", id] => {
                let number: u64 = id.parse().ok()?;
                let comments = self.of(number).map(|comment| {
                    let note = if comment.public { "" } else { " (internal note)" };
                    let author = format!("{}{note}", name(comment.author));
                    article(&format!("c{}", comment.id), &author, &time(comment.at), &comment.text)
                });
                let title = format!("Ticket {number}");
                let body = format!("<h1>{title}</h1>{}", comments.collect::<String>());
                Some((title, body))
            }
            _ => None,
        }
    }
}

impl Tickets {
    /// The comments of a ticket, oldest first.
    pub(super) fn of(&self, ticket: u64) -> impl Iterator<Item = &StoredComment> {
        self.comments.iter().filter(move |comment| comment.ticket == ticket)
    }

    fn ticket(&self, id: u64) -> Value {
        json!({
            "id": id, "url": format!("/api/v2/tickets/{id}.json"),
            "status": if self.closed.contains(&id) { "closed" } else { "open" },
            "updated_at": self.updated_at(id), "created_at": time(UNTOUCHED),
        })
    }

    fn updated_at(&self, id: u64) -> String {
        time(self.of(id).map(|comment| comment.at).max().unwrap_or(UNTOUCHED))
    }

    /// Oldest first, unless asked for otherwise.
    fn list(&self, ticket: u64, call: &Call) -> Reply {
        let mut all: Vec<&StoredComment> = self.of(ticket).collect();
        if call.query("sort") == Some("-created_at") {
            all.reverse();
        }
        let (rows, meta) = page(call, &all);
        let shown: Vec<Value> = rows.iter().map(|comment| comment.shown()).collect();
        let mut body = json!({"comments": shown, "meta": meta});
        if call.query("include") == Some("users") {
            let authors: BTreeSet<i64> = rows.iter().map(|comment| comment.author).collect();
            body["users"] =
                authors.into_iter().map(|author| json!({"id": author, "name": name(author)})).collect();
        }
        Reply::ok(body)
    }

    fn audits(&self, ticket: u64, call: &Call) -> Reply {
        let (rows, meta) = page(call, &self.of(ticket).collect::<Vec<_>>());
        let audits: Vec<Value> = rows.iter().map(|comment| comment.audit()).collect();
        Reply::ok(json!({"audits": audits, "meta": meta}))
    }
}

fn update(kept: &mut Kept<Tickets>, id: u64, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    let update = &call.body["ticket"];
    if !update.is_object() {
        return Err(Tickets::error(400, "Unprocessable: ticket is missing"));
    }
    if kept.closed.contains(&id) {
        let why = json!([{"description": "Status: closed prevents ticket update"}]);
        return Err(invalid(&json!({"status": why})));
    }
    if update["safe_update"] == json!(true) && update["updated_stamp"] != json!(kept.updated_at(id)) {
        let why = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest \
                   ticket data and try again.";
        return Err(Reply::new(409, json!({"error": "UpdateConflict", "description": why})));
    }
    let comment = &update["comment"];
    let html = comment["html_body"].as_str().or(comment["body"].as_str()).unwrap_or_default();
    if html.trim().is_empty() || html.len() > MAX_BODY {
        return Err(invalid(&json!({"base": [{"description": "Comment: is empty or too long"}]})));
    }
    let public = comment["public"].as_bool().unwrap_or(true);
    let metadata = update.get("metadata").cloned().unwrap_or_else(|| json!({}));
    let made = StoredComment::ours(kept.comments.len(), id, html, public, metadata, now);
    let audit = made.audit();
    kept.record(made)?;
    Ok(Reply::ok(json!({"ticket": kept.ticket(id), "audit": audit})))
}

/// `35436.json`, or `35436/comments.json`.
fn place<'a>(rest: &[&'a str]) -> Option<(u64, &'a str)> {
    let (id, what) = match rest {
        [file] => (file.strip_suffix(".json")?, "ticket"),
        [id, what] => (*id, *what),
        _ => return None,
    };
    id.parse().ok().filter(|id| *id > 0).map(|id| (id, what))
}

fn me(known: bool) -> Value {
    if known {
        json!({"id": AGENT, "name": "Afterhook", "email": "afterhook@example.com", "role": "agent", "active": true})
    } else {
        json!({"id": null, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"})
    }
}

fn name(author: i64) -> String {
    if author == AGENT { "Afterhook".to_owned() } else { format!("User {author}") }
}

fn invalid(details: &Value) -> Reply {
    let description = "Record validation errors";
    Reply::new(422, json!({"error": "RecordInvalid", "description": description, "details": details}))
}

/// The page that the cursor names: the id of the last row before it.
fn page<'a>(call: &Call, all: &[&'a StoredComment]) -> (Vec<&'a StoredComment>, Value) {
    let after: Option<u64> = call.query("page[after]").and_then(|cursor| cursor.parse().ok());
    let start = after.and_then(|id| all.iter().position(|row| row.id == id)).map_or(0, |at| at + 1);
    let size = call.number("page[size]", PER_PAGE, PER_PAGE).max(1);
    let rows: Vec<_> = all.iter().skip(start).take(size).copied().collect();
    let has_more = start + rows.len() < all.len();
    let cursor = rows.last().map(|row| row.id.to_string());
    (rows, json!({"has_more": has_more, "after_cursor": cursor, "before_cursor": null}))
}

//! The routes of the Ticketing API, with Zendesk's errors.

use std::collections::BTreeSet;

use domain::Timestamp;
use http::Method;
use serde_json::{Value, json};

use super::AGENT;
use super::record::{StoredComment, time};
use crate::kit::page::{article, escape};
use crate::kit::rest::{Call, Records, Reply, Service};

/// Rows on a page, and the most.
const PER_PAGE: usize = 100;
/// The longest comment, in bytes.
const MAX_BODY: usize = 65_535;
/// When tickets that nothing has happened to were updated last.
const UNTOUCHED: i64 = 1_767_225_600;

/// What is known of tickets besides their comments.
#[derive(Debug, Default)]
pub struct Tickets {
    closed: BTreeSet<u64>,
}

impl Tickets {
    pub(super) fn close(&mut self, ticket: u64) {
        self.closed.insert(ticket);
    }

    fn status(&self, ticket: u64) -> &'static str {
        if self.closed.contains(&ticket) { "closed" } else { "open" }
    }

    fn ticket(&self, id: u64, records: &[StoredComment]) -> Value {
        json!({
            "id": id, "url": format!("/api/v2/tickets/{id}.json"), "status": self.status(id),
            "updated_at": updated_at(id, records), "created_at": time(UNTOUCHED),
        })
    }

    fn update(&self, id: u64, call: &Call, records: &mut Records<StoredComment>, now: Timestamp) -> Reply {
        let update = &call.body["ticket"];
        if !update.is_object() {
            return Self::error(400, "Unprocessable: ticket is missing");
        }
        if self.closed.contains(&id) {
            let why = json!([{"description": "Status: closed prevents ticket update"}]);
            return invalid(&json!({"status": why}));
        }
        let stamp = &update["updated_stamp"];
        if update["safe_update"] == json!(true) && *stamp != json!(updated_at(id, records.all())) {
            let why = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest \
                       ticket data and try again.";
            return Reply::new(409, json!({"error": "UpdateConflict", "description": why}));
        }
        let comment = &update["comment"];
        let html = comment["html_body"].as_str().or(comment["body"].as_str()).unwrap_or_default();
        if html.trim().is_empty() || html.len() > MAX_BODY {
            return invalid(&json!({"base": [{"description": "Comment: is empty or too long"}]}));
        }
        let public = comment["public"].as_bool().unwrap_or(true);
        let metadata = update.get("metadata").cloned().unwrap_or_else(|| json!({}));
        let made = StoredComment::ours(records.all().len(), id, html, public, metadata, now);
        let audit = made.audit();
        match records.add(made) {
            Ok(()) => Reply::new(200, json!({"ticket": self.ticket(id, records.all()), "audit": audit})),
            Err(error) => {
                tracing::error!(%error, "the stand-in's journal");
                Self::error(500, "the journal")
            }
        }
    }
}

impl Service for Tickets {
    type Record = StoredComment;
    const TITLE: &'static str = "Zendesk";

    fn is_api(path: &str) -> bool {
        path.starts_with("/api/")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"error": message}))
    }

    fn answer(&mut self, call: &Call, records: &mut Records<StoredComment>, now: Timestamp) -> Reply {
        let known = call.is_authorised(&["Basic", "Bearer"]);
        match (call.method.clone(), call.segments().as_slice()) {
            // Who is not logged in is told so with a 200.
            (Method::GET, ["api", "v2", "users", "me.json"]) => Reply::new(200, json!({"user": me(known)})),
            _ if !known => Self::error(401, "Couldn't authenticate you"),
            (method, ["api", "v2", "tickets", rest @ ..]) => match (method, place(rest)) {
                (Method::GET, Some((id, "ticket"))) => {
                    Reply::new(200, json!({"ticket": self.ticket(id, records.all())}))
                }
                (Method::PUT, Some((id, "ticket"))) => self.update(id, call, records, now),
                (Method::GET, Some((id, "comments.json"))) => comments(id, call, records.all()),
                (Method::GET, Some((id, "audits.json"))) => audits(id, call, records.all()),
                _ => Self::error(404, "RecordNotFound"),
            },
            _ => Self::error(404, "InvalidEndpoint"),
        }
    }

    fn page(&self, segments: &[&str], records: &[StoredComment]) -> Option<(String, String)> {
        match segments {
            [] => {
                let tickets: BTreeSet<u64> = records.iter().map(|comment| comment.ticket).collect();
                let rows: String = tickets
                    .iter()
                    .map(|id| format!("<li><a href=\"/agent/tickets/{id}\">Ticket {id}</a></li>"))
                    .collect();
                Some(("Tickets".to_owned(), format!("<h1>Tickets</h1><ul>{rows}</ul>")))
            }
            ["agent", "tickets", id] => {
                let number: u64 = id.parse().ok()?;
                let title = format!("Ticket {number}");
                let comments = records.iter().filter(|comment| comment.ticket == number).map(|comment| {
                    let note = if comment.public { "" } else { " (internal note)" };
                    let author = format!("{}{note}", name(comment.author));
                    article(&format!("c{}", comment.id), &author, &time(comment.at), &comment.text)
                });
                Some((title.clone(), format!("<h1>{}</h1>{}", escape(&title), comments.collect::<String>())))
            }
            _ => None,
        }
    }
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

fn updated_at(ticket: u64, records: &[StoredComment]) -> String {
    let last = records.iter().filter(|comment| comment.ticket == ticket).map(|comment| comment.at).max();
    time(last.unwrap_or(UNTOUCHED))
}

fn invalid(details: &Value) -> Reply {
    Reply::new(
        422,
        json!({"error": "RecordInvalid", "description": "Record validation errors", "details": details}),
    )
}

/// Oldest first, unless asked for otherwise.
fn comments(ticket: u64, call: &Call, records: &[StoredComment]) -> Reply {
    let mut all: Vec<&StoredComment> = records.iter().filter(|comment| comment.ticket == ticket).collect();
    if call.query("sort").as_deref() == Some("-created_at") {
        all.reverse();
    }
    let (rows, meta) = page(call, &all);
    let mut body = json!({
        "comments": rows.iter().map(|comment| comment.shown()).collect::<Vec<_>>(), "meta": meta,
    });
    if call.query("include").as_deref() == Some("users") {
        let authors: BTreeSet<i64> = rows.iter().map(|comment| comment.author).collect();
        body["users"] =
            authors.into_iter().map(|author| json!({"id": author, "name": name(author)})).collect();
    }
    Reply::new(200, body)
}

fn audits(ticket: u64, call: &Call, records: &[StoredComment]) -> Reply {
    let all: Vec<&StoredComment> = records.iter().filter(|comment| comment.ticket == ticket).collect();
    let (rows, meta) = page(call, &all);
    let audits: Vec<Value> = rows.iter().map(|comment| comment.audit()).collect();
    Reply::new(200, json!({"audits": audits, "meta": meta}))
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

//! What the tests share: clients, targets, marks, and what Zendesk answers.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use outbound::Commenter;
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};
use zendesk::{Config, Credentials, Zendesk};

pub(crate) const TOKEN: &str = "not-a-real-api-token";
pub(crate) const ME: i64 = 35436;
pub(crate) const STAMP: &str = "2026-01-02T03:00:00Z";

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::ApiToken { email: "agent@acme.example".into(), token: TOKEN.into() }
}

pub(crate) fn client(server: &Server) -> Commenter<Zendesk> {
    at(&server.base, Duration::from_secs(10))
}

/// A client of the API at `base` that waits no longer than `timeout`.
pub(crate) fn at(base: &str, timeout: Duration) -> Commenter<Zendesk> {
    let config = Config { timeout, ..Config::at(base) };
    Zendesk::new(&credentials(), &config, Clock::fixed(start())).unwrap()
}

pub(crate) fn target() -> Target {
    Target::ZendeskTicket { subdomain: "acme".into(), id: 7 }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("zendesk", identity.as_bytes()), effect: "reply".into() }
}

/// `GET /api/v2/users/me.json`.
pub(crate) fn me() -> Reply {
    Reply::json(200, json!({"user": {"id": ME, "name": "Agent", "role": "agent"}}))
}

/// `GET /api/v2/tickets/7.json`.
pub(crate) fn ticket(status: &str) -> Reply {
    Reply::json(200, json!({"ticket": {"id": 7, "status": status, "updated_at": STAMP}}))
}

/// An audit of an update with a public comment.
pub(crate) fn audit(id: u64, author: i64, mark: &Mark) -> Value {
    json!({
        "id": id, "ticket_id": 7, "author_id": author, "created_at": "2026-01-02T03:04:06Z",
        "metadata": {
            "system": {"client": "afterhook"},
            "custom": {"afterhook_task_id": mark.task_id, "afterhook_effect": mark.effect},
        },
        "events": [
            {"id": id * 10, "type": "Change", "field_name": "status", "value": "open"},
            {"id": id * 10 + 1, "type": "Comment", "public": true, "html_body": "<p>Hi</p>", "author_id": author},
        ],
    })
}

/// An audit as others leave it.
pub(crate) fn other_audit(id: u64) -> Value {
    json!({
        "id": id, "ticket_id": 7, "author_id": 1, "created_at": "2026-01-02T03:04:06Z",
        "metadata": {"system": {}, "custom": {}}, "events": [],
    })
}

/// What `PUT /api/v2/tickets/7.json` answers.
pub(crate) fn updated(mark: &Mark) -> Reply {
    Reply::json(200, json!({"ticket": {"id": 7, "status": "open"}, "audit": audit(2, ME, mark)}))
}

/// A page of a list with cursors.
pub(crate) fn page(name: &str, items: Value, next: Option<&str>) -> Reply {
    let meta = json!({"has_more": next.is_some(), "after_cursor": next, "before_cursor": "x"});
    Reply::json(200, json!({name: items, "meta": meta, "links": {"next": "https://elsewhere.invalid/"}}))
}

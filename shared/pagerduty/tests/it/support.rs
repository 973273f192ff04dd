//! What the tests share: clients, targets, marks, and what PagerDuty answers.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use outbound::Commenter;
use outbound::marker;
use outbound::scripted::{Reply, Server};
use pagerduty::{Config, Pagerduty};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "not-a-real-token";
pub(crate) const ME: &str = "PLH1HKV";
pub(crate) const EMAIL: &str = "agent@acme.example";
pub(crate) const NOTES: &str = "/incidents/PGR0VU2/notes";

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn client(server: &Server) -> Commenter<Pagerduty> {
    at(&server.base, Duration::from_secs(10))
}

/// A client of the API at `base` that waits no longer than `timeout`.
pub(crate) fn at(base: &str, timeout: Duration) -> Commenter<Pagerduty> {
    let config = Config { timeout, ..Config::at(base) };
    Pagerduty::new(EMAIL, &TOKEN.into(), &config, Clock::fixed(start())).unwrap()
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("pagerduty", identity.as_bytes()), effect: "reply".into() }
}

/// The same with a marker.
pub(crate) fn marked(id: u64, author: &str, mark: &Mark) -> Value {
    note(id, author, 4, &marker::compose("Hello", mark, outbound::Limit::chars(1_000)))
}

pub(crate) fn target() -> Target {
    Target::PagerdutyIncident { id: "PGR0VU2".into() }
}

/// The users whose address looks like ours: only one is ours.
pub(crate) fn me() -> Reply {
    let user = |id: &str, email: &str| json!({"id": id, "email": email});
    Reply::json(
        200,
        json!({"users": [user("POTHER1", "x.agent@acme.example"), user(ME, "Agent@acme.example")]}),
    )
}

/// A note, written in the `minute` after three.
pub(crate) fn note(id: u64, author: &str, minute: u64, text: &str) -> Value {
    json!({
        "id": id.to_string(), "content": text, "created_at": format!("2026-01-02T04:{minute:02}:00+01:00"),
        "user": {"id": author, "summary": format!("Name of {author}"), "type": "user_reference"},
    })
}

/// A PagerDuty with our user and these notes.
pub(crate) async fn serving(notes: Vec<Value>) -> Server {
    Server::start(move |asked| match asked.line().as_str() {
        "GET /users" => me(),
        "GET /incidents/PGR0VU2/notes" => Reply::json(200, json!({"notes": notes})),
        other => panic!("unexpected {other}"),
    })
    .await
}

//! What the tests share: clients, targets, marks, and what Linear answers.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use linear::{Config, Linear};
use outbound::Commenter;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "lin_api_not_a_real_key";
pub(crate) const ME: &str = "b5ea5f1f-8adc-4f52-b4bd-ab4e84cf51ba";
pub(crate) const ISSUE: &str = "539068e2-ae88-4d09-bd75-22eb4a59612f";

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn client(server: &Server) -> Commenter<Linear> {
    at(&server.base, Duration::from_secs(10))
}

/// A client of the API at `base` that waits no longer than `timeout`.
pub(crate) fn at(base: &str, timeout: Duration) -> Commenter<Linear> {
    let config = Config { timeout, ..Config::at(base) };
    Linear::new(&KEY.into(), &config, Clock::fixed(start())).unwrap()
}

pub(crate) fn target() -> Target {
    Target::LinearIssue { id: ISSUE.into(), parent: None }
}

/// The thread below a comment of the issue.
pub(crate) fn thread(parent: &str) -> Target {
    Target::LinearIssue { id: ISSUE.into(), parent: Some(parent.into()) }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("linear", identity.as_bytes()), effect: "reply".into() }
}

/// The operation that was asked for, by the field that it begins with.
pub(crate) fn field(asked: &Asked) -> String {
    let query = asked.json()["query"].as_str().unwrap().to_owned();
    let inside = query.split_once('{').unwrap().1.trim();
    inside.split(|c: char| !c.is_alphabetic()).next().unwrap().to_owned()
}

pub(crate) fn data(data: Value) -> Reply {
    Reply::json(200, json!({"data": data}))
}

pub(crate) fn failed(status: u16, message: &str, code: &str) -> Reply {
    Reply::json(status, json!({"errors": [{"message": message, "extensions": {"code": code}}], "data": null}))
}

pub(crate) fn viewer() -> Reply {
    data(json!({"viewer": {"id": ME}}))
}

/// A comment, written in the `minute` after three.
pub(crate) fn comment(id: &str, author: &str, minute: u64, text: &str) -> Value {
    json!({
        "id": id, "body": text, "createdAt": format!("2026-01-02T03:{minute:02}:00.000Z"),
        "url": format!("https://linear.app/acme/issue/ENG-7#comment-{id}"),
        "user": {"id": author, "name": format!("Name of {author}")}, "botActor": null,
    })
}

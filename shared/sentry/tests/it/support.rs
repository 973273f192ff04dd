//! What the tests share: clients, targets, marks, and what Sentry answers.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use outbound::Commenter;
use outbound::marker;
use outbound::scripted::{Reply, Server};
use sentry::{Config, Sentry};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "not-a-real-token";
pub(crate) const ME: &str = "1042";
pub(crate) const COMMENTS: &str = "/api/0/organizations/harbor/issues/7/comments/";

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn client(server: &Server) -> Commenter<Sentry> {
    at(&server.base, Duration::from_secs(10))
}

/// A client of the API at `base` that waits no longer than `timeout`.
pub(crate) fn at(base: &str, timeout: Duration) -> Commenter<Sentry> {
    let config = Config { timeout, ..Config::at(base) };
    Sentry::new(&TOKEN.into(), &config, Clock::fixed(start())).unwrap()
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("sentry", identity.as_bytes()), effect: "reply".into() }
}

/// The same with a marker.
pub(crate) fn marked(id: u64, author: &str, mark: &Mark) -> Value {
    note(id, author, 4, &marker::compose("Hello", mark, outbound::Limit::chars(1_000)))
}

pub(crate) fn target() -> Target {
    Target::SentryIssue { organization: "harbor".into(), id: 7 }
}

pub(crate) fn me() -> Reply {
    Reply::json(
        200,
        json!({"version": "0", "auth": {"scopes": ["event:write"]}, "user": {"id": ME, "name": "Agent"}}),
    )
}

/// A comment, written in the `minute` after three.
pub(crate) fn note(id: u64, author: &str, minute: u64, text: &str) -> Value {
    json!({
        "id": id.to_string(), "type": "note", "data": {"text": text},
        "user": {"id": author, "name": format!("Name of {author}")},
        "dateCreated": format!("2026-01-02T03:{minute:02}:00.123456Z"),
    })
}

/// A Sentry with our account and these comments, newest first, on pages of two.
pub(crate) async fn serving(comments: Vec<Value>) -> Server {
    Server::start(move |asked| match asked.line().as_str() {
        "GET /api/0/" => me(),
        line if line == format!("GET {COMMENTS}") => {
            let start: usize = asked.param("cursor").parse().unwrap_or(0);
            let rows: Vec<&Value> = comments.iter().skip(start).take(2).collect();
            let more = start + 2 < comments.len();
            let link = format!("<x>; rel=\"next\"; results=\"{more}\"; cursor=\"{}\"", start + 2);
            Reply::json(200, json!(rows)).header("link", &link)
        }
        other => panic!("unexpected {other}"),
    })
    .await
}

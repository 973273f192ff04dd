//! What the tests share: clients, targets, marks, and what GitLab answers.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use gitlab::{Config, Gitlab};
use outbound::Commenter;
use outbound::marker;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "glpat-not-a-real-token";
pub(crate) const ME: &str = "afterhook";
pub(crate) const ISSUE: &str = "/api/v4/projects/7/issues/23";
pub(crate) const NOTES: &str = "/api/v4/projects/7/issues/23/notes";

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn client(server: &Server) -> Commenter<Gitlab> {
    at(&server.base, Duration::from_secs(10))
}

/// A client of the API at `base` that waits no longer than `timeout`.
pub(crate) fn at(base: &str, timeout: Duration) -> Commenter<Gitlab> {
    let config = Config { timeout, ..Config::at(base) };
    Gitlab::new(&TOKEN.into(), &config, Clock::fixed(start())).unwrap()
}

/// Issue 23, for the answer to a note that is `internal` or not.
pub(crate) fn issue(internal: bool) -> Target {
    Target::GitlabIssue {
        project: 7,
        path: vec!["harbor".into(), "tidepool".into()],
        number: 23,
        internal,
        discussion: None,
    }
}

pub(crate) fn target() -> Target {
    issue(false)
}

pub(crate) fn merge_request() -> Target {
    Target::GitlabMergeRequest {
        project: 7,
        path: vec!["harbor".into(), "tidepool".into()],
        number: 4,
        discussion: None,
    }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("gitlab", identity.as_bytes()), effect: "reply".into() }
}

pub(crate) fn me() -> Reply {
    Reply::json(200, json!({"id": 1, "username": ME}))
}

/// A note, written in the `minute` after three.
pub(crate) fn note(id: u64, author: &str, minute: u64, text: &str) -> Value {
    let account = if author == ME { 1 } else { 2 };
    json!({
        "id": id, "body": text, "author": {"id": account, "username": author}, "system": false, "internal": false,
        "created_at": format!("2026-01-02T03:{minute:02}:00.000Z"),
    })
}

/// The same with a marker.
pub(crate) fn marked(id: u64, author: &str, mark: &Mark) -> Value {
    note(id, author, 4, &marker::compose("Hello", mark, outbound::Limit::chars(1_000)))
}

/// The same with another field.
pub(crate) fn with(mut value: Value, field: &str, to: Value) -> Value {
    value[field] = to;
    value
}

/// A GitLab with our account and these notes, newest first, on pages of two.
pub(crate) async fn serving(notes: Vec<Value>) -> Server {
    Server::start(move |asked: &Asked| match asked.line().as_str() {
        "GET /api/v4/user" => me(),
        "GET /api/v4/projects/7/issues/23/notes" => {
            assert_eq!((asked.param("sort"), asked.param("order_by")), ("desc", "created_at"));
            let page: usize = asked.param("page").parse().unwrap();
            let rows: Vec<&Value> = notes.iter().skip(2 * (page - 1)).take(2).collect();
            let next = if notes.len() > 2 * page { (page + 1).to_string() } else { String::new() };
            Reply::json(200, json!(rows)).header("x-next-page", &next)
        }
        other => panic!("unexpected {other}"),
    })
    .await
}

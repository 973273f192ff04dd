//! What the tests share: clients, targets, marks, and what Jira answers.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use jira::{Config, Jira};
use outbound::Commenter;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};

pub(crate) const EMAIL: &str = "agent@acme.example";
pub(crate) const TOKEN: &str = "not-a-real-api-token";
pub(crate) const ME: &str = "5b10a2844c20165700ede21g";
pub(crate) const COMMENTS: &str = "/rest/api/3/issue/OPS-7/comment";

pub(crate) fn start() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

pub(crate) fn client(server: &Server) -> Commenter<Jira> {
    at(&server.base, Duration::from_secs(10))
}

/// A client of the API at `base` that waits no longer than `timeout`.
pub(crate) fn at(base: &str, timeout: Duration) -> Commenter<Jira> {
    let config = Config { timeout, ..Config::at(base) };
    Jira::new(EMAIL, &TOKEN.into(), &config, Clock::fixed(start())).unwrap()
}

pub(crate) fn target() -> Target {
    Target::JiraIssue { host: "acme.atlassian.net".into(), key: "OPS-7".into() }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("jira", identity.as_bytes()), effect: "reply".into() }
}

/// `GET /rest/api/3/myself`.
pub(crate) fn myself() -> Reply {
    Reply::json(200, json!({"accountId": ME, "displayName": "Agent", "emailAddress": EMAIL, "active": true}))
}

/// A comment as Jira lists it with its properties, written in the `minute` after three.
pub(crate) fn comment(id: u64, author: &str, minute: u64, text: &str) -> Value {
    json!({
        "id": id.to_string(), "author": {"accountId": author, "displayName": format!("Name of {author}")},
        "body": {"type": "doc", "version": 1, "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": text}]}]},
        "created": format!("2026-01-02T04:{minute:02}:00.000+0100"), "jsdPublic": true, "properties": [],
    })
}

/// The same with our property for `mark`.
pub(crate) fn marked(id: u64, author: &str, mark: &Mark) -> Value {
    let mut comment = comment(id, author, 4, "Hello");
    comment["properties"] = json!([
        {"key": "sd.public.comment", "value": {"internal": false}},
        {"key": "afterhook", "value": {"task_id": mark.task_id, "effect": mark.effect}},
    ]);
    comment
}

/// The page of `all`, newest first, that was asked for; pages are of two here.
pub(crate) fn paged(asked: &Asked, all: &[Value]) -> Reply {
    assert_eq!((asked.param("orderBy"), asked.param("expand")), ("-created", "properties"));
    let start: usize = asked.param("startAt").parse().unwrap();
    let comments: Vec<&Value> = all.iter().skip(start).take(2).collect();
    Reply::json(200, json!({"startAt": start, "maxResults": 2, "total": all.len(), "comments": comments}))
}

/// A Jira with our account and these comments, newest first.
pub(crate) async fn serving(comments: Vec<Value>) -> Server {
    Server::start(move |asked| match asked.line().as_str() {
        "GET /rest/api/3/myself" => myself(),
        "GET /rest/api/3/issue/OPS-7/comment" => paged(asked, &comments),
        other => panic!("unexpected {other}"),
    })
    .await
}

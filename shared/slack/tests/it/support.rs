//! What the tests share: clients, targets, marks, and messages as Slack lists them.

use std::time::Duration;

use domain::{Clock, Mark, Target, TaskId, Timestamp};
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};
use slack::{Config, Slack};

pub(crate) const TOKEN: &str = "xoxb-not-a-real-token";
pub(crate) const THREAD: &str = "1767323045.000100";

/// 2026-01-02T03:04:05Z.
pub(crate) fn start() -> Timestamp {
    Timestamp::from_second(1_767_323_045).unwrap()
}

pub(crate) fn client(server: &Server) -> Slack {
    patient(server, Duration::from_secs(10))
}

/// A client that waits no longer than `timeout`.
pub(crate) fn patient(server: &Server, timeout: Duration) -> Slack {
    let config = Config { timeout, ..Config::at(format!("{}/api", server.base)) };
    Slack::new(&TOKEN.into(), &config, Clock::fixed(start())).unwrap()
}

pub(crate) fn target() -> Target {
    Target::SlackThread { team: "T1".into(), channel: "C1".into(), thread_ts: THREAD.into() }
}

pub(crate) fn mark(identity: &str) -> Mark {
    Mark { task_id: TaskId::derive("slack", identity.as_bytes()), effect: "reply".into() }
}

/// What Slack answers: 200 with `ok: true` and these fields.
pub(crate) fn ok(mut fields: Value) -> Reply {
    fields["ok"] = json!(true);
    Reply::json(200, fields)
}

/// 200 with `ok: false`.
pub(crate) fn error(code: &str) -> Reply {
    Reply::json(200, json!({"ok": false, "error": code}))
}

/// `auth.test` of our bot, U1 and B1.
pub(crate) fn identity() -> Reply {
    ok(json!({"url": "https://acme.slack.com/", "team": "Acme", "user": "afterhook", "team_id": "T1",
        "user_id": "U1", "bot_id": "B1", "is_enterprise_install": false}))
}

/// `chat.postMessage` that worked.
pub(crate) fn posted() -> Reply {
    ok(json!({"channel": "C1", "ts": "1767323046.000200", "message": {"type": "message"}}))
}

/// A message of a person.
pub(crate) fn message(ts: &str, user: &str, text: &str) -> Value {
    json!({"type": "message", "user": user, "text": text, "ts": ts, "team": "T1", "thread_ts": THREAD})
}

/// A message of a bot with our metadata for `mark`.
pub(crate) fn marked(ts: &str, user: &str, bot: &str, mark: &Mark) -> Value {
    let mut message = message(ts, user, "Hello");
    message["bot_id"] = json!(bot);
    message["metadata"] =
        json!({"event_type": "afterhook", "event_payload": {"task_id": mark.task_id, "effect": mark.effect}});
    message
}

/// The page of `all` that was asked for, with Slack's cursor; in a thread every page begins with the
/// message that it hangs on.
pub(crate) fn paged(asked: &Asked, all: &[Value]) -> Reply {
    let size = 2;
    let at: usize = if asked.param("cursor").is_empty() { 0 } else { asked.param("cursor").parse().unwrap() };
    let mut messages: Vec<Value> = all.iter().skip(at).take(size).cloned().collect();
    if at > 0 {
        messages.insert(0, all[0].clone());
    }
    let next = if at + size < all.len() { (at + size).to_string() } else { String::new() };
    ok(
        json!({"messages": messages, "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next}}),
    )
}

/// A Slack with our bot and these messages.
pub(crate) async fn serving(messages: Vec<Value>) -> Server {
    Server::start(move |asked| match asked.path.as_str() {
        "/api/auth.test" => identity(),
        "/api/conversations.replies" | "/api/conversations.history" => paged(asked, &messages),
        other => panic!("unexpected {other}"),
    })
    .await
}

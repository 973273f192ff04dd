//! The stand-in through its HTTP interface, across restarts, and as our own client sees it.

use domain::{Clock, Target, ThreadState, Timestamp};
use http::Request;
use serde_json::{Value, json};
use slack::Config;

use super::{BOT, Fault, FaultRule, Note, Slack, SlackStandin, TEAM, USER};
use crate::kit::testing::{self, Answer, keeps_notes};

async fn send(slack: &SlackStandin, request: http::request::Builder, body: String) -> Answer {
    testing::send(slack.router(), request, body).await
}

async fn post(slack: &SlackStandin, method: &str, body: Value) -> Answer {
    let request = Request::post(format!("/api/{method}"))
        .header("authorization", "Bearer xoxb-1")
        .header("content-type", "application/json");
    send(slack, request, body.to_string()).await
}

async fn get(slack: &SlackStandin, path: &str) -> Value {
    let request = Request::get(format!("/api/{path}")).header("authorization", "Bearer xoxb-1");
    send(slack, request, String::new()).await.json()
}

async fn error(slack: &SlackStandin, method: &str, body: Value) -> String {
    let reply = post(slack, method, body).await;
    assert_eq!(reply.status, 200);
    let reply = reply.json();
    assert_eq!(reply["ok"], json!(false));
    reply["error"].as_str().unwrap().to_owned()
}

fn at(time: &str) -> SlackStandin {
    let time: Timestamp = time.parse().unwrap();
    SlackStandin::builder().clock(Clock::fixed(time)).build().unwrap()
}

#[tokio::test]
async fn a_message_is_posted_listed_and_shown() {
    let slack = at("2026-11-20T12:00:00.5Z");
    let metadata = json!({"event_type": "afterhook", "event_payload": {"task_id": "tsk_1"}});
    let body = json!({"channel": "C1", "text": "*Hi* <b>", "metadata": metadata});
    let made = post(&slack, "chat.postMessage", body).await.json();
    assert_eq!(json!([made["ok"], made["channel"], made["ts"]]), json!([true, "C1", "1795176000.500000"]));
    let listed = get(&slack, "conversations.history?channel=C1&include_all_metadata=true").await;
    let message = &listed["messages"][0];
    assert_eq!((&message["user"], &message["bot_id"]), (&json!(USER), &json!(BOT)));
    assert_eq!((&message["text"], &message["metadata"]), (&json!("*Hi* <b>"), &metadata));
    let listed = get(&slack, "conversations.history?channel=C1").await;
    assert!(listed["messages"][0].get("metadata").is_none(), "metadata is given to those who ask for it");
    let page = send(&slack, Request::get("/archives/C1/p1795176000500000"), String::new()).await;
    let text = page.text();
    assert!(text.contains("*Hi* &lt;b&gt;") && text.contains("id=\"1795176000.500000\""), "{text}");
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    assert!(send(&slack, Request::get("/"), String::new()).await.text().contains("/archives/C1"));
    assert_eq!(send(&slack, Request::get("/nowhere"), String::new()).await.status, 404);
}

#[tokio::test]
async fn threads_are_ascending_and_channels_descending_in_pages() {
    let slack = SlackStandin::new();
    let parent = slack.seed_message("C1", None, "U1", "parent").unwrap();
    for text in ["a", "b", "c"] {
        slack.seed_message("C1", Some(&parent), "U1", text).unwrap();
    }
    slack.seed_message("C1", None, "U1", "other").unwrap();
    let texts = |page: &Value| -> Vec<String> {
        page["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect()
    };
    let first = get(&slack, &format!("conversations.replies?channel=C1&ts={parent}&limit=3")).await;
    assert_eq!(json!([texts(&first), first["has_more"]]), json!([["parent", "a", "b"], true]));
    let cursor = first["response_metadata"]["next_cursor"].as_str().unwrap();
    let second =
        get(&slack, &format!("conversations.replies?channel=C1&ts={parent}&limit=3&cursor={cursor}")).await;
    assert_eq!((texts(&second), &second["response_metadata"]["next_cursor"]), (vec!["c".into()], &json!("")));
    let history = get(&slack, "conversations.history?channel=C1").await;
    assert_eq!(texts(&history), ["other", "parent"], "replies are in their threads");
    for bad in ["limit=0", "limit=1000", "limit=x", "cursor=bogus"] {
        let page = get(&slack, &format!("conversations.history?channel=C1&{bad}")).await;
        assert_eq!(page["ok"], json!(false), "{bad}");
    }
}

#[tokio::test]
async fn oldest_and_latest_bound_what_is_listed_but_for_the_parent_and_time_stamps_differ_at_the_same_moment()
{
    let slack = at("2026-11-20T12:00:00Z");
    let parent = slack.seed_message("C1", None, "U1", "parent").unwrap();
    let [a, b] = ["a", "b"].map(|text| slack.seed_message("C1", Some(&parent), "U1", text).unwrap());
    assert_eq!([&*parent, &*a, &*b], ["1795176000.000000", "1795176000.000001", "1795176000.000002"]);
    let count = async |bounds: &str| {
        let page = get(&slack, &format!("conversations.replies?channel=C1&ts={parent}&{bounds}")).await;
        page["messages"].as_array().unwrap().len()
    };
    assert_eq!(count("oldest=1795176000.000002").await, 1);
    assert_eq!(count("oldest=1795176000.000002&inclusive=true").await, 2);
    assert_eq!(count("latest=1795176000.000002").await, 2);
    assert_eq!(count("oldest=0").await, 3);
}

#[tokio::test]
async fn an_update_keeps_the_metadata_and_is_the_authors() {
    let slack = SlackStandin::new();
    let metadata = json!({"event_type": "afterhook", "event_payload": {}});
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "Approve?"}}]);
    let body = json!({"channel": "C1", "text": "x", "blocks": blocks, "metadata": metadata});
    let ts = post(&slack, "chat.postMessage", body).await.json()["ts"].clone();
    let update = json!({"channel": "C1", "ts": ts, "text": "done", "blocks": []});
    assert_eq!(post(&slack, "chat.update", update).await.json()["ok"], json!(true));
    let message = slack.notes("C1").remove(0);
    assert_eq!((message.text.as_str(), &message.extra["blocks"]), ("done", &Value::Null));
    assert_eq!(message.extra["edited"], true);
    assert_eq!(message.extra["metadata"], metadata);

    let theirs = slack.seed_message("C1", None, "U1", "mine").unwrap();
    let update = |ts: &str| json!({"channel": "C1", "ts": ts, "text": "x"});
    assert_eq!(error(&slack, "chat.update", update(&theirs)).await, "cant_update_message");
    assert_eq!(error(&slack, "chat.update", update("1.1")).await, "message_not_found");
}

#[tokio::test]
async fn what_slack_refuses_is_refused() {
    let slack = SlackStandin::new();
    for (body, code) in [
        (json!({"channel": "C1"}), "no_text"),
        (json!({"channel": "C1", "text": "é".repeat(40_001)}), "msg_too_long"),
        (json!({"channel": "#general", "text": "x"}), "channel_not_found"),
        (json!({"text": "x"}), "channel_not_found"),
        (json!({"channel": "C1", "text": "x", "thread_ts": "nonsense"}), "invalid_thread_ts"),
        (json!({"channel": "C1", "text": "x", "blocks": {}}), "invalid_blocks_format"),
        (json!({"channel": "C1", "text": "x", "blocks": [{}]}), "invalid_blocks"),
        (json!({"channel": "C1", "text": "x", "metadata": {"event_type": "a"}}), "invalid_metadata_format"),
        (json!([]), "json_not_object"),
    ] {
        assert_eq!(error(&slack, "chat.postMessage", body).await, code);
    }
    assert_eq!(error(&slack, "chat.nonsense", json!({})).await, "unknown_method");
    for (state, code) in [(ThreadState::Locked, "not_in_channel"), (ThreadState::Closed, "is_archived")] {
        slack.set_state("C1", state);
        assert_eq!(error(&slack, "chat.postMessage", json!({"channel": "C1", "text": "x"})).await, code);
    }
    for (token, code) in [("", "not_authed"), ("Bearer INVALID", "invalid_auth")] {
        let request = Request::post("/api/auth.test").header("authorization", token);
        assert_eq!(send(&slack, request, String::new()).await.json()["error"], code);
    }
    assert_eq!(slack.our_message_count(), 0);
}

#[tokio::test]
async fn arguments_may_come_as_a_form() {
    let slack = SlackStandin::new();
    let request =
        Request::post("/api/chat.postMessage").header("content-type", "application/x-www-form-urlencoded");
    let metadata = "%7B%22event_type%22%3A%22a%22%2C%22event_payload%22%3A%7B%7D%7D";
    let reply =
        send(&slack, request, format!("token=xoxb-1&channel=C1&text=a%20b&metadata={metadata}")).await;
    assert_eq!(reply.json()["ok"], json!(true), "{}", reply.text());
    assert_eq!(slack.notes("C1")[0].extra["metadata"], json!({"event_type": "a", "event_payload": {}}));
    assert!(!format!("{:?}", slack.requests()).contains("xoxb-1"), "credentials are not kept");
}

#[tokio::test]
async fn faults_are_told_in_slacks_words() {
    let slack = SlackStandin::new();
    let with = async |fault: Fault| {
        slack.set_faults(vec![FaultRule::always(fault).first(1)]);
        post(&slack, "auth.test", json!({})).await
    };
    let limited = with(Fault::RateLimited).await;
    assert_eq!((limited.status, limited.header("retry-after")), (429, "30"));
    assert_eq!(with(Fault::Status(503)).await.status, 503);
    assert_eq!(with(Fault::Refusal("not_in_channel")).await.json()["error"], "not_in_channel");
    assert_eq!(post(&slack, "auth.test", json!({})).await.status, 200);
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    let client = |config: &Config| {
        let config = Config { base_url: format!("{}/api", config.base_url), ..config.clone() };
        slack::Slack::new(&"xoxb-1".into(), &config, Clock::system()).unwrap()
    };
    let thread = |first: &Note| Target::SlackThread {
        team: TEAM.into(),
        channel: "C1".into(),
        thread_ts: first.id.clone(),
    };
    keeps_notes::<Slack, _>("C1", thread, ThreadState::Open, client).await;
}

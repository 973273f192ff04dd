//! Messages of blocks: posted and updated.

use domain::ServiceFailure;
use outbound::scripted::{Reply, Server};
use serde_json::json;
use slack::Posted;

use crate::support::{client, error, mark, ok, posted};

#[tokio::test]
async fn blocks_are_posted_with_a_text_for_notifications() {
    let server = Server::start(|_| posted()).await;
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "Approve?"}}]);
    let made = client(&server).post_blocks("C1", "A draft waits", &blocks, &mark("1")).await.unwrap();
    assert_eq!(made, Posted { channel: "C1".into(), ts: "1767323046.000200".into() });
    let body = server.asked()[0].json();
    assert_eq!((&body["blocks"], &body["text"]), (&blocks, &json!("A draft waits")));
    assert_eq!(body["metadata"]["event_payload"]["task_id"], json!(mark("1").task_id));
    assert!(body.get("thread_ts").is_none());
}

#[tokio::test]
async fn a_text_is_posted_to_a_channel() {
    let server = Server::start(|_| posted()).await;
    client(&server).post("C1", "# Summary", &mark("1")).await.unwrap();
    let body = server.asked()[0].json();
    assert_eq!(body["text"], "*Summary*");
    assert!(body.get("blocks").is_none());
}

#[tokio::test]
async fn an_update_names_its_message_and_is_never_in_doubt() {
    let place = Posted { channel: "C1".into(), ts: "1767323046.000200".into() };
    let server =
        Server::start(|_| ok(json!({"channel": "C1", "ts": "1767323046.000200", "text": "x"}))).await;
    client(&server).update(&place, "Approved by mona", &json!([])).await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.line(), "POST /api/chat.update");
    let expected =
        json!({"channel": "C1", "ts": "1767323046.000200", "text": "Approved by mona", "blocks": []});
    assert_eq!(asked.json(), expected);

    let server = Server::start(|_| Reply::json(502, json!({}))).await;
    let failed = client(&server).update(&place, "x", &json!([])).await.unwrap_err();
    assert_eq!(failed.failure, ServiceFailure::Later { after: None });
    let server = Server::start(|_| error("message_not_found")).await;
    let failed = client(&server).update(&place, "x", &json!([])).await.unwrap_err();
    assert_eq!(failed.failure, ServiceFailure::Refused);
}

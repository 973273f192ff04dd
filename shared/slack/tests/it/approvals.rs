//! Messages of blocks: posted and updated.

use std::sync::Arc;

use domain::{Approver, MessageRef, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::json;
use slack::{Approvals, Posted};

use crate::support::{client, error, mark, marked, ok, posted, serving, start};

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

#[tokio::test]
async fn a_word_to_one_person_names_them_and_is_escaped() {
    let server = Server::start(|_| ok(json!({"message_ts": "1767323046.000200"}))).await;
    let approvals = Approvals::new(Arc::new(client(&server)), "C1", None);
    approvals.tell("U2", "You may not <!channel>").await.unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(asked.line(), "POST /api/chat.postEphemeral");
    assert_eq!(asked.json(), json!({"channel": "C1", "user": "U2", "text": "You may not &lt;!channel&gt;"}));
    let refused = approvals.tell("mona", "x").await.unwrap_err();
    assert_eq!(refused.failure, ServiceFailure::Refused);
    assert_eq!(server.asked().len(), 1, "a name is never sent");
}

#[tokio::test]
async fn a_request_is_found_again_by_its_mark() {
    let server = serving(vec![marked("1767323046.000200", "U1", "B1", &mark("1"))]).await;
    let approvals = Approvals::new(Arc::new(client(&server)), "C1", None);
    let found = approvals.find(&mark("1"), start()).await.unwrap();
    assert_eq!(
        found,
        Some(MessageRef { place: "C1".into(), id: "1767323046.000200".into(), team: Some("T1".into()) })
    );
    assert_eq!(approvals.find(&mark("2"), start()).await.unwrap(), None);
}

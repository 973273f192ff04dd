//! `POST /tasks`: what is taken, what is refused, and what a repeated request comes to.

use std::time::Duration;

use axum::body::Body;
use console::TokenSource;
use domain::{Blob, Lane, PartKey, TaskId, TaskStatus, after};
use serde_json::{Value, json};

use crate::rig::{Answer, Rig, TOKENS, request, tokens};
use crate::unsteady::{Down, unsteady};

async fn create(rig: &Rig, body: &Value, key: Option<&str>) -> Answer {
    let mut request = request("POST", "/tasks", Body::from(body.to_string()));
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    if let Some(key) = key {
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
    }
    rig.send(request).await
}

#[track_caller]
fn accepted(answer: &Answer) -> domain::TaskId {
    let json = answer.json();
    assert_eq!((answer.status.as_u16(), &json["status"]), (202, &json!("accepted")), "{json}");
    json["task_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn task_is_stored_with_its_body_and_sent_to_the_lane_of_its_priority() {
    let rig = Rig::new();
    let body = json!({"source": "api", "prompt": "Say hello.", "priority": 1, "metadata": {"order": "7"},
                      "callback_url": "https://hooks.example.com/done"});
    let id = accepted(&create(&rig, &body, None).await);
    let task = rig.stored(&id).await;
    assert_eq!(task.control.status, TaskStatus::Received);
    assert_eq!((task.doc.source.as_str(), task.doc.event.as_str()), ("api", "task.requested"));
    assert_eq!((task.doc.actor.as_str(), task.doc.thread.as_str()), ("mona", id.as_str()));
    assert_eq!(task.doc.metadata["order"], "7");
    let blob = rig.stores.payloads.get(&id, &PartKey::payload()).await.unwrap().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&blob.unpack().unwrap()).unwrap(), body);
    assert_eq!(rig.drain_lane(Lane::Bulk).await, [id]);
    assert!(rig.drain_lane(Lane::Standard).await.is_empty() && rig.drain().await.is_empty());
}

#[tokio::test]
async fn a_task_of_the_api_counts_as_accepted_and_its_repetition_as_a_duplicate() {
    let (rig, recorded) = Rig::recorded();
    for _ in 0..2 {
        accepted(&create(&rig, &json!({"prompt": "Say hello."}), Some("order-7")).await);
    }
    // The first message was not taken yet, so the second request sent it again: no duplicate to anybody.
    assert_eq!(recorded.total("Accepted", &[]), 2.0);
    create(&rig, &json!({"prompt": "Say goodbye."}), Some("order-7")).await.problem(422, "key_reused");
    assert_eq!(recorded.total("Accepted", &[]), 2.0, "a refused one is none");
}

#[tokio::test]
async fn requests_without_a_key_are_tasks_of_their_own() {
    let rig = Rig::new();
    let body = json!({"prompt": "Say hello."});
    let ids = [accepted(&create(&rig, &body, None).await), accepted(&create(&rig, &body, None).await)];
    assert_ne!(ids[0], ids[1]);
    assert_eq!(rig.drain_lane(Lane::Standard).await.len(), 2);
}

#[tokio::test]
async fn a_key_makes_a_repeated_request_the_same_task_for_its_caller_alone() {
    let rig = Rig::new();
    let body = json!({"prompt": "Say hello.", "priority": 5});
    let id = accepted(&create(&rig, &body, Some("order-7")).await);
    assert_eq!(accepted(&create(&rig, &body, Some("order-7")).await), id);
    assert_ne!(accepted(&create(&rig, &body, Some("order-8")).await), id);
    let mut others = request("POST", "/tasks", Body::from(body.to_string()));
    others.headers_mut().insert("content-type", "application/json".parse().unwrap());
    others.headers_mut().insert("idempotency-key", "order-7".parse().unwrap());
    let token = format!("Bearer {}", TOKENS[1].1);
    others.headers_mut().insert("authorization", token.parse().unwrap());
    assert_ne!(accepted(&rig.send(others).await), id, "nobody learns of another's tasks by guessing keys");

    let other = json!({"prompt": "Say goodbye."});
    let detail = create(&rig, &other, Some("order-7")).await.problem(422, "key_reused");
    assert!(detail.contains("Idempotency-Key"), "{detail}");
}

#[tokio::test]
async fn a_repeated_request_whose_stored_body_is_damaged_is_accepted_all_the_same() {
    let rig = Rig::new();
    let id = TaskId::derive("api", b"key\0mona\0order-7");
    let damaged = Blob::from_packed(vec![1, 2, 3]);
    let (payloads, part) = (&rig.stores.payloads, PartKey::payload());
    payloads
        .put_new(&id, &part, &damaged, after(rig.watch.now(), Duration::from_secs(86_400)))
        .await
        .unwrap();
    let body = json!({"prompt": "Say hello."});
    for _ in 0..2 {
        assert_eq!(accepted(&create(&rig, &body, Some("order-7")).await), id);
    }
}

#[tokio::test]
async fn every_mistake_is_named_at_once_and_nothing_is_stored() {
    let rig = Rig::new();
    let body = json!({"source": "github", "priority": 9, "callback": "x", "metadata": []});
    let detail = create(&rig, &body, None).await.problem(422, "invalid_task");
    for part in ["`source`", "`priority`", "\"callback\"", "`metadata`", "`payload` must be there"] {
        assert!(detail.contains(part), "{part}: {detail}");
    }
    let elsewhere = json!({"prompt": "x", "callback_url": "https://evil.example/hooks.example.com"});
    let detail = create(&rig, &elsewhere, None).await.problem(422, "invalid_task");
    assert!(detail.contains("callback_hosts"), "{detail}");
    let under = json!({"prompt": "x", "callback_url": "https://a.hooks.example.com/"});
    create(&rig, &under, None).await.problem(422, "invalid_task");
    // As deep as that, no report of the task could be read back.
    let deep = (0..16).fold(json!(1), |inner, _| json!([inner]));
    let deep = json!({ "prompt": "x", "metadata": { "a": deep } });
    let detail = create(&rig, &deep, None).await.problem(422, "invalid_task");
    assert!(detail.contains("`metadata` nests deeper than 16 levels"), "{detail}");
    create(&rig, &json!([]), None).await.problem(400, "malformed");
    create(&rig, &json!({"prompt": "x"}), Some("")).await.problem(400, "malformed");
    assert_eq!(rig.get("/tasks").await.ok()["tasks"], json!([]));
}

#[tokio::test]
async fn without_a_token_nothing_is_taken() {
    let rig = Rig::new();
    let mut request = request("POST", "/tasks", Body::from(r#"{"prompt":"x"}"#));
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    request.headers_mut().remove("authorization");
    rig.send(request).await.problem(401, "unauthorized");
    assert_eq!(rig.get("/tasks").await.ok()["tasks"], json!([]));
}

#[tokio::test]
async fn what_could_not_be_stored_or_sent_is_503_and_a_repetition_completes_it() {
    for down in [Down::Tasks, Down::Payloads, Down::Queue] {
        let rig = Rig::with(TokenSource::fixed(&tokens(&TOKENS)), |stores| unsteady(stores, down));
        let body = json!({"prompt": "Say hello.", "priority": 5});
        let answer = create(&rig, &body, Some("k")).await;
        answer.problem(503, "unavailable");
        assert_eq!(answer.header("retry-after"), Some("5"), "{down:?}");
        assert!(rig.drain().await.is_empty());
        let mended = rig.mended();
        let id = accepted(&create(&mended, &body, Some("k")).await);
        assert_eq!(mended.drain().await, [id], "{down:?}");
    }
}

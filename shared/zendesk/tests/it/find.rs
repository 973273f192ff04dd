//! Finding our own comment again.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Publisher, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{ME, audit, client, mark, me, other_audit, page, start, target, ticket};

async fn serving(audits: Vec<Value>) -> Server {
    Server::start(move |asked| match asked.path.as_str() {
        "/api/v2/users/me.json" => me(),
        "/api/v2/tickets/7/audits.json" => page("audits", json!(audits), None),
        other => panic!("unexpected {other}"),
    })
    .await
}

async fn found(audits: Vec<Value>) -> Option<String> {
    let server = serving(audits).await;
    client(&server).find(&target(), &mark("1"), start()).await.unwrap().map(|proof| proof.id)
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_found_by_its_audit() {
    let written = AtomicBool::new(false);
    let server = Server::start(move |asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/api/v2/users/me.json") => me(),
        ("GET", "/api/v2/tickets/7.json") => ticket("open"),
        ("PUT", _) => {
            written.store(true, Ordering::SeqCst);
            Reply::json(502, json!({}))
        }
        _ if written.load(Ordering::SeqCst) => page("audits", json!([audit(2, ME, &mark("1"))]), None),
        _ => page("audits", json!([other_audit(1)]), None),
    })
    .await;
    let zendesk = client(&server);
    assert_eq!(zendesk.find(&target(), &mark("1"), start()).await.unwrap(), None);
    let error = zendesk.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert!(error.failure.is_in_doubt());
    let proof = zendesk.find(&target(), &mark("1"), start()).await.unwrap().unwrap();
    assert_eq!((proof.id, proof.url.unwrap()), ("21".to_owned(), format!("{}/agent/tickets/7", server.base)));
}

#[tokio::test]
async fn metadata_by_another_user_task_or_effect_proves_nothing() {
    let label = domain::Mark { effect: "label".into(), ..mark("1") };
    assert_eq!(found(vec![audit(2, 1, &mark("1"))]).await, None);
    assert_eq!(found(vec![audit(2, ME, &mark("2")), audit(3, ME, &label), other_audit(4)]).await, None);
}

#[tokio::test]
async fn an_audit_long_before_the_time_asked_for_proves_nothing() {
    let mut old = audit(2, ME, &mark("1"));
    old["created_at"] = json!("2026-01-02T02:59:04Z");
    assert_eq!(found(vec![old.clone()]).await, None);
    old["created_at"] = json!("2026-01-02T02:59:05Z");
    assert_eq!(found(vec![old]).await.as_deref(), Some("21"));
}

#[tokio::test]
async fn pages_are_asked_for_at_the_base_by_their_cursor() {
    let server = Server::start(|asked| match (asked.path.as_str(), asked.param("page[after]")) {
        ("/api/v2/users/me.json", _) => me(),
        (_, "") => page("audits", json!([other_audit(1)]), Some("two=")),
        (_, "two=") => page("audits", json!([audit(2, ME, &mark("1"))]), None),
        other => panic!("unexpected {other:?}"),
    })
    .await;
    assert!(client(&server).find(&target(), &mark("1"), start()).await.unwrap().is_some());
    assert_eq!(server.asked()[1].param("page[size]"), "100");
}

#[tokio::test]
async fn a_search_that_was_cut_short_is_not_taken_for_an_absence() {
    let server = Server::start(|asked| {
        if asked.path.ends_with("me.json") {
            me()
        } else {
            page("audits", json!([other_audit(1)]), Some("more"))
        }
    })
    .await;
    let error = client(&server).find(&target(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert_eq!(server.asked().len(), 31);
}

//! Finding our own message again.

use std::sync::atomic::{AtomicBool, Ordering};

use domain::{Publisher, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{THREAD, client, identity, mark, marked, message, ok, paged, serving, start, target};

const TS: &str = "1767323046.000200";

async fn found(messages: Vec<Value>) -> Option<String> {
    let server = serving(messages).await;
    client(&server).find(&target(), &mark("1"), start()).await.unwrap().map(|proof| proof.id)
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_by_its_metadata() {
    let written = AtomicBool::new(false);
    let server = Server::start(move |asked| match asked.path.as_str() {
        "/api/auth.test" => identity(),
        "/api/chat.postMessage" => {
            written.store(true, Ordering::SeqCst);
            Reply::json(502, json!({}))
        }
        _ if written.load(Ordering::SeqCst) => ok(json!({"messages": [marked(TS, "U1", "B1", &mark("1"))]})),
        _ => ok(json!({"messages": []})),
    })
    .await;
    let slack = client(&server);
    assert_eq!(slack.find(&target(), &mark("1"), start()).await.unwrap(), None);
    let error = slack.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert!(error.failure.is_in_doubt());
    let proof = slack.find(&target(), &mark("1"), start()).await.unwrap().unwrap();
    assert_eq!(proof.id, TS);
    assert!(proof.url.unwrap().starts_with("https://acme.slack.com/archives/C1/p1767323046000200"));
}

#[tokio::test]
async fn metadata_by_another_app_proves_nothing() {
    assert_eq!(found(vec![marked(TS, "U2", "B2", &mark("1"))]).await, None);
    assert_eq!(found(vec![marked(TS, "U2", "B1", &mark("1"))]).await.as_deref(), Some(TS));
}

#[tokio::test]
async fn another_task_effect_or_kind_of_metadata_proves_nothing() {
    let label = domain::Mark { effect: "label".into(), ..mark("1") };
    assert_eq!(found(vec![marked(TS, "U1", "B1", &mark("2")), marked(TS, "U1", "B1", &label)]).await, None);
    let mut other = marked(TS, "U1", "B1", &mark("1"));
    other["metadata"]["event_type"] = json!("another_app");
    assert_eq!(found(vec![other, message(TS, "U1", "no metadata")]).await, None);
}

#[tokio::test]
async fn every_page_is_looked_through_from_before_the_time_asked_for() {
    let mut messages: Vec<Value> =
        (0..5).map(|n| message(&format!("17673230{n}0.000001"), "U2", "x")).collect();
    messages.push(marked(TS, "U1", "B1", &mark("1")));
    let server = serving(messages).await;
    let slack = client(&server);
    assert_eq!(slack.find(&target(), &mark("1"), start()).await.unwrap().unwrap().id, TS);
    let pages: Vec<_> = server.asked().into_iter().filter(|asked| asked.path.ends_with("replies")).collect();
    assert_eq!(pages.iter().map(|asked| asked.param("cursor")).collect::<Vec<_>>(), ["", "2", "4"]);
    for page in pages {
        assert_eq!((page.param("channel"), page.param("ts")), ("C1", THREAD));
        assert_eq!((page.param("oldest"), page.param("inclusive")), ("1767322745.000000", "true"));
        assert_eq!(page.param("include_all_metadata"), "true");
    }
}

#[tokio::test]
async fn a_message_in_a_channel_is_found_without_a_thread() {
    let server = serving(vec![marked(TS, "U1", "B1", &mark("1"))]).await;
    let proof = client(&server).find_in_channel("C1", &mark("1"), start()).await.unwrap().unwrap();
    assert_eq!(proof.url.unwrap(), "https://acme.slack.com/archives/C1/p1767323046000200");
    assert_eq!(server.lines()[1], "GET /api/conversations.history");
    assert!(!server.asked()[1].query.contains_key("ts"));
}

#[tokio::test]
async fn a_search_that_was_cut_short_is_not_taken_for_an_absence() {
    let all: Vec<Value> = (0..100).map(|n| message(&format!("17673230{n:02}.000001"), "U2", "x")).collect();
    let server = Server::start(
        move |asked| {
            if asked.path == "/api/auth.test" { identity() } else { paged(asked, &all) }
        },
    )
    .await;
    let error = client(&server).find(&target(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert_eq!(server.asked().len(), 31);
}

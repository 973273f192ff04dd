//! Adding a note: once, or not at all, or said to be in doubt; and finding it again.

use std::time::Duration;

use domain::{Publisher, ServiceError, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{EMAIL, ME, NOTES, TOKEN, client, mark, marked, note, serving, start, target};

/// The failure of a note that is answered so; it was sent once.
async fn failed(status: u16, headers: &[(&'static str, &'static str)], body: Value) -> ServiceError {
    let headers = headers.to_vec();
    let server = Server::start(move |_| {
        let reply = Reply::json(status, body.clone());
        headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    })
    .await;
    let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(server.lines(), [format!("POST {NOTES}")], "sent once");
    error
}

#[tokio::test]
async fn a_note_is_written_in_the_name_of_a_user_and_carries_its_mark() {
    let server = Server::start(|_| Reply::json(200, json!({"note": note(9, ME, 4, "Hi")}))).await;
    let proof = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap();
    assert_eq!((proof.id.as_str(), proof.url), ("9", None));
    let asked = server.asked().remove(0);
    assert_eq!((asked.line(), asked.header("from")), (format!("POST {NOTES}"), EMAIL));
    assert_eq!(asked.header("authorization"), format!("Token token={TOKEN}"));
    assert_eq!(asked.header("accept"), "application/vnd.pagerduty+json;version=2");
    assert_eq!(asked.json(), json!({"note": {"content": format!("Hi\n\n<!-- {} -->", mark("1"))}}));
}

#[tokio::test]
async fn a_rate_limit_throttles_as_long_as_told() {
    let error = failed(429, &[("ratelimit-reset", "12")], json!({"error": {"message": "no"}})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(12) });
    let error = failed(429, &[], json!({"error": {"message": "no"}})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(60) });
}

#[tokio::test]
async fn it_is_found_by_its_mark_under_our_name() {
    let found = async |notes: Vec<Value>| {
        let server = serving(notes).await;
        client(&server).find(&target(), &mark("1"), start()).await.unwrap().map(|proof| proof.id)
    };
    let ours = marked(1, ME, &mark("1"));
    assert_eq!(found(vec![note(3, ME, 6, "x"), note(2, "mona", 5, "x"), ours]).await.as_deref(), Some("1"));
    assert_eq!(found(vec![marked(3, "mallory", &mark("2")), marked(2, ME, &mark("2"))]).await, None);
    let both = vec![marked(3, "mallory", &mark("1")), marked(2, ME, &mark("1"))];
    assert_eq!(found(both).await.as_deref(), Some("2"));
}

/// The address in PAGERDUTY_EMAIL may be another one since.
#[tokio::test]
async fn a_mark_under_another_name_leaves_it_open_whether_it_is_ours() {
    let server = serving(vec![marked(3, "somebody", &mark("1")), marked(2, ME, &mark("2"))]).await;
    let error = client(&server).find(&target(), &mark("1"), start()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
}

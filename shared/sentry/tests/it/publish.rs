//! Adding a comment: once, or not at all, or said to be in doubt; and finding it again.

use std::time::Duration;

use domain::{Publisher, ServiceError, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{COMMENTS, ME, TOKEN, client, mark, marked, me, note, serving, start, target};

/// The failure of a comment that is answered so; it was sent once.
async fn failed(status: u16, headers: &[(&'static str, &'static str)], body: Value) -> ServiceError {
    let headers = headers.to_vec();
    let server = Server::start(move |_| {
        let reply = Reply::json(status, body.clone());
        headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    })
    .await;
    let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(server.lines(), [format!("POST {COMMENTS}")], "sent once");
    error
}

#[tokio::test]
async fn a_comment_carries_its_mark_hidden() {
    let server = Server::start(|_| Reply::json(201, note(9, ME, 4, "Hi"))).await;
    let proof = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap();
    let url = format!("{}/organizations/harbor/issues/7/", server.base);
    assert_eq!((proof.id, proof.url), ("9".to_owned(), Some(url)));
    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.line(), asked.header("authorization")),
        (format!("POST {COMMENTS}"), &*format!("Bearer {TOKEN}"))
    );
    assert_eq!(asked.json(), json!({"text": format!("Hi\n\n<!-- {} -->", mark("1"))}));
}

/// A Sentry that has had the comment before, and lists these.
async fn repeated(comments: Vec<Value>) -> Result<String, ServiceFailure> {
    let server = Server::start(move |asked| match asked.method.as_str() {
        "POST" => Reply::json(400, json!({"detail": "You have already posted that comment."})),
        _ if asked.path == "/api/0/" => me(),
        _ => Reply::json(200, json!(comments)),
    })
    .await;
    let published = client(&server).publish(&target(), "Hi", &mark("1")).await;
    published.map(|proof| proof.id).map_err(|error| error.failure)
}

#[tokio::test]
async fn a_text_that_sentry_has_already_is_the_comment_of_an_earlier_request() {
    assert_eq!(repeated(vec![marked(8, ME, &mark("1"))]).await, Ok("8".to_owned()));
    assert_eq!(repeated(Vec::new()).await, Err(ServiceFailure::InDoubt));
}

#[tokio::test]
async fn a_rate_limit_throttles_as_long_as_told() {
    let error = failed(429, &[("retry-after", "12")], json!({"detail": "no"})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(12) });
    let error = failed(429, &[], json!({"detail": "no"})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(60) });
}

#[tokio::test]
async fn it_is_found_by_its_mark_under_our_name_alone() {
    let found = async |notes: Vec<Value>| {
        let server = serving(notes).await;
        client(&server).find(&target(), &mark("1"), start()).await.unwrap().map(|proof| proof.id)
    };
    let ours = marked(1, ME, &mark("1"));
    assert_eq!(found(vec![note(3, ME, 6, "x"), note(2, "mona", 5, "x"), ours]).await.as_deref(), Some("1"));
    assert_eq!(found(vec![marked(3, "mallory", &mark("1")), marked(2, ME, &mark("2"))]).await, None);
}

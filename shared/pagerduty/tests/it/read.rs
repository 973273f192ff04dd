//! Reading an incident: its notes, and whether it is resolved.

use domain::{Publisher, ServiceFailure, ThreadState};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{ME, NOTES, client, mark, marked, note, serving, target};

#[tokio::test]
async fn the_last_ones_come_oldest_first_with_their_authors_and_without_our_marks() {
    let mut anonymous = note(2, "x", 2, "two");
    anonymous["user"] = Value::Null;
    let notes =
        vec![note(5, "mona", 5, "five"), marked(4, ME, &mark("1")), note(3, "hubot", 3, "three"), anonymous];
    let server = serving(notes).await;
    let client = client(&server);
    let found = client.history(&target(), 3).await.unwrap();
    let seen: Vec<_> = found.iter().map(|c| (c.id.as_str(), c.ours, c.text.as_str())).collect();
    assert_eq!(seen, [("3", false, "three"), ("4", true, "Hello"), ("5", false, "five")]);
    assert_eq!((found[0].author.as_str(), found[0].at.as_second()), ("Name of hubot", 1_767_322_980));
    assert_eq!(client.history(&target(), 9).await.unwrap()[0].author, "unknown");
}

#[tokio::test]
async fn who_we_are_is_asked_once() {
    let server = serving(Vec::new()).await;
    let client = client(&server);
    assert_eq!(client.login().await.unwrap(), ME);
    assert!(client.history(&target(), 5).await.unwrap().is_empty());
    assert!(client.history(&target(), 0).await.unwrap().is_empty());
    assert_eq!(server.lines(), ["GET /users".to_owned(), format!("GET {NOTES}")]);
}

#[tokio::test]
async fn an_address_that_nobody_has_is_named() {
    let server = Server::start(|_| {
        Reply::json(200, json!({"users": [{"id": "P1", "email": "somebody@acme.example"}]}))
    })
    .await;
    let error = client(&server).login().await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::AccountRefused);
    assert!(error.message.contains("PAGERDUTY_EMAIL"), "{error}");
}

#[tokio::test]
async fn what_is_resolved_is_closed() {
    for (status, expected) in [
        ("triggered", ThreadState::Open),
        ("acknowledged", ThreadState::Open),
        ("resolved", ThreadState::Closed),
    ] {
        let server = Server::start(move |_| {
            Reply::json(200, json!({"incident": {"id": "PGR0VU2", "status": status}}))
        })
        .await;
        assert_eq!(client(&server).state(&target()).await.unwrap(), expected, "{status}");
        assert_eq!(server.lines(), ["GET /incidents/PGR0VU2"]);
    }
}

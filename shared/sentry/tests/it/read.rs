//! Reading an issue: its comments, and whether it is resolved.

use domain::{Publisher, ServiceFailure, ThreadState};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{COMMENTS, ME, client, mark, marked, me, note, serving, target};

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
    assert_eq!(server.lines(), ["GET /api/0/".to_owned(), format!("GET {COMMENTS}")]);
}

#[tokio::test]
async fn a_token_of_nobody_is_refused() {
    let server = Server::start(|_| Reply::json(200, json!({"version": "0", "user": null}))).await;
    let error = client(&server).login().await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::AccountRefused);
    assert!(error.message.contains("integration"), "{error}");
}

#[tokio::test]
async fn what_is_resolved_is_closed() {
    for (status, expected) in
        [("unresolved", ThreadState::Open), ("ignored", ThreadState::Open), ("resolved", ThreadState::Closed)]
    {
        let server = Server::start(move |_| Reply::json(200, json!({"id": "7", "status": status}))).await;
        assert_eq!(client(&server).state(&target()).await.unwrap(), expected, "{status}");
        assert_eq!(server.lines(), ["GET /api/0/organizations/harbor/issues/7/"]);
    }
}

#[tokio::test]
async fn an_issue_that_is_not_found_is_told_by_whether_our_account_sees_its_organization() {
    for (status, expected) in [
        (200, ServiceFailure::Closed),
        (404, ServiceFailure::AccountRefused),
        (502, ServiceFailure::Later { after: None }),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/api/0/" => me(),
            "/api/0/organizations/harbor/issues/" => Reply::json(status, json!([])),
            _ => Reply::json(404, json!({"detail": "The requested resource does not exist"})),
        })
        .await;
        let sentry = client(&server);
        for error in [
            sentry.state(&target()).await.unwrap_err(),
            sentry.history(&target(), 5).await.unwrap_err(),
            sentry.publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
        ] {
            assert_eq!(error.failure, expected, "{error}");
        }
    }
}

//! Reading an issue: its comments, and whether it is still open.

use domain::{Publisher, ServiceFailure, ThreadState};
use outbound::scripted::Server;
use serde_json::{Value, json};

use crate::support::{ISSUE, ME, client, comment, data, failed, field, target, thread, viewer};

/// A Linear with these comments, on pages of two.
async fn serving(comments: Vec<Value>) -> Server {
    Server::start(move |asked| {
        if field(asked) == "viewer" {
            return viewer();
        }
        let variables = asked.json()["variables"].clone();
        assert_eq!(variables["id"], ISSUE);
        let start: usize = variables["after"].as_str().map_or(0, |after| after.parse().unwrap());
        let nodes: Vec<&Value> = comments.iter().skip(start).take(2).collect();
        let page = json!({"hasNextPage": start + 2 < comments.len(), "endCursor": (start + 2).to_string()});
        data(json!({"issue": {"comments": {"nodes": nodes, "pageInfo": page}}}))
    })
    .await
}

#[tokio::test]
async fn the_last_comments_come_oldest_first_with_their_authors() {
    let mut all = vec![
        comment("5", "mona", 5, "five"),
        comment("4", ME, 4, "four"),
        comment("3", "hubot", 3, "three"),
        comment("2", "mona", 2, "two"),
    ];
    for _ in 0..2 {
        let server = serving(all.clone()).await;
        let comments = client(&server).history(&target(), 3).await.unwrap();
        let seen: Vec<_> = comments.iter().map(|c| (c.id.as_str(), c.ours, c.text.as_str())).collect();
        assert_eq!(seen, [("3", false, "three"), ("4", true, "four"), ("5", false, "five")]);
        assert_eq!(
            (comments[0].author.as_str(), comments[0].at.to_string()),
            ("Name of hubot", "2026-01-02T03:03:00Z".into())
        );
        all.reverse();
    }
}

#[tokio::test]
async fn what_people_see_of_a_comment_is_not_hidden_from_the_model() {
    let server = serving(vec![comment("1", "x", 1, "a <!-- b --> c")]).await;
    let comments = client(&server).history(&target(), 5).await.unwrap();
    assert_eq!(comments[0].text, "a &lt;!-- b --> c");
}

#[tokio::test]
async fn the_history_of_a_thread_is_its_first_comment_and_the_replies_to_it() {
    let mut reply = comment("3", ME, 3, "reply");
    reply["parent"] = json!({"id": "1"});
    let mut elsewhere = comment("4", "mona", 4, "elsewhere");
    elsewhere["parent"] = json!({"id": "2"});
    let all = vec![elsewhere, reply, comment("2", "mona", 2, "another"), comment("1", "mona", 1, "first")];
    let server = serving(all).await;
    let linear = client(&server);
    let ids = |comments: Vec<domain::Comment>| comments.into_iter().map(|c| c.id).collect::<Vec<_>>();
    assert_eq!(ids(linear.history(&thread("1"), 5).await.unwrap()), ["1", "3"]);
    assert_eq!(ids(linear.history(&target(), 5).await.unwrap()), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn who_we_are_is_asked_once() {
    let server = serving(Vec::new()).await;
    let linear = client(&server);
    assert_eq!(linear.login().await.unwrap(), ME);
    assert!(linear.history(&target(), 5).await.unwrap().is_empty());
    assert!(linear.history(&target(), 0).await.unwrap().is_empty());
    assert_eq!(server.asked().iter().map(field).collect::<Vec<_>>(), ["viewer", "issue"]);
}

#[tokio::test]
async fn an_application_is_an_author_too() {
    let mut by_bot = comment("1", "x", 1, "Hi");
    by_bot["user"] = Value::Null;
    by_bot["botActor"] = json!({"id": null, "name": "Sentry"});
    let server = serving(vec![by_bot]).await;
    let comments = client(&server).history(&target(), 5).await.unwrap();
    assert_eq!((comments[0].author.as_str(), comments[0].ours), ("Sentry", false));
}

#[tokio::test]
async fn an_issue_that_is_done_is_closed_and_one_that_was_put_away_is_locked() {
    let state = |kind: &str| json!({"archivedAt": null, "trashed": null, "state": {"type": kind}});
    let with = |field: &str, value: Value| {
        let mut issue = state("started");
        issue[field] = value;
        issue
    };
    for (issue, expected) in [
        (state("triage"), ThreadState::Open),
        (state("started"), ThreadState::Open),
        (state("completed"), ThreadState::Closed),
        (state("canceled"), ThreadState::Closed),
        (with("archivedAt", json!("2026-01-01T00:00:00.000Z")), ThreadState::Locked),
        (with("trashed", json!(true)), ThreadState::Locked),
    ] {
        let answer = json!({"issue": issue});
        let server = Server::start(move |_| data(answer.clone())).await;
        assert_eq!(client(&server).state(&target()).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn an_issue_that_our_account_does_not_see_is_out_of_its_reach() {
    let server = Server::start(|_| failed(400, "Entity not found: Issue", "INPUT_ERROR")).await;
    let error = client(&server).state(&target()).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::PlaceRefused);
    assert!(error.message.contains("private team"), "{error}");
}

//! Discussions, by GraphQL.

use axum::Json;
use domain::{Publisher, ServiceFailure, Target, ThreadState};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server, user};
use crate::support::{mark, start, with_token};

fn discussion(reply_to: Option<&str>) -> Target {
    Target::GithubDiscussion {
        owner: "octo".into(),
        repo: "hello".into(),
        number: 12,
        id: "D_1".into(),
        reply_to: reply_to.map(str::to_owned),
    }
}

fn said(id: u64, kind: &str, login: &str, body: &str) -> Value {
    json!({
        "databaseId": id, "body": body, "createdAt": "2026-01-02T03:04:05Z", "url": format!("https://x/{id}"),
        "author": {"__typename": kind, "login": login},
    })
}

fn page(nodes: &[Value]) -> Value {
    json!({"pageInfo": {"hasPreviousPage": false, "startCursor": null}, "nodes": nodes})
}

/// A GitHub whose GraphQL answers as `answer` says to a query and its variables.
async fn serving(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Server {
    Server::start(move |asked: &Asked| -> Reply {
        if asked.path == "/user" {
            return user();
        }
        assert_eq!(asked.line(), "POST /graphql");
        let body = asked.json();
        Json(answer(body["query"].as_str().unwrap(), &body["variables"])).into()
    })
    .await
}

fn node(node: Value) -> Value {
    json!({"data": {"node": node}})
}

/// What a comment of the first level, and an answer below it, say of where they hang.
fn place(id: &str) -> Value {
    match id {
        "DC_answer" => node(json!({"id": "DC_answer", "replyTo": {"id": "DC_top"}})),
        id => node(json!({"id": id, "replyTo": null})),
    }
}

#[tokio::test]
async fn an_answer_hangs_on_the_comment_of_the_first_level() {
    for (reply_to, expected) in
        [(None, json!(null)), (Some("DC_top"), json!("DC_top")), (Some("DC_answer"), json!("DC_top"))]
    {
        let server = serving(|query, variables| match variables["id"].as_str() {
            Some(id) => place(id),
            None => {
                assert!(query.starts_with("mutation"), "{query}");
                json!({"data": {"addDiscussionComment": {"comment": {"databaseId": 42, "url": "https://x/42"}}}})
            }
        })
        .await;
        let proof = with_token(&server).publish(&discussion(reply_to), "Hi", &mark("1")).await.unwrap();
        assert_eq!((proof.id.as_str(), proof.url.as_deref()), ("42", Some("https://x/42")));
        let sent = server.asked().pop().unwrap().json()["variables"].clone();
        let body = format!("Hi\n\n<!-- {} -->", mark("1"));
        assert_eq!(sent, json!({"discussion": "D_1", "body": body, "replyTo": expected}));
    }
}

#[tokio::test]
async fn our_comment_is_found_by_its_mark_and_our_account_with_or_without_the_bots_suffix() {
    let ours = format!("Hi\n\n<!-- {} -->", mark("1"));
    for (kind, login, found) in
        [("User", "afterhook-agent", true), ("User", "mallory", false), ("Bot", "afterhook-agent", false)]
    {
        let ours = ours.clone();
        let server =
            serving(move |_, _| node(json!({"comments": page(&[said(42, kind, login, &ours)])}))).await;
        let proof = with_token(&server).find(&discussion(None), &mark("1"), start()).await.unwrap();
        assert_eq!(proof.is_some(), found, "{kind} {login}");
    }
}

#[tokio::test]
async fn the_history_of_an_answer_is_the_thread_that_it_stands_in() {
    let server = serving(|query, variables| {
        if query.contains("replyTo{id}") {
            return place(variables["id"].as_str().unwrap());
        }
        assert_eq!(variables["id"], json!("DC_top"));
        let mut top = said(1, "User", "mona", "How?");
        top["replies"] =
            page(&[said(2, "User", "jonah", "Me too"), said(3, "User", "afterhook-agent", "So.")]);
        node(top)
    })
    .await;
    let history = with_token(&server).history(&discussion(Some("DC_answer")), 5).await.unwrap();
    let seen: Vec<_> = history.iter().map(|c| (c.id.as_str(), c.text.as_str(), c.ours)).collect();
    assert_eq!(seen, [("1", "How?", false), ("2", "Me too", false), ("3", "So.", true)]);
}

#[tokio::test]
async fn a_lock_and_an_archived_repository_count_before_a_close() {
    for (locked, closed, archived, expected) in [
        (false, false, false, ThreadState::Open),
        (false, true, false, ThreadState::Closed),
        (true, true, false, ThreadState::Locked),
        (false, false, true, ThreadState::Locked),
    ] {
        let answer = json!({"locked": locked, "closed": closed, "repository": {"isArchived": archived}});
        let server = serving(move |_, _| node(answer.clone())).await;
        assert_eq!(with_token(&server).state(&discussion(None)).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn errors_in_a_success_say_what_happened() {
    for (kind, message, failure) in [
        ("RATE_LIMITED", "API rate limit exceeded", None),
        ("FORBIDDEN", "Repository was archived so is read-only.", Some(ServiceFailure::Closed)),
        ("FORBIDDEN", "Resource not accessible by integration", Some(ServiceFailure::AccountRefused)),
        ("INSUFFICIENT_SCOPES", "Your token lacks: write:discussion", Some(ServiceFailure::AccountRefused)),
        (
            "UNPROCESSABLE",
            "could not be created. Interactions on this repository have been restricted to collaborators only.",
            Some(ServiceFailure::AccountRefused),
        ),
        ("", "Something went wrong while executing your query.", Some(ServiceFailure::InDoubt)),
    ] {
        let server =
            serving(move |_, _| json!({"data": null, "errors": [{"type": kind, "message": message}]})).await;
        let error = with_token(&server).publish(&discussion(None), "Hi", &mark("1")).await.unwrap_err();
        match failure {
            Some(expected) => assert_eq!(error.failure, expected, "{message}"),
            None => assert!(matches!(error.failure, ServiceFailure::Throttled { .. }), "{error}"),
        }
        assert!(error.message.contains(message), "{error}");
    }
}

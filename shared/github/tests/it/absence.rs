//! A 404 is about a thread that is gone, or about a repository that our credentials do not reach.

use axum::Json;
use axum::http::StatusCode;
use domain::{Clock, Labels, Publisher, ServiceError, ServiceFailure, Target, Timestamp};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server};
use crate::support::{issue, mark, start, with_app, with_token};

fn answer(status: u16, body: Value) -> Reply {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into()
}

fn not_found() -> Reply {
    answer(404, json!({"message": "Not Found"}))
}

fn review() -> Target {
    Target::GithubReview { owner: "octo".into(), repo: "hello".into(), number: 7, comment: 30 }
}

/// A GitHub that finds nothing but the account and what is at these paths.
async fn with(there: &'static [(&'static str, u16)]) -> Server {
    Server::start(move |asked: &Asked| {
        if asked.line() == "GET /user" {
            return answer(200, json!({"login": "afterhook"}));
        }
        let found = there.iter().find(|(path, _)| asked.line() == format!("GET {path}"));
        found.map_or_else(not_found, |(_, status)| answer(*status, json!({"message": "It is slow"})))
    })
    .await
}

const REPOSITORY: &str = "/repos/octo/hello";

async fn reads(server: &Server, target: &Target) -> Vec<ServiceError> {
    let github = with_token(server);
    let mut errors = vec![
        github.state(target).await.unwrap_err(),
        github.history(target, 5).await.unwrap_err(),
        github.find(target, &mark("1"), Timestamp::UNIX_EPOCH).await.unwrap_err(),
    ];
    errors.push(Labels::list(&github, target).await.unwrap_err());
    errors
}

async fn writes(server: &Server, target: &Target) -> Vec<ServiceError> {
    let github = with_token(server);
    vec![
        github.publish(target, "Hi", &mark("1")).await.unwrap_err(),
        Labels::add(&github, target, &["bug".to_owned()]).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn a_thread_that_is_not_found_in_a_repository_that_is_ends_alone() {
    for target in [issue(), review()] {
        let server = with(&[(REPOSITORY, 200)]).await;
        for error in reads(&server, &target).await.into_iter().chain(writes(&server, &target).await) {
            assert_eq!(error.failure, ServiceFailure::Closed, "{error}");
        }
    }
}

#[tokio::test]
async fn a_repository_that_is_not_found_keeps_its_tasks_until_it_is_reached() {
    let server = with(&[]).await;
    for error in reads(&server, &issue()).await.into_iter().chain(writes(&server, &issue()).await) {
        assert_eq!(error.failure, ServiceFailure::AccountRefused, "{error}");
        assert!(error.message.contains("give the token access to the repository"), "{error}");
    }
}

#[tokio::test]
async fn whoever_sees_the_thread_and_is_told_that_it_is_not_there_may_not_write() {
    for (target, path) in
        [(issue(), "/repos/octo/hello/issues/7"), (review(), "/repos/octo/hello/pulls/comments/30")]
    {
        let there: &'static [_] = Box::leak(Box::new([(path, 200), (REPOSITORY, 200)]));
        let server = with(there).await;
        let error = with_token(&server).publish(&target, "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::AccountRefused, "{error}");
        assert!(error.message.contains("`public_repo`"), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_told_now_is_asked_later() {
    let server = with(&[(REPOSITORY, 502)]).await;
    for error in reads(&server, &issue()).await.into_iter().chain(writes(&server, &issue()).await) {
        assert_eq!(error.failure, ServiceFailure::Later { after: None }, "{error}");
    }
}

#[tokio::test]
async fn an_app_that_is_not_installed_there_waits_until_it_is() {
    let server = with(&[]).await;
    let app = with_app(&server, Clock::fixed(start()));
    for error in
        [app.state(&issue()).await.unwrap_err(), app.publish(&issue(), "Hi", &mark("1")).await.unwrap_err()]
    {
        assert_eq!(error.failure, ServiceFailure::AccountRefused, "{error}");
        assert!(error.message.contains("install the app"), "{error}");
    }
}

#[tokio::test]
async fn a_discussion_is_told_apart_likewise() {
    let target = Target::GithubDiscussion {
        owner: "octo".into(),
        repo: "hello".into(),
        number: 7,
        id: "D_1".into(),
        reply_to: None,
    };
    for (status, expected) in [
        (200, ServiceFailure::Closed),
        (404, ServiceFailure::AccountRefused),
        (502, ServiceFailure::Later { after: None }),
    ] {
        for said in [
            json!({"data": null, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a node"}]}),
            json!({"data": {"node": null, "addDiscussionComment": null}}),
        ] {
            let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
                "/graphql" => answer(200, said.clone()),
                _ => answer(status, json!({"message": "x"})),
            })
            .await;
            let github = with_token(&server);
            assert_eq!(github.state(&target).await.unwrap_err().failure, expected, "{status}");
            let error = github.publish(&target, "Hi", &mark("1")).await.unwrap_err();
            assert_eq!(error.failure, expected, "{status}");
        }
    }
}

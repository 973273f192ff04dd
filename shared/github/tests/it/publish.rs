//! Writing a comment: once, or not at all, or said to be in doubt.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use domain::{Publisher, ServiceError, ServiceFailure};
use serde_json::json;

use crate::github::{Asked, Reply, Server, comment, problem};
use crate::support::{impatient, issue, mark, start, with_token};

const POST: &str = "POST /repos/octo/hello/issues/7/comments";

fn created(asked: &Asked) -> Reply {
    let body = asked.json()["body"].as_str().unwrap().to_owned();
    (StatusCode::CREATED, Json(comment(42, "afterhook-agent", &body))).into()
}

/// The failure of a publication that is answered with `status`, and how often it was asked for.
async fn refused_with(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    message: &'static str,
) -> ServiceError {
    let server = Server::start(move |_| problem(status, headers, message).into()).await;
    let error = with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    // What it asks besides only looks.
    assert_eq!(
        server.lines().iter().filter(|line| line.starts_with("POST")).collect::<Vec<_>>(),
        [POST],
        "sent once"
    );
    error
}

#[tokio::test]
async fn a_comment_carries_its_mark_and_proves_itself() {
    let server = Server::start(created).await;
    let proof = with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap();
    assert_eq!(proof.id, "42");
    assert_eq!(proof.url.unwrap(), "https://github.com/octo/hello/issues/7#issuecomment-42");
    let asked = server.asked().remove(0);
    assert_eq!(asked.line(), POST);
    assert_eq!(asked.header("content-type"), "application/json");
    assert_eq!(asked.json(), json!({"body": format!("Hi\n\n<!-- afterhook:{} -->", mark("1").task_id)}));
}

#[tokio::test]
async fn a_marker_in_the_text_is_made_visible() {
    let server = Server::start(created).await;
    let text = format!("See <!-- {} -->", mark("2"));
    with_token(&server).publish(&issue(), &text, &mark("1")).await.unwrap();
    let body = server.asked()[0].json()["body"].as_str().unwrap().to_owned();
    assert_eq!(body.matches("<!--").count(), 1, "{body}");
    assert!(body.starts_with("See &lt;!-- afterhook:"), "{body}");
}

#[tokio::test]
async fn a_body_is_never_longer_than_github_takes() {
    let server = Server::start(created).await;
    with_token(&server).publish(&issue(), &"a".repeat(100_000), &mark("1")).await.unwrap();
    let body = server.asked()[0].json()["body"].as_str().unwrap().to_owned();
    assert!(body.chars().count() <= 65_536);
    assert!(body.contains('…') && body.ends_with(&format!("<!-- {} -->", mark("1"))));
}

#[tokio::test]
async fn refusals_are_final() {
    for (status, failure) in [
        (400, ServiceFailure::Refused),
        (401, ServiceFailure::AccountRefused),
        (403, ServiceFailure::Refused),
        (404, ServiceFailure::AccountRefused),
        (422, ServiceFailure::Refused),
    ] {
        let error = refused_with(status, &[], "no").await;
        assert_eq!(error.failure, failure, "{status}");
        assert!(error.to_string().starts_with(&format!("github: create a comment: HTTP {status}: no")));
    }
}

#[tokio::test]
async fn server_errors_leave_it_in_doubt() {
    for status in [500, 502, 503, 504] {
        assert!(refused_with(status, &[], "oops").await.failure.is_in_doubt(), "{status}");
    }
}

#[tokio::test]
async fn a_503_with_a_time_means_later() {
    let after = Some(Duration::from_secs(20));
    let error = refused_with(503, &[("retry-after", "20")], "maintenance").await;
    assert_eq!(error.failure, ServiceFailure::Later { after });
}

#[tokio::test]
async fn rate_limits_of_every_form_throttle() {
    let reset = start().as_second() + 100;
    let reset: &'static str = Box::leak(reset.to_string().into_boxed_str());
    let primary: &'static [_] =
        Box::leak(Box::new([("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)]));
    for (status, headers, message, seconds) in [
        (403, primary, "API rate limit exceeded for user ID 1.", 101),
        (429, primary, "API rate limit exceeded for user ID 1.", 101),
        (403, &[("retry-after", "30")][..], "You have exceeded a secondary rate limit.", 30),
        (429, &[("retry-after", "30")], "", 30),
        (403, &[], "You have exceeded a secondary rate limit.", 60),
        (429, &[], "", 60),
    ] {
        let after = Duration::from_secs(seconds);
        let error = refused_with(status, headers, message).await;
        assert_eq!(error.failure, ServiceFailure::Throttled { after }, "{status} {headers:?} {message}");
    }
}

#[tokio::test]
async fn a_time_out_leaves_it_in_doubt() {
    let server = Server::start(|_| Reply::Hang).await;
    let github = impatient(&server, Duration::from_millis(300));
    let error = github.publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
    assert_eq!(server.lines(), [POST]);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_leaves_it_in_doubt() {
    let server = Server::start(|_| (StatusCode::CREATED, "{\"id\":").into_response().into()).await;
    let error = with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_with_the_same_request() {
    for status in [301, 302, 307, 308] {
        let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
            "/repositories/1/issues/7/comments" => created(asked),
            _ => problem(status, &[("location", "/repositories/1/issues/7/comments")], "Moved").into(),
        })
        .await;
        with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap();
        let asked = server.asked();
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[1].method, "POST");
        assert_eq!(asked[0].body, asked[1].body);
    }
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let here = "/repos/octo/hello/issues/7/comments";
    let server = Server::start(move |_| problem(307, &[("location", here)], "Moved").into()).await;
    let error = with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Refused);
    assert_eq!(server.asked().len(), 4);
}

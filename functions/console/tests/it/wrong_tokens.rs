//! Guessing: it is counted, throttled, and costs nobody else anything.

use std::time::Duration;

use axum::body::Body;
use console::TokenSource;
use domain::Stores;
use http::Request;

use crate::rig::{Answer, Rig, TOKENS, form_request, tokens};

const RIGHT: &str = TOKENS[1].1;
const MAX: usize = 20;

async fn ask(rig: &Rig, token: &str) -> Answer {
    let request = Request::get("/tasks").header("authorization", format!("Bearer {token}"));
    rig.send(request.body(Body::empty()).unwrap()).await
}

async fn log_in(rig: &Rig, token: &str) -> u16 {
    rig.send(form_request("/ui/login", &format!("token={token}"), None)).await.status.as_u16()
}

#[tokio::test]
async fn guesses_at_the_api_and_at_the_login_are_counted_together() {
    let rig = Rig::new();
    for round in 0..MAX / 2 {
        ask(&rig, &format!("guess-{round}")).await.problem(401, "unauthorized");
        assert_eq!(log_in(&rig, &format!("guess-{round}")).await, 401);
    }
    let refused = ask(&rig, "one-more").await;
    refused.problem(429, "throttled");
    assert_eq!(refused.header("retry-after"), Some("300"));
    assert_eq!(log_in(&rig, "one-more").await, 429);
}

#[tokio::test]
async fn a_right_token_is_let_in_however_often_others_have_guessed() {
    let rig = Rig::new();
    for _ in 0..=MAX {
        ask(&rig, "guess").await;
    }
    ask(&rig, "guess").await.problem(429, "throttled");
    ask(&rig, RIGHT).await.ok();
    assert_eq!(log_in(&rig, RIGHT).await, 303);
    assert_eq!(rig.page("/").await.status, 200);
}

#[tokio::test]
async fn guesses_are_forgotten_after_five_minutes() {
    let rig = Rig::new();
    for _ in 0..=MAX {
        ask(&rig, "guess").await;
    }
    ask(&rig, "guess").await.problem(429, "throttled");
    rig.watch.advance(Duration::from_secs(300));
    ask(&rig, "guess").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_request_without_a_token_is_no_guess_and_a_right_token_is_none_either() {
    let rig = Rig::new();
    for _ in 0..2 * MAX {
        rig.send(Request::get("/tasks").body(Body::empty()).unwrap()).await.problem(401, "unauthorized");
        ask(&rig, RIGHT).await.ok();
    }
    ask(&rig, "guess").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn guesses_that_cannot_be_counted_are_not_answered_and_right_tokens_are() {
    let down = |stores: Stores| Stores { state: std::sync::Arc::new(crate::unsteady::NoState), ..stores };
    let rig = Rig::with(TokenSource::fixed(&tokens(&TOKENS)), down);
    ask(&rig, "guess").await.problem(503, "unavailable");
    ask(&rig, RIGHT).await.ok();
}

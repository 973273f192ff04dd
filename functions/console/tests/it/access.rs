//! Who gets in, and what those hear who do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::body::Body;
use console::TokenSource;
use futures::FutureExt;
use http::{HeaderValue, Request};
use serde_json::json;
use settings::{ConsoleToken, Roles};

use crate::rig::{Answer, Rig, TOKENS, tokens};

const ROUTES: [(&str, &str); 11] = [
    ("GET", "/tasks"),
    ("GET", "/deliveries"),
    ("GET", "/models"),
    ("GET", "/versions"),
    ("GET", "/tasks/tsk_0"),
    ("GET", "/tasks/tsk_0/transcript"),
    ("GET", "/tasks/tsk_0/payload"),
    ("GET", "/tasks/tsk_0/documents"),
    ("POST", "/tasks/tsk_0/approve"),
    ("POST", "/tasks/tsk_0/reject"),
    ("POST", "/tasks/tsk_0/retry"),
];

async fn ask(rig: &Rig, authorization: &[&str]) -> Answer {
    let mut request = Request::get("/tasks").body(Body::empty()).unwrap();
    for value in authorization {
        request.headers_mut().append("authorization", HeaderValue::from_str(value).unwrap());
    }
    rig.send(request).await
}

#[tokio::test]
async fn no_route_answers_without_a_token() {
    let rig = Rig::new();
    for (method, path) in ROUTES {
        let request = Request::builder().method(method).uri(path).body(Body::from("{}")).unwrap();
        let answer = rig.send(request).await;
        answer.problem(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="afterhook""#));
    }
}

#[tokio::test]
async fn token_of_each_line_is_let_in() {
    let rig = Rig::new();
    for (_, token) in TOKENS {
        ask(&rig, &[&format!("Bearer {token}")]).await.ok();
        ask(&rig, &[&format!("bearer {token}")]).await.ok();
    }
}

#[tokio::test]
async fn anything_but_one_whole_token_is_refused() {
    let rig = Rig::new();
    let whole = format!("Bearer {}", TOKENS[1].1);
    let cut = &whole[..whole.len() - 1];
    let longer = format!("{whole}x");
    let basic = format!("Basic {}", TOKENS[1].1);
    for wrong in
        [&[cut][..], &[&longer], &[&basic], &[TOKENS[1].1], &["Bearer "], &["Bearer"], &["Bearer lisa"]]
    {
        ask(&rig, wrong).await.problem(401, "unauthorized");
    }
    ask(&rig, &[&whole, &whole]).await.problem(401, "unauthorized");
    ask(&rig, &[&whole]).await.ok();
}

#[tokio::test]
async fn console_without_tokens_lets_nobody_in_and_says_why() {
    let short = |token: &str| ConsoleToken {
        name: "nobody".to_owned(),
        roles: Roles::ALL,
        token: token.to_owned().into(),
    };
    // One that can be guessed is none, whoever made it.
    for source in [vec![], vec![short("")], vec![short("x"), short("a-token-of-31-characters-in-all")]] {
        let rig = Rig::with(TokenSource::fixed(&source), |stores| stores);
        for wrong in [&["Bearer "][..], &["Bearer x"], &[]] {
            let detail = ask(&rig, wrong).await.problem(503, "no_tokens");
            assert!(detail.contains("CONSOLE_TOKEN"), "{detail}");
        }
    }
}

#[tokio::test]
async fn kept_tokens_are_asked_for_every_time() {
    let (asked, lisa_is_out) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, out) = (Arc::clone(&asked), Arc::clone(&lisa_is_out));
    let source = TokenSource::kept(Box::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
        let kept = if out.load(Ordering::SeqCst) { &TOKENS[..1] } else { &TOKENS[..] };
        std::future::ready(Ok(tokens(kept))).boxed()
    }));
    let rig = Rig::with(source, |stores| stores);
    ask(&rig, &["Bearer the-token-of-lisa-that-nobody-guesses"]).await.ok();
    ask(&rig, &["Bearer another"]).await.problem(401, "unauthorized");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    lisa_is_out.store(true, Ordering::SeqCst);
    ask(&rig, &["Bearer the-token-of-lisa-that-nobody-guesses"]).await.problem(401, "unauthorized");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn tokens_that_cannot_be_read_are_503_and_never_401() {
    let source = TokenSource::kept(Box::new(|| async { Err("no answer".to_owned()) }.boxed()));
    let rig = Rig::with(source, |stores| stores);
    let answer = ask(&rig, &["Bearer the-token-of-lisa-that-nobody-guesses"]).await;
    let detail = answer.problem(503, "tokens_unreadable");
    assert!(!detail.contains("no answer"), "{detail}");
    assert_eq!(answer.header("retry-after"), Some("5"));
}

/// Anybody can ask a console that has no tokens yet; tokens that cannot be read are our failure, whoever asks.
#[tokio::test]
async fn only_what_is_our_fault_counts_as_a_failure() {
    let unreadable = TokenSource::kept(Box::new(|| async { Err("no answer".to_owned()) }.boxed()));
    for (source, failures) in [(TokenSource::fixed(&[]), 0.0), (unreadable, 2.0)] {
        let (rig, recorded) = Rig::recorded_with(source);
        for path in ["/tasks", "/"] {
            let request = Request::get(path).header("cookie", "__Host-session=x; session=x");
            let request = request.header("authorization", "Bearer x").body(Body::empty()).unwrap();
            assert!(rig.send(request).await.status.as_u16() >= 300, "{path}");
        }
        assert_eq!(recorded.total("Failures", &[("function", "console")]), failures);
    }
}

#[tokio::test]
async fn health_needs_no_token() {
    let rig = Rig::with(TokenSource::fixed(&[]), |stores| stores);
    let answer = rig.send(Request::get("/health").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "ok" })));
}

#[tokio::test]
async fn unknown_routes_and_methods_are_problems_too() {
    let rig = Rig::new();
    rig.get("/nowhere").await.problem(404, "not_found");
    rig.get("/tasks/tsk_0/more").await.problem(404, "not_found");
    let answer = rig.send(crate::rig::request("DELETE", "/tasks", Body::empty())).await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,POST"));
    let answer = rig.get("/tasks/tsk_0/approve").await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("POST"));
}

//! Adding a comment: once, or not at all, or said to be in doubt.

use std::time::Duration;

use domain::{Publisher, ServiceError, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{COMMENTS, ME, client, comment, mark, target};

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
async fn a_comment_is_a_document_and_carries_its_mark() {
    let server = Server::start(|_| Reply::json(201, comment(10042, ME, 4, "Hi"))).await;
    let proof = client(&server).publish(&target(), "**Hi**", &mark("1")).await.unwrap();
    assert_eq!(proof.id, "10042");
    assert_eq!(proof.url.unwrap(), format!("{}/browse/OPS-7?focusedCommentId=10042", server.base));
    let asked = server.asked().remove(0);
    assert_eq!(asked.line(), format!("POST {COMMENTS}"));
    assert_eq!(asked.header("authorization"), "Basic YWdlbnRAYWNtZS5leGFtcGxlOm5vdC1hLXJlYWwtYXBpLXRva2Vu");
    assert_eq!(asked.header("accept"), "application/json");
    let text = json!({"type": "text", "text": "Hi", "marks": [{"type": "strong"}]});
    assert_eq!(
        asked.json(),
        json!({
            "body": {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": [text]}]},
            "properties": [{"key": "afterhook", "value": {"task_id": mark("1").task_id, "effect": "reply"}}],
        })
    );
}

#[tokio::test]
async fn an_account_that_is_not_let_in_is_refused_as_a_whole() {
    let captcha: &[_] = &[("x-seraph-loginreason", "AUTHENTICATION_DENIED")];
    for (status, headers, word) in [
        (401, &[][..], "JIRA_API_TOKEN"),
        (401, captcha, "CAPTCHA"),
        (403, captcha, "CAPTCHA"),
        (402, &[], "bill"),
    ] {
        let error = failed(status, headers, json!({"errorMessages": ["no"], "errors": {}})).await;
        assert_eq!(error.failure, ServiceFailure::AccountRefused, "{status}");
        assert!(error.message.contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_note_among_the_staff_says_so_in_the_same_request() {
    let server = Server::start(|_| Reply::json(201, comment(10042, ME, 4, "Hi"))).await;
    let jira = client(&server);
    jira.internal_notes().unwrap().publish(&target(), "Hi", &mark("1")).await.unwrap();
    assert_eq!(
        server.asked()[0].json()["properties"],
        json!([
            {"key": "afterhook", "value": {"task_id": mark("1").task_id, "effect": "reply"}},
            {"key": "sd.public.comment", "value": {"internal": true}},
        ])
    );
}

#[tokio::test]
async fn a_rate_limit_throttles_as_long_as_told() {
    let error = failed(429, &[("retry-after", "12"), ("x-ratelimit-nearlimit", "true")], json!({})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(12) });
}

#[tokio::test]
async fn a_comment_is_never_longer_than_jira_takes() {
    let server = Server::start(|_| Reply::json(201, json!({"id": "1"}))).await;
    client(&server).publish(&target(), &"word ".repeat(20_000), &mark("1")).await.unwrap();
    let body = server.asked()[0].json()["body"].to_string();
    assert!(body.len() <= 32_767 && body.contains('…'), "{}", body.len());
}

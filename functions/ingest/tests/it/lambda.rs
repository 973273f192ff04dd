//! The same answers behind API Gateway: whole events through the adapter that Lambda runs.

use axum::body::Bytes;
use data_encoding::BASE64;
use domain::Lane;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::rig::{Parts, Rig, SECRET, bytes, issue, signed_headers, task_id};

/// Without the variables of template.yaml.
#[test]
fn what_stops_the_start_is_a_line_with_the_name_of_the_function() {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_ingest"));
    let said = program.env_clear().env("AFTERHOOK_LOG", "error").output().unwrap();
    assert!(!said.status.success() && said.stderr.is_empty(), "{said:?}");
    let text = String::from_utf8(said.stdout).unwrap();
    let line: Value =
        serde_json::from_str(text.trim_end()).unwrap_or_else(|_| panic!("no single line: {text}"));
    assert_eq!((&line["level"], &line["function"]), (&"ERROR".into(), &"ingest".into()));
    assert!(line["error"].as_str().unwrap().contains("TASKS_TABLE is not set"), "{line}");
}

/// An HTTP API event (payload format 2.0) as API Gateway makes it: names of headers in the case that
/// the sender chose, values of repeated headers joined by commas.
fn event(rig: &Rig, body: &Bytes, base64: bool) -> Value {
    let signed = signed_headers(SECRET, body, rig.watch.now());
    let text = if base64 { BASE64.encode(body) } else { String::from_utf8(body.to_vec()).unwrap() };
    json!({
        "version": "2.0",
        "routeKey": "POST /webhooks/{source}",
        "rawPath": "/webhooks/github",
        "rawQueryString": "",
        "headers": {
            "Accept": "*/*",
            "Content-Length": body.len().to_string(),
            "Content-Type": "application/json",
            "Host": "abc123.execute-api.eu-central-1.amazonaws.com",
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Event": "issues",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "X-Hub-Signature-256": signed["x-hub-signature-256"].to_str().unwrap(),
            "X-Forwarded-Proto": "https"
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": "POST",
                "path": "/webhooks/github",
                "protocol": "HTTP/1.1",
                "sourceIp": "140.82.115.1",
                "userAgent": "GitHub-Hookshot/044aadd"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /webhooks/{source}",
            "stage": "$default",
            "time": "18/Nov/2026:11:06:40 +0000",
            "timeEpoch": 1_795_000_000_000_u64
        },
        "pathParameters": { "source": "github" },
        "body": text,
        "isBase64Encoded": base64
    })
}

async fn invoke(rig: &Rig, event: &Value) -> Value {
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    let mut context = Context::default();
    context.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned();
    let adapter = Adapter::from(rig.router.clone());
    let response = adapter.oneshot(LambdaEvent::new(request, context)).await.unwrap();
    serde_json::to_value(&response).unwrap()
}

fn assert_answer(response: &Value, status: u16, body: &Value) {
    assert_eq!(response["statusCode"], status, "{response}");
    assert_eq!(response["isBase64Encoded"], false);
    let text = response["body"].as_str().unwrap();
    assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), body);
}

#[tokio::test]
async fn text_body_is_taken() {
    let rig = Parts::default().rig();
    let body = bytes(&issue(7));
    let response = invoke(&rig, &event(&rig, &body, false)).await;
    assert_answer(&response, 202, &json!({ "status": "accepted", "task_id": task_id(&body) }));
    assert_eq!(response["headers"]["content-type"], "application/json");
    assert_eq!(rig.payload(&body).await.unwrap(), body);
    assert_eq!(rig.drain(Lane::Standard).await, [task_id(&body)]);
}

#[tokio::test]
async fn base64_body_is_the_same_event() {
    let rig = Parts::default().rig();
    let mut issue = issue(7);
    issue["issue"]["body"] = json!("Grüße, 世界 \u{1F980}");
    let body = bytes(&issue);
    invoke(&rig, &event(&rig, &body, false)).await;
    let response = invoke(&rig, &event(&rig, &body, true)).await;
    assert_answer(&response, 202, &json!({ "status": "accepted", "task_id": task_id(&body) }));
    assert_eq!(rig.payload(&body).await.unwrap(), body);
    assert_eq!(rig.drain(Lane::Standard).await.len(), 2);
}

#[tokio::test]
async fn body_that_is_not_utf8_is_refused_as_such() {
    let rig = Parts::default().rig();
    let body = Bytes::from_static(b"{\"a\":\"\xff\"}");
    let response = invoke(&rig, &event(&rig, &body, true)).await;
    assert_eq!(response["statusCode"], 400);
    assert_eq!(response["headers"]["content-type"], "application/problem+json");
}

#[tokio::test]
async fn two_signatures_in_one_header_are_refused() {
    let rig = Parts::default().rig();
    let body = bytes(&issue(7));
    let mut event = event(&rig, &body, false);
    let signature = &mut event["headers"]["X-Hub-Signature-256"];
    *signature = json!(format!("{0},{0}", signature.as_str().unwrap()));
    assert_eq!(invoke(&rig, &event).await["statusCode"], 401);
    rig.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn event_without_a_body_is_refused() {
    let rig = Parts::default().rig();
    let mut event = event(&rig, &Bytes::from_static(b"{}"), false);
    event.as_object_mut().unwrap().remove("body");
    let response = invoke(&rig, &event).await;
    assert_eq!(response["statusCode"], 401);
    let problem: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    assert_eq!(problem["status"], 401);
}

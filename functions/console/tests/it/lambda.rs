//! The API behind API Gateway: a whole event through the adapter that Lambda runs.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use data_encoding::BASE64;
use domain::PartKey;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::rig::{Rig, TOKENS};

fn event(method: &str, path: &str, query: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": { "Authorization": format!("Bearer {}", TOKENS[0].1), "Host": "console.example" },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "domainName": "console.example",
            "domainPrefix": "console",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8"
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": "$default",
            "time": "18/Nov/2026:11:06:40 +0000",
            "timeEpoch": 1_795_000_000_000_u64
        },
        "isBase64Encoded": false
    })
}

async fn invoke(rig: &Rig, event: &Value) -> Value {
    let request: LambdaRequest = serde_json::from_str(&event.to_string()).unwrap();
    let adapter = Adapter::from(rig.router.clone());
    let response = adapter.oneshot(LambdaEvent::new(request, Context::default())).await.unwrap();
    serde_json::to_value(&response).unwrap()
}

/// What is logged on the way, and the line of the request.
#[tokio::test]
async fn every_line_about_a_new_task_names_it() {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("console.log");
    let writer = Arc::new(File::create(&log).unwrap());
    let subscriber = tracing_subscriber::fmt().json().with_writer(writer).finish();
    // For all tests of this process: those beside it decide what is of interest, too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let rig = Rig::new();
    let mut create = event("POST", "/tasks", "");
    create["headers"]["Content-Type"] = "application/json".into();
    create["body"] = json!({"prompt": "Say hello."}).to_string().into();
    let response = invoke(&rig, &create).await;
    assert_eq!(response["statusCode"], 202, "{response}");
    let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    let text = fs::read_to_string(log).unwrap();
    let mut named = text.lines().filter(|line| line.contains(body["task_id"].as_str().unwrap()));
    let line: Value = serde_json::from_str(named.next_back().expect("no line names the task")).unwrap();
    assert_eq!(line["fields"]["task_id"], body["task_id"], "{line}");
    assert_eq!((&line["span"]["function"], &line["span"]["task_id"]), (&"console".into(), &body["task_id"]));
}

#[tokio::test]
async fn list_with_a_query_is_answered() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    rig.task("github", 2).await;
    let response = invoke(&rig, &event("GET", "/tasks", "status=awaiting_approval&limit=5")).await;
    assert_eq!(response["statusCode"], 200, "{response}");
    let page: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    assert_eq!(page["tasks"][0]["task_id"], task.id.as_str());
    assert_eq!(page["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn raw_body_that_is_no_text_survives() {
    let rig = Rig::new();
    let mut task = rig.task("github", 1).await;
    task.doc.content_type = "application/x-www-form-urlencoded".to_owned();
    rig.save(&mut task).await;
    rig.put(&task.id, &PartKey::payload(), b"payload=%7B%7D&\xff").await;
    let response = invoke(&rig, &event("GET", &format!("/tasks/{}/payload", task.id), "")).await;
    assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(200), &json!(true)));
    let body = BASE64.decode(response["body"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(body, b"payload=%7B%7D&\xff");
}

#[tokio::test]
async fn largest_raw_body_passes_and_survives_whatever_its_sender_called_it() {
    /// What Lambda passes on at the most.
    const LAMBDA_BYTES: usize = 6 << 20;
    let rig = Rig::new();
    let mut task = rig.task("github", 1).await;
    // As text, every quote would cost two bytes, and what is no UTF-8 would be replaced.
    let mut body = vec![b'"'; ingest_limit()];
    body[0] = 0xff;
    rig.put(&task.id, &PartKey::payload(), &body).await;
    for media_type in
        ["application/json", "application/json; charset=utf-8", "text/plain; charset=iso-8859-1", "", "a/b"]
    {
        task.doc.content_type = media_type.to_owned();
        rig.save(&mut task).await;
        let response = invoke(&rig, &event("GET", &format!("/tasks/{}/payload", task.id), "")).await;
        assert_eq!((&response["statusCode"], &response["isBase64Encoded"]), (&json!(200), &json!(true)));
        assert!(response.to_string().len() < LAMBDA_BYTES, "{media_type}");
        assert!(
            BASE64.decode(response["body"].as_str().unwrap().as_bytes()).unwrap() == body,
            "{media_type}"
        );
    }
}

/// What ingest takes at the most: 4 MB.
fn ingest_limit() -> usize {
    4 << 20
}

/// A guess from an address; its status.
async fn guess(rig: &Rig, address: &str) -> u64 {
    let mut event = event("GET", "/tasks", "");
    event["headers"]["Authorization"] = json!("Bearer a-guess");
    event["requestContext"]["http"]["sourceIp"] = json!(address);
    // A header that anybody can send is no address.
    event["headers"]["X-Forwarded-For"] = json!("198.51.100.7");
    invoke(rig, &event).await["statusCode"].as_u64().unwrap()
}

#[tokio::test]
async fn guesses_of_one_address_and_of_one_network_are_counted_for_it_alone() {
    let rig = Rig::new();
    for _ in 0..20 {
        assert_eq!(guess(&rig, "192.0.2.1").await, 401);
    }
    assert_eq!(guess(&rig, "192.0.2.1").await, 429);
    assert_eq!(guess(&rig, "192.0.2.2").await, 401, "another address");
    for host in 0..20 {
        assert_eq!(guess(&rig, &format!("2001:db8:1:1::{host:x}")).await, 401);
    }
    assert_eq!(guess(&rig, "2001:db8:1:1:ffff::1").await, 429, "one host has all of its network");
    assert_eq!(guess(&rig, "2001:db8:1:2::1").await, 401);
}

#[tokio::test]
async fn guesses_of_many_addresses_are_counted_together_and_lock_nobody_out() {
    let rig = Rig::new();
    // One that goes on and on is at its own limit, and takes nothing from the others'.
    for _ in 0..300 {
        guess(&rig, "192.0.2.1").await;
    }
    for host in 0..180 {
        assert_eq!(guess(&rig, &format!("198.51.100.{host}")).await, 401, "{host}");
    }
    assert_eq!(guess(&rig, "203.0.113.1").await, 429);
    assert_eq!(invoke(&rig, &event("GET", "/tasks", "")).await["statusCode"], 200, "a right token");
}

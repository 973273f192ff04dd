//! Headers that nobody signs, and what they would like to decide.

use e2e::hooks;
use e2e::world::TOKEN;
use http::Method;
use serde_json::json;

use super::scene::{Record, Scene, fresh, headers};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("headers").await;
    let mut closed = hooks::issue(8);
    closed["action"] = json!("closed");
    let body = hooks::bytes(&closed);
    for kind in ["issue_comment", "pull_request", "ping", "release", "unheard_of", ""] {
        let heard = scene.hook("github", hooks::signed(kind, &body), body.clone()).await;
        scene.refused(&format!("a closed issue called `{kind}`"), heard).await;
    }
    let (unsigned, body) = {
        let (mut headers, body) = fresh(9);
        headers.remove("x-hub-signature-256");
        (headers, body)
    };
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;host=localhost"),
        ("x-original-url", "/health"),
        ("x-rewrite-url", "/health"),
        ("x-http-method-override", "GET"),
        ("x-amzn-request-context", "{\"authorizer\":{\"principalId\":\"ann\"}}"),
        ("x-hub-signature", "sha256=0"),
        ("authorization", "Bearer a-token-of-the-tests"),
        ("cookie", "afterhook=ann"),
    ] {
        let mut headers = unsigned.clone();
        headers.insert(name, value.parse().unwrap());
        let heard = scene.hook("github", headers, body.clone()).await;
        scene.refused(&format!("an unsigned issue with `{name}`"), heard).await;
    }
    let approve = format!("/tasks/{}/approve", scene.id);
    let bearer = format!("Bearer {TOKEN}");
    for (name, value) in
        [("x-http-method-override", "POST"), ("x-http-method", "POST"), ("x-method-override", "POST")]
    {
        let headers = headers(&[("authorization", &bearer), (name, value)]);
        let path = format!("{approve}?draft_hash={}", scene.hash);
        let heard = scene.send(Method::GET, &path, headers, Vec::new()).await;
        scene.refused(&format!("a decision by GET with `{name}`"), heard).await;
    }
    for (name, value) in [("x-user", "ann"), ("x-forwarded-user", "ann"), ("x-console-token", TOKEN)] {
        let headers = headers(&[(name, value), ("content-type", "application/json")]);
        let body = json!({"draft_hash": scene.hash}).to_string().into_bytes();
        let heard = scene.send(Method::POST, &approve, headers, body).await;
        scene.refused(&format!("a decision by `{name}`"), heard).await;
    }
    scene.leave().await
}

//! More than is taken, and less than is said.

use std::fmt::Write;

use e2e::hooks;
use e2e::world::TOKEN;
use http::Method;
use serde_json::json;

use super::scene::{Record, Scene, fresh, headers};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("sizes").await;
    let mut event = hooks::issue(8);
    event["padding"] = json!("x".repeat(4 << 20));
    let large = hooks::bytes(&event);
    scene
        .refused(
            "a body above 4 MB",
            scene.hook("github", hooks::signed("issues", &large), large.clone()).await,
        )
        .await;
    scene.refused("an unsigned body above 4 MB", scene.hook("github", headers(&[]), large).await).await;
    scene.refused("no body", scene.hook("github", hooks::signed("issues", b""), Vec::new()).await).await;
    let (signed, body) = fresh(9);
    let line = |headers: &http::HeaderMap| {
        headers.iter().fold(String::new(), |mut lines, (name, value)| {
            let _ = write!(lines, "{name}: {}\r\n", value.to_str().unwrap());
            lines
        })
    };
    let head = format!("POST /webhooks/github HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{}", line(&signed));
    for (name, length) in [("a body longer than it came", body.len() + 10), ("a length of nothing", 0)] {
        let request = [format!("{head}content-length: {length}\r\n\r\n").into_bytes(), body.clone()].concat();
        scene.refused(name, scene.raw(&request).await).await;
    }
    for (name, length) in
        [("a negative length", "-1"), ("two lengths", "5\r\ncontent-length: 6"), ("a length of words", "all")]
    {
        let request = [format!("{head}content-length: {length}\r\n\r\n").into_bytes(), body.clone()].concat();
        scene.refused(name, scene.raw(&request).await).await;
    }
    let endless =
        [format!("{head}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n").into_bytes(), body].concat();
    scene.refused("a chunk without end", scene.raw(&endless).await).await;
    let many = (0..400).fold(String::new(), |mut lines, n| {
        let _ = write!(lines, "x-{n}: 1\r\n");
        lines
    });
    let request = format!("GET /tasks HTTP/1.1\r\nhost: x\r\n{many}connection: close\r\n\r\n");
    scene.refused("four hundred headers", scene.raw(request.as_bytes()).await).await;
    let request = format!(
        "GET /tasks HTTP/1.1\r\nhost: x\r\nx-a: {}\r\nconnection: close\r\n\r\n",
        "a".repeat(600_000)
    );
    scene.refused("a header of 600 KB", scene.raw(request.as_bytes()).await).await;
    let bearer = format!("Bearer {TOKEN}");
    let json_of = |body: &serde_json::Value| body.to_string().into_bytes();
    let as_json = headers(&[("authorization", &bearer), ("content-type", "application/json")]);
    let approve = format!("/tasks/{}/approve", scene.id);
    for (name, path, body) in [
        ("an edit of 5 MB", approve.as_str(), json!({"draft_hash": scene.hash, "text": "x".repeat(5 << 20)})),
        ("a task of 5 MB", "/tasks", json!({"prompt": "x".repeat(5 << 20)})),
        ("a task with a thousand facts", "/tasks", {
            let facts: serde_json::Map<_, _> = (0..1000).map(|n| (n.to_string(), json!("x"))).collect();
            json!({"prompt": "x", "metadata": facts})
        }),
    ] {
        let heard = scene.send(Method::POST, path, as_json.clone(), json_of(&body)).await;
        scene.refused(name, heard).await;
    }
    scene.leave().await
}

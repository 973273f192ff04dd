//! Paths, methods and requests that are not what they look like.

use e2e::world::TOKEN;
use http::Method;

use super::scene::{Record, Scene, fresh, headers};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("paths").await;
    let (signed, body) = fresh(8);
    for path in [
        "/webhooks/",
        "/webhooks",
        "/webhooks/GITHUB",
        "/webhooks/github/",
        "/webhooks/github/extra",
        "/webhooks/github%00",
        "/webhooks/github%20",
        "/webhooks/%67ithub%2f..",
        "/webhooks/..%2fgithub",
        "/webhooks/api",
        "/webhooks/constructor",
        "/webhooks/nobody",
        "//webhooks/github",
        "/WEBHOOKS/github",
        "/webhooks/github;jsessionid=1",
        "/webhooks/%FF%FE",
    ] {
        let heard = scene.send(Method::POST, path, signed.clone(), body.clone()).await;
        scene.refused(&format!("a webhook to {path}"), heard).await;
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
        let heard = scene.send(method.clone(), "/webhooks/github", signed.clone(), body.clone()).await;
        scene.refused(&format!("a webhook by {method}"), heard).await;
    }
    for path in ["/tasks/", "/TASKS", "//tasks", "/tasks/..%2ftasks", "/tasks%2f", "/./tasks/%2e%2e/tasks/x"]
    {
        let heard = scene.send(Method::GET, path, headers(&[]), Vec::new()).await;
        scene.refused(&format!("tasks without a token by {path}"), heard).await;
    }
    for (name, line) in [
        ("a way out of the webhooks", "GET /webhooks/../tasks HTTP/1.1"),
        ("a whole address", "GET http://evil.example/tasks HTTP/1.1"),
        ("a way through health", "GET /health/../tasks HTTP/1.1"),
        ("no path", "GET tasks HTTP/1.1"),
        ("a tunnel", "CONNECT 169.254.169.254:80 HTTP/1.1"),
        ("a method of its own", "APPROVE /tasks HTTP/1.1"),
    ] {
        let request = format!("{line}\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        scene.refused(name, scene.raw(request.as_bytes()).await).await;
    }
    let hidden = format!("GET /tasks HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    let smuggle = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n{hidden}"
    );
    let heard = scene.raw(smuggle.as_bytes()).await;
    scene.tried("a request within a request", !heard.body.contains("tsk_"), &heard).await;
    let folded =
        "GET /tasks HTTP/1.1\r\nhost: x\r\nx-a: b\r\n authorization: Bearer x\r\nconnection: close\r\n\r\n";
    scene.refused("a folded header", scene.raw(folded.as_bytes()).await).await;
    scene.leave().await
}

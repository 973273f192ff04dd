//! What GitHub could not deliver.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use domain::{Clock, Publisher};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server};
use crate::support::{start, with_app, with_token};

fn delivery(id: u64, at: &str, code: u16) -> Value {
    json!({"id": id, "guid": format!("g{id}"), "delivered_at": at, "redelivery": false, "status": "x",
        "status_code": code, "event": "issues", "action": "opened"})
}

fn page(deliveries: &[Value], next: Option<&str>) -> Reply {
    let mut answer = Json(deliveries).into_response();
    if let Some(cursor) = next {
        let link = format!("<https://elsewhere.invalid/x?cursor={cursor}&per_page=100>; rel=\"next\"");
        answer.headers_mut().insert("link", link.parse().unwrap());
    }
    answer.into()
}

#[tokio::test]
async fn an_app_reads_the_record_of_its_own_hook_page_by_page_until_it_is_too_old() {
    let server = Server::start(|asked: &Asked| {
        assert_eq!(asked.path, "/app/hook/deliveries");
        assert!(asked.header("authorization").starts_with("Bearer ey"), "as the app itself");
        assert_eq!(asked.query["status"], "failure");
        match asked.query.get("cursor").map(String::as_str) {
            None => page(
                &[delivery(9, "2026-01-02T03:04:00Z", 503), delivery(8, "2026-01-02T03:03:00Z", 202)],
                Some("v1_8"),
            ),
            Some("v1_8") => page(
                &[delivery(7, "2026-01-02T03:00:00Z", 0), delivery(6, "2026-01-01T00:00:00Z", 503)],
                Some("v1_6"),
            ),
            other => panic!("{other:?} is too old"),
        }
    })
    .await;
    let github = with_app(&server, Clock::fixed(start()));
    let since = "2026-01-02T00:00:00Z".parse().unwrap();
    let failed = github.redeliveries().unwrap().failed("github", &[], since).await.unwrap();
    let seen: Vec<_> = failed.iter().map(|it| (it.guid.as_str(), it.status, it.address.as_str())).collect();
    assert_eq!(seen, [("g9", 503, "app/hook/deliveries/9"), ("g7", 0, "app/hook/deliveries/7")]);
    assert_eq!(failed[0].event, "issues.opened");
}

#[tokio::test]
async fn a_token_reads_the_hooks_of_the_repositories_and_organisations_that_are_named_and_send_to_us() {
    let server = Server::start(|asked: &Asked| -> Reply {
        match asked.line().as_str() {
            "GET /repos/octo/hello/hooks" | "GET /orgs/octo/hooks" => Json(json!([
                {"id": 1, "config": {"url": "https://ci.example.com/hook"}},
                {"id": 2, "config": {"url": "https://x.example/webhooks/github"}},
            ]))
            .into(),
            "GET /repos/octo/hello/hooks/2/deliveries" => {
                page(&[delivery(9, "2026-01-02T03:04:00Z", 500)], None)
            }
            "GET /orgs/octo/hooks/2/deliveries" => page(&[], None),
            "POST /repos/octo/hello/hooks/2/deliveries/9/attempts" => {
                (StatusCode::ACCEPTED, Json(json!({}))).into()
            }
            line => panic!("unexpected {line}"),
        }
    })
    .await;
    let github = with_token(&server);
    let redeliveries = github.redeliveries().unwrap();
    let hooks = ["octo/hello".to_owned(), "octo".to_owned()];
    let failed =
        redeliveries.failed("github", &hooks, start() - std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(failed.len(), 1);
    redeliveries.redeliver(&failed[0]).await.unwrap();
    assert_eq!(server.count("POST /repos/octo/hello/hooks/2/deliveries/9/attempts"), 1);
}

#[tokio::test]
async fn names_that_would_change_the_path_are_refused() {
    let server = Server::start(|asked: &Asked| panic!("{}", asked.line())).await;
    let github = with_token(&server);
    for name in ["a/..", "../x", "..", "a/b/c", ""] {
        let failed = github.redeliveries().unwrap().failed("github", &[name.to_owned()], start()).await;
        assert!(failed.is_err(), "{name}");
    }
}

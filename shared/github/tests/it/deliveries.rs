//! What GitHub could not deliver.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use domain::{Clock, Publisher};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server, problem};
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
    let failed = github.redeliveries().unwrap().failed("github", &[], since).await.deliveries;
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
        redeliveries.failed("github", &hooks, start() - std::time::Duration::from_secs(60)).await.deliveries;
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
        assert!(failed.unread.contains_key(name), "{name}");
    }
}

/// An App that is installed on `octo`, where it may read and write the hooks, and on `shy`, where it may not. It has
/// a hook of its own if `has_own`.
async fn installed(has_own: bool) -> Server {
    Server::start(move |asked: &Asked| -> Reply {
        let by_app = asked.header("authorization").starts_with("Bearer ey");
        let installation = asked.header("authorization").strip_prefix("Bearer ghs_").unwrap_or_default();
        match (asked.line().as_str(), installation) {
            ("GET /app/hook/deliveries" | "GET /app/hook/config", "") if !has_own => {
                problem(404, &[], "Not Found").into()
            }
            ("GET /app/hook/deliveries", "") if by_app => {
                page(&[delivery(1, "2026-01-02T03:04:00Z", 500)], None)
            }
            ("GET /app/hook/config", "") if by_app => {
                Json(json!({"url": "https://x.example/webhooks/own"})).into()
            }
            ("GET /repos/octo/hello/installation" | "GET /orgs/octo/installation", "") if by_app => {
                Json(json!({"id": 10})).into()
            }
            ("GET /repos/shy/hello/installation", "") if by_app => Json(json!({"id": 20})).into(),
            (line, "") if by_app && line.starts_with("POST /app/installations/") => {
                let id = line.split('/').nth(3).unwrap();
                let expires_at = start() + std::time::Duration::from_secs(3600);
                let token = json!({"token": format!("ghs_{id}"), "expires_at": expires_at});
                (StatusCode::CREATED, Json(token)).into()
            }
            ("GET /repos/octo/hello/hooks" | "GET /orgs/octo/hooks", "10") => {
                Json(json!([{"id": 2, "config": {"url": "https://x.example/webhooks/github"}}])).into()
            }
            ("GET /repos/octo/hello/hooks/2/deliveries", "10") => {
                page(&[delivery(9, "2026-01-02T03:04:00Z", 500)], None)
            }
            ("GET /orgs/octo/hooks/2/deliveries", "10") => {
                page(&[delivery(8, "2026-01-02T03:04:00Z", 0)], None)
            }
            ("GET /repos/shy/hello/hooks", "20") => {
                problem(403, &[], "Resource not accessible by integration").into()
            }
            ("GET /orgs/gone/installation", "") => problem(404, &[], "Not Found").into(),
            ("POST /app/hook/deliveries/1/attempts", "") if by_app => accepted(),
            (
                "POST /repos/octo/hello/hooks/2/deliveries/9/attempts"
                | "POST /orgs/octo/hooks/2/deliveries/8/attempts",
                "10",
            ) => accepted(),
            (line, _) => problem(500, &[], line).into(),
        }
    })
    .await
}

fn accepted() -> Reply {
    (StatusCode::ACCEPTED, Json(json!({}))).into()
}

fn hooks() -> Vec<String> {
    ["shy/hello", "octo/hello", "gone", "octo"].map(str::to_owned).to_vec()
}

#[tokio::test]
async fn an_app_reads_its_own_hook_and_with_its_installations_those_that_are_named() {
    let server = installed(true).await;
    let github = with_app(&server, Clock::fixed(start()));
    let redeliveries = github.redeliveries().unwrap();
    let since = start() - std::time::Duration::from_secs(60);
    let found = redeliveries.failed("github", &hooks(), since).await;
    let addresses: Vec<_> = found.deliveries.iter().map(|it| it.address.as_str()).collect();
    let expected =
        ["app/hook/deliveries/1", "repos/octo/hello/hooks/2/deliveries/9", "orgs/octo/hooks/2/deliveries/8"];
    assert_eq!(addresses, expected);
    for delivery in &found.deliveries {
        redeliveries.redeliver(delivery).await.unwrap();
        assert_eq!(server.count(&format!("POST /{}/attempts", delivery.address)), 1);
    }
    let (_, unread) = github.hook_addresses(&hooks()).await;
    for unread in [found.unread, unread] {
        assert_eq!(unread.keys().collect::<Vec<_>>(), ["gone", "shy/hello"], "{unread:?}");
        assert!(unread["shy/hello"].contains("Webhooks"), "how to mend it: {unread:?}");
    }
}

#[tokio::test]
async fn an_app_without_a_hook_of_its_own_is_no_trouble_where_others_are_named() {
    let server = installed(false).await;
    let github = with_app(&server, Clock::fixed(start()));
    let redeliveries = github.redeliveries().unwrap();
    let named = ["octo".to_owned()];
    let found = redeliveries.failed("github", &named, start() - std::time::Duration::from_secs(60)).await;
    assert_eq!((found.deliveries.len(), found.unread.len()), (1, 0));
    assert!(redeliveries.failed("github", &[], start()).await.unread.contains_key("the App"));
    let sent_here = ["https://x.example/webhooks/github".to_owned()].to_vec();
    assert_eq!(github.hook_addresses(&named).await, (sent_here, domain::UnreadHooks::new()));
}

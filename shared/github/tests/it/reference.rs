//! What there is to read besides the thread: changed files, failed runs.

use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use domain::{Event, Publisher};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server, problem};
use crate::support::{issue, with_token};

fn event(facts: Value) -> Event {
    let Value::Object(metadata) = facts else { panic!("facts are an object") };
    Event { metadata, ..Event::new("x.y", "octo/hello", "octo/hello#7", "mona") }
}

async fn read(server: &Server, event: &Event) -> Vec<(String, String)> {
    let github = with_token(server);
    let documents = github.reference().unwrap().about(event).await.unwrap();
    documents.into_iter().map(|document| (document.name, document.text)).collect()
}

#[tokio::test]
async fn the_changed_files_of_a_pull_request_are_read_and_bounded() {
    let server = Server::start(|asked: &Asked| {
        assert_eq!(asked.line(), "GET /repos/octo/hello/pulls/7/files");
        let file = |n: usize| {
            json!({"filename": format!("f{n}.rs"), "status": "modified", "additions": 1,
            "deletions": 2, "patch": "+x\n".repeat(1_000)})
        };
        Json((0..50).map(file).collect::<Vec<_>>()).into()
    })
    .await;
    let event = Event { target: Some(issue()), ..event(json!({"is_pull_request": true})) };
    let read = read(&server, &event).await;
    assert_eq!(read.len(), 1);
    let text = &read[0].1;
    assert!(text.starts_with("f0.rs (modified, +1 -2)\n+x\n") && text.len() < 25_000, "{}", text.len());
    assert!(text.ends_with("[cut here: 43 more files]\n"), "{}", &text[text.len() - 60..]);
}

#[tokio::test]
async fn an_issue_asks_for_nothing() {
    let server = Server::start(|asked: &Asked| panic!("{}", asked.line())).await;
    let event = Event { target: Some(issue()), ..event(json!({"is_pull_request": false})) };
    assert!(read(&server, &event).await.is_empty());
}

#[tokio::test]
async fn a_failed_run_shows_its_failed_steps_and_the_end_of_its_log_fetched_without_our_token() {
    let server = Server::start(|asked: &Asked| -> Reply {
        match asked.path.as_str() {
            "/repos/octo/hello/actions/runs/5/jobs" => Json(json!({"jobs": [
                {"id": 1, "name": "lint", "conclusion": "success", "steps": []},
                {"id": 2, "name": "test", "conclusion": "failure", "steps": [
                    {"name": "Checkout", "conclusion": "success"}, {"name": "Run tests", "conclusion": "failure"}]},
                {"id": 3, "name": "gone", "conclusion": "timed_out", "steps": []},
            ]}))
            .into(),
            "/repos/octo/hello/actions/jobs/2/logs" => {
                problem(302, &[("location", "/elsewhere/log?signature=x")], "").into()
            }
            "/repos/octo/hello/actions/jobs/3/logs" => problem(410, &[], "").into(),
            "/elsewhere/log" => {
                assert_eq!(asked.header("authorization"), "", "our token stays at the API");
                "2026-01-02T03:04:05.0000000Z one\n2026-01-02T03:04:06.0000000Z FAILED\n".into_response().into()
            }
            path => panic!("unexpected {path}"),
        }
    })
    .await;
    let read = read(&server, &event(json!({"run_id": 5}))).await;
    assert_eq!(
        read,
        [
            (
                "failed job test".to_owned(),
                "failed step: Run tests\nthe end of its log:\none\nFAILED\n".to_owned()
            ),
            ("failed job gone".to_owned(), "its log is not kept\n".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_log_that_cannot_be_read_is_said_and_the_steps_are_kept() {
    let server = Server::start(|asked: &Asked| -> Reply {
        if asked.path.ends_with("/jobs") {
            let steps = json!([{"name": "Run tests", "conclusion": "failure"}]);
            return Json(
                json!({"jobs": [{"id": 2, "name": "test", "conclusion": "failure", "steps": steps}]}),
            )
            .into();
        }
        (StatusCode::FORBIDDEN, Json(json!({"message": "Resource not accessible"}))).into()
    })
    .await;
    let read = read(&server, &event(json!({"run_id": 5}))).await;
    assert_eq!(read[0].1, "failed step: Run tests\nits log cannot be read\n");
}

//! Whether a thread can still be answered.

use axum::Json;
use axum::http::StatusCode;
use domain::{Publisher, ServiceFailure, ThreadState};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server};
use crate::support::{issue, mark, with_token};

fn answer(status: u16, body: Value) -> Reply {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into()
}

#[tokio::test]
async fn a_lock_counts_before_a_close_and_an_archived_repository_is_locked() {
    for (state, locked, archived, expected) in [
        ("open", false, false, ThreadState::Open),
        ("closed", false, false, ThreadState::Closed),
        ("closed", true, false, ThreadState::Locked),
        ("open", true, false, ThreadState::Locked),
        ("open", false, true, ThreadState::Locked),
    ] {
        let body = json!({"number": 7, "state": state, "locked": locked, "active_lock_reason": null});
        let server = Server::start(move |asked: &Asked| match asked.path.as_str() {
            "/repos/octo/hello" => answer(200, json!({"archived": archived})),
            _ => answer(200, body.clone()),
        })
        .await;
        assert_eq!(with_token(&server).state(&issue()).await.unwrap(), expected);
        let mut asked = server.lines();
        asked.sort_unstable();
        assert_eq!(asked, ["GET /repos/octo/hello", "GET /repos/octo/hello/issues/7"]);
    }
}

#[tokio::test]
async fn a_comment_on_a_locked_or_deleted_issue_is_closed_and_one_without_permission_waits_for_it() {
    for (status, said, expected) in [
        (403, "Unable to create comment because issue is locked.", ServiceFailure::Closed),
        (410, "This issue was deleted", ServiceFailure::Closed),
        (403, "Resource not accessible by integration", ServiceFailure::AccountRefused),
        (422, "Validation Failed", ServiceFailure::Refused),
    ] {
        let server = Server::start(move |_: &Asked| answer(status, json!({"message": said}))).await;
        let error = with_token(&server).publish(&issue(), "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, expected, "{status} {said}");
    }
}

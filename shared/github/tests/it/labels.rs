//! Labels, read and given.

use axum::Json;
use axum::http::StatusCode;
use domain::{Publisher, ServiceFailure};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server};
use crate::support::{issue, with_token};

fn answer(status: u16, body: Value) -> Reply {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into()
}

#[tokio::test]
async fn labels_are_added_by_one_request_and_read_by_name() {
    let server = Server::start(|_: &Asked| answer(200, json!([{"name": "bug"}, {"name": "ui"}]))).await;
    let github = with_token(&server);
    let labels = github.labels().unwrap();
    labels.add(&issue(), &["bug".to_owned(), "ui".to_owned()]).await.unwrap();
    assert_eq!(labels.list(&issue()).await.unwrap(), ["bug", "ui"]);
    let asked = server.asked();
    assert_eq!(asked[0].path, "/repos/octo/hello/issues/7/labels");
    assert_eq!(asked[0].json(), json!({"labels": ["bug", "ui"]}));
    assert_eq!(asked[1].query["per_page"], "100");
}

#[tokio::test]
async fn lost_answer_to_a_label_is_in_doubt_and_a_refusal_is_certain() {
    for (status, expected) in [(502, ServiceFailure::ServerError), (422, ServiceFailure::Refused)] {
        let server = Server::start(move |_: &Asked| answer(status, json!({"message": "no"}))).await;
        let github = with_token(&server);
        let error = github.labels().unwrap().add(&issue(), &["bug".to_owned()]).await.unwrap_err();
        assert_eq!((error.failure, error.operation), (expected, "add labels"));
    }
}

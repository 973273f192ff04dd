//! Reactions to our comments.

use axum::Json;
use axum::http::StatusCode;
use domain::{Proof, Publisher, ServiceFailure};
use serde_json::{Value, json};

use crate::github::{Asked, Reply, Server};
use crate::support::with_token;

fn answer(status: u16, body: Value) -> Reply {
    (StatusCode::from_u16(status).unwrap(), Json(body)).into()
}

fn proof(url: &str) -> Proof {
    Proof { id: "4711".to_owned(), url: Some(url.to_owned()) }
}

#[tokio::test]
async fn the_sums_are_those_that_a_comment_carries_in_one_request() {
    for (url, path) in [
        (
            "https://github.com/octo/hello/issues/7#issuecomment-4711",
            "/repos/octo/hello/issues/comments/4711",
        ),
        ("https://github.com/octo/hello/pull/7#discussion_r4711", "/repos/octo/hello/pulls/comments/4711"),
    ] {
        let body = json!({"id": 4711, "reactions": {"total_count": 4, "+1": 3, "-1": 1, "heart": 0}});
        let server = Server::start(move |_: &Asked| answer(200, body.clone())).await;
        let github = with_token(&server);
        let sums = github.reactions().unwrap().thumbs("octo/hello", &proof(url)).await.unwrap();
        assert_eq!((sums, server.lines()), (Some((3, 1)), vec![format!("GET {path}")]));
    }
}

#[tokio::test]
async fn those_of_an_answer_in_a_discussion_are_found_among_its_comments() {
    let groups = json!([{"content": "THUMBS_UP", "reactors": {"totalCount": 2}},
        {"content": "HEART", "reactors": {"totalCount": 9}}]);
    let below = json!({"databaseId": 4711, "reactionGroups": groups});
    let top = json!({"databaseId": 1, "reactionGroups": [], "replies": {"nodes": [below]}});
    let body = json!({"data": {"repository": {"discussion": {"comments": {"nodes": [top]}}}}});
    let server = Server::start(move |_: &Asked| answer(200, body.clone())).await;
    let github = with_token(&server);
    let url = "https://github.com/octo/hello/discussions/9#discussioncomment-4711";
    let sums = github.reactions().unwrap().thumbs("octo/hello", &proof(url)).await.unwrap();
    assert_eq!(sums, Some((2, 0)));
    let asked = server.asked();
    assert_eq!(asked[0].json()["variables"], json!({"owner": "octo", "repo": "hello", "number": 9}));
    let other = Proof { id: "4712".to_owned(), ..proof(url) };
    assert_eq!(github.reactions().unwrap().thumbs("octo/hello", &other).await.unwrap(), None);
}

#[tokio::test]
async fn a_comment_that_is_gone_is_refused_and_a_place_that_is_none_asks_nobody() {
    let server = Server::start(|_: &Asked| answer(404, json!({"message": "Not Found"}))).await;
    let github = with_token(&server);
    let proof = proof("https://github.com/octo/hello/issues/7#issuecomment-4711");
    let error = github.reactions().unwrap().thumbs("octo/hello", &proof).await.unwrap_err();
    assert!(matches!(error.failure, ServiceFailure::Refused | ServiceFailure::Closed), "{error:?}");
    let asked = server.lines().len();
    for tenant in ["octo", "../hello", "octo/hello/x", ""] {
        assert!(github.reactions().unwrap().thumbs(tenant, &proof).await.is_err(), "{tenant}");
    }
    assert_eq!(server.lines().len(), asked);
}

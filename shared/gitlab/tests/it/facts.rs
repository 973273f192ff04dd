//! What GitLab tells of our token.

use domain::Publisher;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::json;

use crate::support::client;

async fn rights(reply: fn() -> Reply) -> Option<Result<String, String>> {
    let server = Server::start(move |_: &Asked| reply()).await;
    let rights = client(&server).facts().await.rights;
    assert_eq!(server.lines(), ["GET /api/v4/personal_access_tokens/self"]);
    rights
}

#[tokio::test]
async fn a_token_that_may_only_read_is_told_from_one_that_may_write() {
    assert!(rights(|| Reply::json(200, json!({"scopes": ["read_api", "api"]}))).await.unwrap().is_ok());
    let lacks = rights(|| Reply::json(200, json!({"scopes": ["read_api"]}))).await.unwrap().unwrap_err();
    assert!(lacks.contains("read_api"), "{lacks}");
    assert_eq!(
        rights(|| Reply::json(404, json!({"message": "404 Not found"}))).await,
        None,
        "it is not told"
    );
}

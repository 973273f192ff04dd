//! What Sentry tells of our token.

use domain::Publisher;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};

use crate::support::client;

async fn rights(auth: Value) -> Option<Result<String, String>> {
    let server = Server::start(move |_: &Asked| Reply::json(200, json!({"auth": auth, "user": null}))).await;
    client(&server).facts().await.rights
}

#[tokio::test]
async fn a_token_that_may_only_read_is_told_from_one_that_may_write() {
    assert!(rights(json!({"scopes": ["event:read", "event:write"]})).await.unwrap().is_ok());
    let lacks = rights(json!({"scopes": ["event:read"]})).await.unwrap().unwrap_err();
    assert!(lacks.contains("event:read"), "{lacks}");
    assert_eq!(rights(json!(null)).await, None, "it is not told");
}

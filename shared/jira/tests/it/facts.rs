//! What Jira tells of our account.

use domain::Publisher;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::json;

use crate::support::{client, myself};

async fn rights(browse: bool, add: bool) -> Result<String, String> {
    let server = Server::start(move |asked: &Asked| {
        if asked.path.ends_with("myself") {
            return myself();
        }
        let may = |may: bool| json!({"havePermission": may});
        Reply::json(200, json!({"permissions": {"BROWSE_PROJECTS": may(browse), "ADD_COMMENTS": may(add)}}))
    })
    .await;
    let facts = client(&server).facts().await;
    assert_eq!(facts.name.as_deref(), Some("Agent"));
    assert!(server.lines().iter().any(|line| line.starts_with("GET /rest/api/3/mypermissions")));
    facts.rights.unwrap()
}

#[tokio::test]
async fn an_account_that_may_not_comment_anywhere_is_told_from_one_that_may() {
    assert!(rights(true, true).await.is_ok());
    let lacks = rights(true, false).await.unwrap_err();
    assert!(lacks.contains("Add Comments") && !lacks.contains("Browse"), "{lacks}");
}

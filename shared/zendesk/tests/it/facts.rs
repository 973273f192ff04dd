//! What Zendesk tells of our account.

use domain::Publisher;
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};

use crate::support::client;

async fn rights(user: Value) -> Option<Result<String, String>> {
    let server = Server::start(move |_: &Asked| Reply::json(200, json!({"user": user}))).await;
    client(&server).facts().await.rights
}

#[tokio::test]
async fn an_end_user_may_not_answer_and_an_agent_may_see_some_tickets_alone() {
    let agent = json!({"id": 1, "name": "Agent", "role": "agent", "ticket_restriction": "groups"});
    assert!(rights(agent).await.unwrap().unwrap().contains("some tickets alone (`groups`)"));
    assert!(rights(json!({"id": 1, "role": "end-user"})).await.unwrap().is_err());
    assert_eq!(rights(json!({"id": 1})).await, None, "it is not told");
}

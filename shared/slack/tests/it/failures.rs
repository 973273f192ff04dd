//! What Slack's refusals become.

use domain::{Publisher, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{client, error, mark, start, target};

#[tokio::test]
async fn a_refusal_says_how_to_mend_it() {
    for (code, word, failure) in [
        ("not_in_channel", "/invite", ServiceFailure::PlaceRefused),
        ("channel_not_found", "invite the bot", ServiceFailure::PlaceRefused),
        ("msg_too_long", "longer", ServiceFailure::Refused),
        ("restricted_action", "setting", ServiceFailure::PlaceRefused),
    ] {
        let server = Server::start(move |_| error(code)).await;
        let failed = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(failed.failure, failure);
        assert!(
            failed.to_string().starts_with(&format!("slack: post a message: HTTP 200: {code}; ")),
            "{failed}"
        );
        assert!(failed.message.contains(word), "{failed}");
    }
}

#[tokio::test]
async fn a_refused_token_and_an_archived_channel_are_told_from_a_refused_message() {
    for (code, failure, word) in [
        ("invalid_auth", ServiceFailure::AccountRefused, "SLACK_BOT_TOKEN"),
        ("is_archived", ServiceFailure::Closed, "unarchive"),
    ] {
        let server = Server::start(move |_| error(code)).await;
        let failed = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(failed.failure, failure, "{code}");
        assert!(failed.message.contains(word), "{failed}");
    }
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let body = || json!({"ok": false, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write"});
    let server = Server::start(move |_| Reply::json(200, body())).await;
    let failed = client(&server).history(&target(), 5).await.unwrap_err();
    assert!(failed.message.contains("scope channels:history"), "{failed}");
}

#[tokio::test]
async fn what_is_wrong_with_blocks_is_quoted() {
    let messages = json!(["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text]"]);
    let body = json!({"ok": false, "error": "invalid_blocks", "response_metadata": {"messages": messages}});
    let server = Server::start(move |_| Reply::json(200, body.clone())).await;
    let failed = client(&server).post_blocks("C1", "x", &json!([{}]), &mark("1")).await.unwrap_err();
    assert!(failed.message.contains("json-pointer:/blocks/0/text"), "{failed}");
}

#[tokio::test]
async fn reads_that_fail_are_for_later() {
    for reply in [|| Reply::json(500, json!({})), || error("internal_error"), || Reply::json(200, json!([]))]
    {
        let server = Server::start(move |_| reply()).await;
        let slack = client(&server);
        let later = ServiceFailure::Later { after: None };
        assert_eq!(slack.login().await.unwrap_err().failure, later);
        assert_eq!(slack.find(&target(), &mark("1"), start()).await.unwrap_err().failure, later);
        assert_eq!(slack.history(&target(), 5).await.unwrap_err().failure, later);
    }
}

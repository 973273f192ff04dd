//! Where the credential goes, what errors tell, and what a hostile target can do.

use domain::{Clock, Publisher, ServiceFailure, Target};
use outbound::scripted::{Reply, Server};
use serde_json::json;
use slack::{Posted, Slack, default_config};

use crate::support::{THREAD, TOKEN, client, mark, posted, start, target};

#[tokio::test]
async fn a_target_that_is_no_slack_thread_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| posted()).await;
    let slack = client(&server);
    let thread = |channel: &str, ts: &str| Target::SlackThread {
        team: "T1".into(),
        channel: channel.into(),
        thread_ts: ts.into(),
    };
    let mut targets = vec![Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 }];
    for channel in ["", "C", "general", "#general", "U2", "@mona", "C1/x", "c1", "C1&x=", &"C".repeat(33)] {
        targets.push(thread(channel, THREAD));
    }
    for ts in ["", "1", "1.", ".1", "1.x", "1.1 ", "-1.1", "1.1.1"] {
        targets.push(thread("C1", ts));
    }
    for target in targets {
        for failure in [
            slack.publish(&target, "Hi", &mark("1")).await.unwrap_err().failure,
            slack.history(&target, 5).await.unwrap_err().failure,
            slack.find(&target, &mark("1"), start()).await.unwrap_err().failure,
        ] {
            assert_eq!(failure, ServiceFailure::Refused, "{target:?}");
        }
    }
    assert!(slack.post("@mona", "Hi", &mark("1")).await.is_err());
    assert!(slack.find_in_channel("general", &mark("1"), start()).await.is_err());
    let nowhere = Posted { channel: "C1".into(), ts: "x".into() };
    assert!(slack.update(&nowhere, "Hi", &json!([])).await.is_err());
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_and_reaches_no_error() {
    let elsewhere = Server::start(|_| posted()).await;
    let location = format!("{}/api/chat.postMessage", elsewhere.base);
    let server = Server::start(move |asked| {
        let said = format!("who is {}?", asked.header("authorization"));
        Reply::json(307, json!({"ok": false, "error": said})).header("location", &location)
    })
    .await;
    let slack = client(&server);
    let error = slack.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Refused);
    assert!(
        error.message.contains("Bearer [redacted]") && error.message.contains("SLACK_API_URL"),
        "{error}"
    );
    assert!(!format!("{error} {error:?} {slack:?}").contains(TOKEN));
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_token_that_cannot_be_one_is_refused_at_once() {
    for token in ["", "xoxb hunter2", "xoxb\nhunter2"] {
        let error = Slack::new(&token.into(), &default_config(), Clock::system()).unwrap_err();
        assert!(error.to_string().starts_with("SLACK_BOT_TOKEN "), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
    assert!(Slack::new(&TOKEN.into(), &default_config(), Clock::system()).is_ok());
}

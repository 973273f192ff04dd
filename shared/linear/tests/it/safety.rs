//! Where the key goes, what errors tell, and which issues are ours.

use domain::{Clock, Publisher, ServiceFailure, Target};
use linear::{Config, Linear};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{KEY, client, mark, start, target, viewer};

#[tokio::test]
async fn a_target_that_is_no_issue_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| viewer()).await;
    let linear = client(&server);
    let mut targets = vec![Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 }];
    for id in ["", "a b", "\" } }", "539068e2-ae88-4d09-bd75-22eb4a59612f-and-more"] {
        targets.push(Target::LinearIssue { id: id.into() });
    }
    for target in targets {
        for failure in [
            linear.publish(&target, "Hi", &mark("1")).await.unwrap_err().failure,
            linear.history(&target, 5).await.unwrap_err().failure,
            linear.state(&target).await.unwrap_err().failure,
            linear.find(&target, &mark("1"), start()).await.unwrap_err().failure,
        ] {
            assert_eq!(failure, ServiceFailure::Refused, "{target:?}");
        }
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_key_does_not_follow_a_redirect_and_reaches_no_error() {
    let elsewhere = Server::start(|_| viewer()).await;
    let location = format!("{}/graphql", elsewhere.base);
    let server = Server::start(move |asked| {
        let said = format!("who is {}?", asked.header("authorization"));
        let body = json!({"errors": [{"message": said, "extensions": {"code": "FORBIDDEN"}}]});
        Reply::json(302, body).header("location", &location)
    })
    .await;
    let linear = client(&server);
    for error in [
        linear.publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
        linear.history(&target(), 5).await.unwrap_err(),
    ] {
        assert!(error.message.contains("LINEAR_API_URL") || error.message.contains("[redacted]"), "{error}");
        assert!(!format!("{error} {error:?} {linear:?}").contains(KEY));
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_personal_key_is_sent_as_it_is_and_an_oauth_token_as_a_bearer_token() {
    for (key, header) in [(KEY, KEY), ("lin_oauth_1", "Bearer lin_oauth_1")] {
        let server = Server::start(|_| viewer()).await;
        let linear = Linear::new(&key.into(), &Config::at(&server.base), Clock::system()).unwrap();
        linear.login().await.unwrap();
        assert_eq!(server.asked()[0].header("authorization"), header);
    }
}

#[test]
fn a_key_that_cannot_be_one_names_its_variable() {
    for key in ["", "hunter 2"] {
        let error = Linear::new(&key.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("LINEAR_API_KEY") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}

//! Where the credential goes, what errors tell, and which issues are ours.

use domain::{Clock, Publisher, ServiceFailure, Target};
use jira::{Config, Jira};
use outbound::scripted::{Reply, Server};
use serde_json::json;

use crate::support::{EMAIL, TOKEN, client, mark, myself, start, target};

#[tokio::test]
async fn a_target_that_is_no_issue_is_refused_before_anything_is_sent() {
    let server = Server::start(|_| myself()).await;
    let jira = client(&server);
    let mut targets = vec![Target::GithubIssue { owner: "octo".into(), repo: "hello".into(), number: 7 }];
    for key in ["", "..", "OPS-7/../../myself", "OPS-7?x", "OPS 7", "%2e%2e"] {
        targets.push(Target::JiraIssue { host: "acme.atlassian.net".into(), key: key.into() });
    }
    for target in targets {
        for failure in [
            jira.publish(&target, "Hi", &mark("1")).await.unwrap_err().failure,
            jira.history(&target, 5).await.unwrap_err().failure,
            jira.find(&target, &mark("1"), start()).await.unwrap_err().failure,
        ] {
            assert_eq!(failure, ServiceFailure::Refused, "{target:?}");
        }
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn an_issue_of_another_site_is_refused() {
    let jira =
        Jira::new(EMAIL, &TOKEN.into(), &Config::at("https://acme.atlassian.net"), Clock::system()).unwrap();
    for host in ["evil.atlassian.net", "", "acme.atlassian.net.evil.example"] {
        let target = Target::JiraIssue { host: host.into(), key: "OPS-7".into() };
        let error = jira.publish(&target, "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("another site than acme.atlassian.net"), "{error}");
    }
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_and_reaches_no_error() {
    let elsewhere = Server::start(|_| myself()).await;
    let location = format!("{}/rest/api/3/myself", elsewhere.base);
    let server = Server::start(move |asked| {
        let said = format!("who is {} ({TOKEN})?", asked.header("authorization"));
        Reply::json(302, json!({"errorMessages": [said]})).header("location", &location)
    })
    .await;
    let jira = client(&server);
    for error in [
        jira.publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
        jira.history(&target(), 5).await.unwrap_err(),
    ] {
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("[redacted]") && error.message.contains("JIRA_API_URL"), "{error}");
        assert!(!format!("{error} {error:?} {jira:?}").contains(TOKEN));
        assert!(!error.message.contains("YWdlbnRA"), "{error}");
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn credentials_that_cannot_be_any_name_their_variable() {
    for (email, token) in [("", "hunter2"), (EMAIL, ""), (EMAIL, "hunter 2")] {
        let error =
            Jira::new(email, &token.into(), &Config::at("https://x.example"), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("JIRA_API_TOKEN") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
}

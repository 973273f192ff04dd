//! The stand-in as our own client sees it.

use domain::{Clock, Publisher, ServiceFailure, Target, ThreadState};
use jira::Config;

use super::{ACCOUNT, Jira, JiraStandin};
use crate::kit::testing::{keeps_notes, mark, serve};

fn issue(key: &str) -> Target {
    Target::JiraIssue { host: "acme.atlassian.net".into(), key: key.into() }
}

fn client(config: &Config) -> impl Publisher + use<> {
    jira::Jira::new("afterhook@example.com", &"t".into(), config, Clock::system()).unwrap()
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    keeps_notes::<Jira, _>("OPS-7", |_| issue("OPS-7"), ThreadState::Closed, client).await;
}

#[tokio::test]
async fn what_our_account_may_not_see_is_not_there_and_what_is_done_takes_comments() {
    let standin = JiraStandin::new();
    standin.set_state("OPS-8", ThreadState::Locked);
    standin.set_state("OPS-7", ThreadState::Closed);
    serve(&standin, async |base| {
        let client = client(&Config::at(base));
        assert_eq!(client.login().await.unwrap(), ACCOUNT);
        assert_eq!(client.state(&issue("OPS-8")).await.unwrap_err().failure, ServiceFailure::AccountRefused);
        let error = client.publish(&issue("OPS-8"), "Hi", &mark(0)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::AccountRefused);
        let proof = client.publish(&issue("OPS-7"), "**Hi**", &mark(0)).await.unwrap();
        assert!(proof.url.unwrap().contains("/browse/OPS-7?focusedCommentId="));
        assert_eq!(client.history(&issue("OPS-7"), 9).await.unwrap()[0].text.trim(), "**Hi**");
    })
    .await;
    assert!(standin.notes("OPS-8").is_empty() && standin.notes("OPS-7")[0].text == "Hi");
}

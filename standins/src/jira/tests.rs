//! The stand-in as our own client sees it, and across restarts.

use std::time::Duration;

use domain::{Clock, Publisher, ServiceFailure, Target, ThreadState, Timestamp};
use jira::{Config, Jira};

use super::{ACCOUNT, Fault, FaultRule, JiraStandin, Scope};
use crate::kit::testing::{mark, serve};

async fn with_client(standin: &JiraStandin, test: impl AsyncFnOnce(Jira)) {
    serve(standin, async |base| {
        let config = Config { timeout: Duration::from_millis(800), ..Config::at(base) };
        let client = Jira::new("afterhook@example.com", &"t".into(), &config, Clock::system()).unwrap();
        test(client).await;
    })
    .await;
}

fn issue(key: &str) -> Target {
    Target::JiraIssue { host: "acme.atlassian.net".into(), key: key.into() }
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    let standin = JiraStandin::new();
    standin.seed_comment("OPS-7", "557058:x", "It is down.").unwrap();
    let since = Timestamp::now();
    with_client(&standin, async |client| {
        assert_eq!(client.login().await.unwrap(), ACCOUNT);
        for (number, fault) in [Fault::Lost, Fault::DoneBut502, Fault::DoneButHangs].into_iter().enumerate() {
            let mark = mark(number);
            assert_eq!(client.find(&issue("OPS-7"), &mark, since).await.unwrap(), None);
            standin.set_faults(vec![FaultRule::always(fault).on(Scope::Writes).first(1)]);
            let error = client.publish(&issue("OPS-7"), "**Hi**", &mark).await.unwrap_err();
            assert!(error.failure.is_in_doubt(), "{fault:?}");
            let proof = client.find(&issue("OPS-7"), &mark, since).await.unwrap().unwrap();
            assert!(proof.url.unwrap().contains("/browse/OPS-7?focusedCommentId="));
        }
        let history = client.history(&issue("OPS-7"), 9).await.unwrap();
        let texts: Vec<_> = history.iter().map(|comment| (comment.text.trim(), comment.ours)).collect();
        assert_eq!(texts, [("It is down.", false), ("**Hi**", true), ("**Hi**", true), ("**Hi**", true)]);
    })
    .await;
    assert_eq!(standin.comments("OPS-7").len(), 4);
}

#[tokio::test]
async fn what_our_account_may_not_see_is_not_there() {
    let standin = JiraStandin::new();
    standin.hide("OPS-8");
    with_client(&standin, async |client| {
        assert_eq!(client.state(&issue("OPS-8")).await.unwrap_err().failure, ServiceFailure::Refused);
        let error = client.publish(&issue("OPS-8"), "Hi", &mark(0)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused);
    })
    .await;
    assert!(standin.comments("OPS-8").is_empty());
}

#[tokio::test]
async fn an_issue_that_is_done_says_so_and_takes_comments_all_the_same() {
    let standin = JiraStandin::new();
    with_client(&standin, async |client| {
        assert_eq!(client.state(&issue("OPS-7")).await.unwrap(), ThreadState::Open);
        standin.resolve("OPS-7");
        assert_eq!(client.state(&issue("OPS-7")).await.unwrap(), ThreadState::Closed);
        client.publish(&issue("OPS-7"), "Hi", &mark(0)).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn comments_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jira.jsonl");
    let standin = JiraStandin::open(Clock::system(), &path).unwrap();
    with_client(&standin, async |client| {
        client.publish(&issue("OPS-7"), "Hi", &mark(0)).await.unwrap();
    })
    .await;
    let before = standin.comments("OPS-7");
    assert_eq!(before[0].text(), "Hi");
    // What a killed process leaves: its lock is gone with it.
    let left = folder.path().join("left.jsonl");
    std::fs::copy(&path, &left).unwrap();
    assert_eq!(JiraStandin::open(Clock::system(), &left).unwrap().comments("OPS-7"), before);
}

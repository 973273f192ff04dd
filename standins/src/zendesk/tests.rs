//! The stand-in as our own client sees it, and across restarts.

use std::time::Duration;

use domain::{Clock, Publisher, ServiceFailure, Target, ThreadState, Timestamp};
use http::Request;
use zendesk::{Config, Credentials, Zendesk};

use super::{AGENT, Fault, FaultRule, Scope, ZendeskStandin};
use crate::kit::testing::{mark, send, serve};

async fn with_client(standin: &ZendeskStandin, token: &str, test: impl AsyncFnOnce(Zendesk)) {
    serve(standin, async |base| {
        let config = Config { timeout: Duration::from_millis(800), ..Config::at(base) };
        let credentials = Credentials::Oauth(token.into());
        let client = Zendesk::new(&credentials, &config, Clock::system()).unwrap();
        test(client).await;
    })
    .await;
}

fn ticket(id: u64) -> Target {
    Target::ZendeskTicket { subdomain: "acme".into(), id }
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    let standin = ZendeskStandin::new();
    standin.seed_comment(7, 1, "It burns.", true).unwrap();
    standin.seed_comment(7, 2, "A note for colleagues.", false).unwrap();
    let since = Timestamp::now();
    with_client(&standin, "t", async |client| {
        assert_eq!(client.login().await.unwrap(), AGENT.to_string());
        for (number, fault) in [Fault::Lost, Fault::DoneBut502, Fault::DoneButHangs].into_iter().enumerate() {
            let mark = mark(number);
            assert_eq!(client.find(&ticket(7), &mark, since).await.unwrap(), None);
            standin.set_faults(vec![FaultRule::always(fault).on(Scope::Writes).first(1)]);
            let error = client.publish(&ticket(7), "**Hi** <b>", &mark).await.unwrap_err();
            assert!(error.failure.is_in_doubt(), "{fault:?}");
            let proof = client.find(&ticket(7), &mark, since).await.unwrap().unwrap();
            assert!(proof.url.unwrap().ends_with("/agent/tickets/7"));
        }
        let history = client.history(&ticket(7), 9).await.unwrap();
        assert_eq!((history[0].text.as_str(), history[0].ours, history.len()), ("It burns.", false, 4));
        assert!(history[1..].iter().all(|comment| comment.ours && comment.text.trim() == "Hi <b>"));
    })
    .await;
    assert_eq!(standin.comments(7).iter().filter(|comment| comment.is_ours()).count(), 3);
}

#[tokio::test]
async fn closed_tickets_and_strangers_are_refused() {
    let standin = ZendeskStandin::new();
    standin.close(7);
    with_client(&standin, "t", async |client| {
        assert_eq!(client.state(&ticket(7)).await.unwrap(), ThreadState::Locked);
        assert_eq!(client.state(&ticket(8)).await.unwrap(), ThreadState::Open);
        let error = client.publish(&ticket(7), "Hi", &mark(0)).await.unwrap_err();
        assert!(error.failure == ServiceFailure::Closed && error.message.contains("closed"), "{error}");
    })
    .await;
    with_client(&standin, "INVALID", async |client| {
        assert_eq!(client.login().await.unwrap_err().failure, ServiceFailure::Refused);
        let error = client.publish(&ticket(8), "Hi", &mark(0)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::AccountRefused);
    })
    .await;
    assert!(standin.comments(8).is_empty());
}

#[tokio::test]
async fn an_update_of_an_outdated_ticket_is_a_conflict() {
    let standin = ZendeskStandin::new();
    standin.seed_comment(7, 1, "It burns.", true).unwrap();
    let update = serde_json::json!({"ticket": {
        "comment": {"html_body": "Hi", "public": true}, "safe_update": true,
        "updated_stamp": "2020-01-01T00:00:00Z",
    }});
    let request = Request::put("/api/v2/tickets/7.json").header("authorization", "Bearer t");
    assert_eq!(send(standin.router(), request, update.to_string()).await.status, 409);
    assert_eq!(standin.comments(7).len(), 1);
}

#[tokio::test]
async fn comments_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zendesk.jsonl");
    let standin = ZendeskStandin::open(Clock::system(), &path).unwrap();
    with_client(&standin, "t", async |client| {
        client.publish(&ticket(7), "Hi", &mark(0)).await.unwrap();
    })
    .await;
    let before = standin.comments(7);
    // What a killed process leaves: its lock is gone with it.
    let left = folder.path().join("left.jsonl");
    std::fs::copy(&path, &left).unwrap();
    assert_eq!(ZendeskStandin::open(Clock::system(), &left).unwrap().comments(7), before);
}

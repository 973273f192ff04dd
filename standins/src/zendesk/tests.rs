//! The stand-in as our own client sees it.

use domain::{Audience, Clock, InternalNotes, Publisher, ServiceFailure, Target, ThreadState};
use http::Request;
use zendesk::{Config, Credentials};

use super::{AGENT, Zendesk, ZendeskStandin};
use crate::kit::testing::{keeps_notes, mark, send, serve};

fn ticket(id: u64) -> Target {
    Target::ZendeskTicket { subdomain: "acme".into(), id }
}

fn client(token: &str, config: &Config) -> impl Publisher + use<> {
    zendesk::Zendesk::new(&Credentials::Oauth(token.into()), config, Clock::system()).unwrap()
}

#[tokio::test]
async fn our_client_talks_and_finds_what_was_lost() {
    keeps_notes::<Zendesk, _>("7", |_| ticket(7), ThreadState::Locked, |config| client("t", config)).await;
}

#[tokio::test]
async fn a_note_for_colleagues_stays_among_them_and_markup_is_text() {
    let standin = ZendeskStandin::new();
    serve(&standin, async |base| {
        let client = client("t", &Config::at(base));
        let staff: &dyn InternalNotes = client.internal_notes().unwrap();
        let proof = staff.publish(&ticket(7), "For colleagues.", &mark(0)).await.unwrap();
        assert_eq!(staff.audience(&ticket(7), &proof.id).await.unwrap(), Some(Audience::Internal));
        client.publish(&ticket(7), "**Hi** <b>", &mark(1)).await.unwrap();
        let history = client.history(&ticket(7), 9).await.unwrap();
        assert_eq!((history.len(), history[0].text.trim(), history[0].ours), (1, "Hi <b>", true));
    })
    .await;
}

#[tokio::test]
async fn closed_tickets_and_strangers_are_refused() {
    let standin = ZendeskStandin::new();
    standin.set_state("7", ThreadState::Locked);
    serve(&standin, async |base| {
        let ours = client("t", &Config::at(&base));
        assert_eq!(ours.login().await.unwrap(), AGENT.to_string());
        assert_eq!(ours.state(&ticket(7)).await.unwrap(), ThreadState::Locked);
        assert_eq!(ours.state(&ticket(8)).await.unwrap(), ThreadState::Open);
        let error = ours.publish(&ticket(7), "Hi", &mark(0)).await.unwrap_err();
        assert!(error.failure == ServiceFailure::Closed && error.message.contains("closed"), "{error}");
        let stranger = client("INVALID", &Config::at(base));
        assert_eq!(stranger.login().await.unwrap_err().failure, ServiceFailure::AccountRefused);
        let error = stranger.publish(&ticket(8), "Hi", &mark(0)).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::AccountRefused);
    })
    .await;
    assert!(standin.notes("8").is_empty());
}

#[tokio::test]
async fn an_update_of_an_outdated_ticket_is_a_conflict() {
    let standin = ZendeskStandin::new();
    standin.seed_note("7", "1", "It burns.").unwrap();
    let update = serde_json::json!({"ticket": {
        "comment": {"html_body": "Hi", "public": true}, "safe_update": true,
        "updated_stamp": "2020-01-01T00:00:00Z",
    }});
    let request = Request::put("/api/v2/tickets/7.json").header("authorization", "Bearer t");
    assert_eq!(send(standin.router(), request, update.to_string()).await.status, 409);
    assert_eq!(standin.notes("7").len(), 1);
}

//! Where the credential goes, what errors tell, and which tickets are ours.

use domain::{Clock, Publisher, ServiceFailure, Target};
use outbound::scripted::{Reply, Server};
use serde_json::json;
use zendesk::{Config, Credentials, Zendesk};

use crate::support::{TOKEN, client, credentials, mark, me, target};

#[tokio::test]
async fn a_ticket_of_another_account_is_refused() {
    let zendesk =
        Zendesk::new(&credentials(), &Config::at("https://acme.zendesk.com"), Clock::system()).unwrap();
    for other in ["evil", "", "acme.evil"] {
        let target = Target::ZendeskTicket { subdomain: other.into(), id: 7 };
        let error = zendesk.publish(&target, "Hi", &mark("1")).await.unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Refused);
        assert!(error.message.contains("another account than acme"), "{error}");
    }
}

#[tokio::test]
async fn the_token_does_not_follow_a_redirect_and_reaches_no_error() {
    let elsewhere = Server::start(|_| me()).await;
    let location = format!("{}/api/v2/users/me.json", elsewhere.base);
    let server = Server::start(move |asked| {
        let said = format!("who is {} ({TOKEN})?", asked.header("authorization"));
        Reply::json(307, json!({"error": said})).header("location", &location)
    })
    .await;
    let oauth = Zendesk::new(&Credentials::Oauth(TOKEN.into()), &Config::at(&server.base), Clock::system());
    for zendesk in [client(&server), oauth.unwrap()] {
        for error in [
            zendesk.publish(&target(), "Hi", &mark("1")).await.unwrap_err(),
            zendesk.history(&target(), 5).await.unwrap_err(),
        ] {
            assert_eq!(error.failure, ServiceFailure::Refused);
            assert!(
                error.message.contains("[redacted]") && error.message.contains("ZENDESK_API_URL"),
                "{error}"
            );
            assert!(!format!("{error} {error:?} {zendesk:?}").contains(TOKEN));
        }
    }
    assert!(elsewhere.asked().is_empty());
    assert!(server.asked().last().unwrap().header("authorization").starts_with("Bearer "));
}

#[test]
fn credentials_that_cannot_be_any_name_their_variable() {
    let new =
        |credentials| Zendesk::new(&credentials, &Config::at("https://acme.zendesk.com"), Clock::system());
    let error = new(Credentials::ApiToken { email: String::new(), token: "hunter2".into() }).unwrap_err();
    assert!(error.to_string().starts_with("ZENDESK_API_TOKEN"), "{error}");
    let error = new(Credentials::Oauth("hunter 2".into())).unwrap_err();
    assert!(
        error.to_string().starts_with("ZENDESK_OAUTH_TOKEN") && !error.to_string().contains("hunter"),
        "{error}"
    );
}

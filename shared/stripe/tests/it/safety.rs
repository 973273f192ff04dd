//! Where the key goes, and what errors tell.

use domain::{Clock, ServiceFailure};
use outbound::scripted::{Reply, Server};
use stripe::{Stripe, default_config};

use crate::support::{KEY, client, list, payment, problem, refund};

#[tokio::test]
async fn the_key_does_not_follow_a_redirect_and_reaches_no_error() {
    let elsewhere = Server::start(|_| list(&[], false)).await;
    let location = format!("{}/v1/refunds", elsewhere.base);
    let server = Server::start(move |asked| {
        let said = format!("who is {}?", asked.header("authorization"));
        let moved: Reply = problem(307, "invalid_request_error", "", &said);
        if asked.method == "GET" && asked.path == "/v1/refunds" {
            list(&[], false)
        } else {
            moved.header("location", &location)
        }
    })
    .await;
    let stripe = client(&server);
    for error in [refund(&stripe).await.unwrap_err(), stripe.charge(&payment()).await.unwrap_err()] {
        assert_eq!(error.service.failure, ServiceFailure::Refused);
        let message = &error.service.message;
        assert!(message.contains("Bearer [redacted]") && message.contains("STRIPE_API_URL"), "{error}");
        assert!(!format!("{error} {error:?} {stripe:?}").contains(KEY));
    }
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn a_key_that_cannot_be_one_is_refused_at_once() {
    for key in ["", "sk hunter2", "sk\nhunter2"] {
        let error = Stripe::new(&key.into(), &default_config(), Clock::system()).unwrap_err();
        assert!(
            error.to_string().starts_with("STRIPE_API_KEY ") && !error.to_string().contains("hunter"),
            "{error}"
        );
    }
    assert!(Stripe::new(&KEY.into(), &default_config(), Clock::system()).is_ok());
}

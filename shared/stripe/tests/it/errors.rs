//! What Stripe's errors become.

use std::time::Duration;

use domain::{ServiceError, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::json;
use stripe::Problem;

use crate::support::{client, payment, posting, problem, refund};

const INVALID: &str = "invalid_request_error";

#[tokio::test]
async fn refusals_are_certain_typed_and_say_how_to_mend_them() {
    for (status, kind, code, message, expected, word) in [
        (
            400,
            INVALID,
            "charge_already_refunded",
            "Charge ch_1 has already been refunded.",
            Problem::AlreadyRefunded,
            "before",
        ),
        (400, INVALID, "amount_too_large", "Too large", Problem::AmountTooLarge, "left of the payment"),
        (
            400,
            INVALID,
            "",
            "Refund amount ($20.00) is greater than charge amount ($10.00)",
            Problem::AmountTooLarge,
            "left",
        ),
        (
            400,
            INVALID,
            "",
            "Refund amount ($2.00) is greater than unrefunded amount on charge ($1.00)",
            Problem::AmountTooLarge,
            "left",
        ),
        (400, INVALID, "", "The description is greater than 500 characters", Problem::Invalid, "500"),
        (400, INVALID, "charge_disputed", "Disputed", Problem::Disputed, "dispute"),
        (400, INVALID, "balance_insufficient", "Insufficient", Problem::InsufficientBalance, "add funds"),
        (
            400,
            "idempotency_error",
            "",
            "Keys for idempotent requests can only be used once",
            Problem::IdempotencyConflict,
            "Dashboard",
        ),
        (400, INVALID, "parameter_unknown", "Unknown", Problem::Invalid, "Unknown"),
        (402, "card_error", "card_declined", "Declined", Problem::Card, "bank"),
        (401, INVALID, "", "Invalid API Key provided", Problem::Key, "STRIPE_API_KEY"),
        (
            403,
            INVALID,
            "",
            "The provided key does not have the required permissions",
            Problem::Key,
            "write access to Refunds",
        ),
        (400, INVALID, "testmode_charges_only", "Not activated", Problem::Key, "STRIPE_API_KEY"),
        (404, INVALID, "resource_missing", "No such charge: 'ch_1'", Problem::NoSuchPayment, "test or live"),
    ] {
        let server = posting(move |_| problem(status, kind, code, message)).await;
        let error = refund(&client(&server)).await.unwrap_err();
        // The key is everybody's: a refusal of it concerns all work at Stripe.
        let failure = match expected {
            Problem::Key => ServiceFailure::AccountRefused,
            _ => ServiceFailure::Refused,
        };
        assert_eq!((error.problem, error.service.failure), (expected, failure), "{message}");
        assert!(
            error.to_string().starts_with(&format!("stripe: refund a payment: HTTP {status}: ")),
            "{error}"
        );
        assert!(error.service.message.contains(message) && error.service.message.contains(word), "{error}");
        assert_eq!(server.asked().len(), 2, "sent once");
    }
}

#[tokio::test]
async fn a_rate_limit_throttles() {
    let server = posting(|_| problem(429, INVALID, "rate_limit", "Too many requests")).await;
    let error = refund(&client(&server)).await.unwrap_err();
    let after = Duration::from_secs(60);
    assert_eq!(
        (error.problem, error.service.failure),
        (Problem::RateLimit, ServiceFailure::Throttled { after })
    );
    let server = posting(|_| problem(429, INVALID, "lock_timeout", "Busy").header("retry-after", "3")).await;
    let error = ServiceError::from(refund(&client(&server)).await.unwrap_err());
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(3) });
}

#[tokio::test]
async fn a_request_under_way_with_the_same_key_is_in_doubt() {
    let server =
        posting(|_| problem(409, "idempotency_error", "idempotency_key_in_use", "In progress")).await;
    let error = refund(&client(&server)).await.unwrap_err();
    assert_eq!((error.problem, error.service.failure), (Problem::InProgress, ServiceFailure::InDoubt));
}

#[tokio::test]
async fn server_errors_leave_it_in_doubt_unless_they_come_before() {
    for status in [500, 502, 503, 504] {
        let server = posting(move |_| problem(status, "api_error", "", "Oops")).await;
        let error = refund(&client(&server)).await.unwrap_err();
        assert!(error.problem == Problem::Unavailable && error.service.failure.is_in_doubt(), "{status}");
        let server = Server::start(move |_| Reply::json(status, json!({}))).await;
        let error = refund(&client(&server)).await.unwrap_err();
        assert_eq!(error.service.failure, ServiceFailure::Later { after: None });
        let error = client(&server).charge(&payment()).await.unwrap_err();
        assert_eq!(error.service.failure, ServiceFailure::Later { after: None });
    }
}

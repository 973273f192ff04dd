//! [`StripeError`]: what went wrong, for the ledger and for people.
//!
//! Source: "Errors" and "Error codes" in Stripe's API reference.

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde::Deserialize;

/// A call of Stripe failed, or its outcome is in doubt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service}")]
pub struct StripeError {
    /// Its kind, for automations that can say more about it.
    pub problem: Problem,
    /// What the caller does next.
    pub service: ServiceError,
}

/// Why Stripe does not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The whole payment was refunded before, by somebody else.
    AlreadyRefunded,
    /// More than what is left of the payment.
    AmountTooLarge,
    /// There is no such payment in this account, or not in this mode (test, live).
    NoSuchPayment,
    /// The customer disputes the payment with the bank: the money is there already.
    Disputed,
    /// The card or its bank refuses.
    Card,
    /// The account's balance does not suffice.
    InsufficientBalance,
    /// The same idempotency key was used with other parameters: the request has changed since it was
    /// first made.
    IdempotencyConflict,
    /// A request with the same idempotency key is under way.
    InProgress,
    /// The key is wrong, revoked, or lacks a permission.
    Key,
    /// Too many requests.
    RateLimit,
    /// Another parameter is wrong.
    Invalid,
    /// Stripe is in trouble, or was not reached.
    Unavailable,
}

impl From<StripeError> for ServiceError {
    fn from(error: StripeError) -> Self {
        error.service
    }
}

/// An error of the transport, of a lost or unreadable answer.
impl From<ServiceError> for StripeError {
    fn from(service: ServiceError) -> Self {
        Self { problem: Problem::Unavailable, service }
    }
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Details,
}

#[derive(Debug, Default, Deserialize)]
struct Details {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> StripeError {
    let Body { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let problem = problem(answer.status, &error);
    let code = if error.code.is_empty() { &error.kind } else { &error.code };
    let said = [code.as_str(), error.message.as_str()].into_iter().filter(|text| !text.is_empty());
    let said = said.collect::<Vec<_>>().join(": ");
    let hint = hint(problem);
    let service = match problem {
        // The request under way may be our own, whose answer was lost.
        Problem::InProgress => {
            let failure = if call.operation.creates {
                ServiceFailure::InDoubt
            } else {
                ServiceFailure::Later { after: None }
            };
            client.failed_as(call, failure, answer, &said, hint)
        }
        // Every refund meets the same until the key is mended.
        Problem::Key => client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint),
        _ => client.failed(call, answer, &said, hint),
    };
    StripeError { problem, service }
}

/// What Stripe says to a refund of too much, often without a code.
const TOO_MUCH: [&str; 2] = [
    "Refund amount (…) is greater than charge amount (…)",
    "Refund amount (…) is greater than unrefunded amount on charge (…)",
];

fn problem(status: StatusCode, error: &Details) -> Problem {
    match error.code.as_str() {
        "charge_already_refunded" => return Problem::AlreadyRefunded,
        "amount_too_large" => return Problem::AmountTooLarge,
        "charge_disputed" => return Problem::Disputed,
        "balance_insufficient" | "insufficient_funds" => return Problem::InsufficientBalance,
        "idempotency_key_in_use" => return Problem::InProgress,
        "api_key_expired"
        | "platform_api_key_expired"
        | "secret_key_required"
        | "testmode_charges_only"
        | "account_invalid" => return Problem::Key,
        "resource_missing" => return Problem::NoSuchPayment,
        _ => {}
    }
    match (status.as_u16(), error.kind.as_str()) {
        (_, "idempotency_error") => Problem::IdempotencyConflict,
        (402, _) | (_, "card_error") => Problem::Card,
        (401 | 403, _) => Problem::Key,
        (404, _) => Problem::NoSuchPayment,
        (409, _) => Problem::InProgress,
        (429, _) => Problem::RateLimit,
        (400, _) if says(&error.message, &TOO_MUCH) => Problem::AmountTooLarge,
        (300..=499, _) => Problem::Invalid,
        _ => Problem::Unavailable,
    }
}

fn hint(problem: Problem) -> Option<&'static str> {
    let hint = match problem {
        Problem::AlreadyRefunded => "the whole payment was refunded before",
        Problem::AmountTooLarge => "ask for no more than what is left of the payment",
        Problem::NoSuchPayment => "is the key of the right account, and of the right mode (test or live)?",
        Problem::Disputed => "answer the dispute instead: the bank decides about its money",
        Problem::Card => "the card's bank refuses: pay the customer back another way",
        Problem::InsufficientBalance => "add funds to the Stripe balance, then retry the task",
        Problem::IdempotencyConflict => {
            "the refund was asked for before with another amount or reason: look at the payment in the Dashboard"
        }
        Problem::InProgress => "a request for the same refund is under way",
        Problem::Key => {
            "check STRIPE_API_KEY: it must be a secret or restricted key that is not revoked, with write access to Refunds and read \
             access to Charges and PaymentIntents"
        }
        Problem::RateLimit | Problem::Invalid | Problem::Unavailable => return None,
    };
    Some(hint)
}

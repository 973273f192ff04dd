//! What PagerDuty's errors mean, and how to mend them.

use std::time::Duration;

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde_json::Value;

/// The longest wait for a rate limit that is believed.
const MAX_WAIT: u64 = 3600;

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> ServiceError {
    let (said, hint) = (said(&answer.body), hint(answer.status));
    let failure = match (answer.status, reset(answer)) {
        (StatusCode::TOO_MANY_REQUESTS, Some(after)) => ServiceFailure::Throttled { after },
        (StatusCode::PAYMENT_REQUIRED, _) => ServiceFailure::AccountRefused,
        // A user's token may do in one team what it may not do in another. Nobody can delete an incident: one that is
        // not found is another account's, or of a team that the token does not see.
        (StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, _) => ServiceFailure::PlaceRefused,
        (StatusCode::BAD_REQUEST, _) if says(&said, &NO_SUCH_USER) => ServiceFailure::AccountRefused,
        _ => return client.failed(call, answer, &said, hint),
    };
    client.failed_as(call, failure, answer, &said, hint)
}

/// What PagerDuty says when no user has the address under which notes are written.
const NO_SUCH_USER: [&str; 2] = ["Requester User Not Found", "…: Requester User Not Found"];

/// The seconds until the rate limit is free again, which PagerDuty names in a header of its own.
fn reset(answer: &Answer) -> Option<Duration> {
    let seconds: u64 = answer.headers.get("ratelimit-reset")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.clamp(1, MAX_WAIT)))
}

fn hint(status: StatusCode) -> Option<&'static str> {
    let hint = match status {
        StatusCode::UNAUTHORIZED => {
            "check PAGERDUTY_API_TOKEN, and whether PAGERDUTY_API_URL is of its region"
        }
        StatusCode::PAYMENT_REQUIRED => "the account's plan does not have this",
        StatusCode::FORBIDDEN => {
            "the token may only read, or its user may not write in that team: make one that may"
        }
        StatusCode::NOT_FOUND => {
            "the incident is another account's, or of a team that the token does not see"
        }
        StatusCode::BAD_REQUEST => {
            "PagerDuty does not accept the note; PAGERDUTY_EMAIL must be the address of a user of the account"
        }
        _ => return None,
    };
    Some(hint)
}

/// What PagerDuty says: `{"error": {"message": …, "errors": […]}}`, or `{"error": "…"}`.
fn said(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    let details = error["errors"].as_array().into_iter().flatten();
    let texts = [error, &error["message"]].into_iter().chain(details);
    texts.filter_map(Value::as_str).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_is_read() {
        for (body, expected) in [
            (
                r#"{"error":{"message":"Invalid Input Provided","code":2001,"errors":["Content is required."]}}"#,
                "Invalid Input Provided: Content is required.",
            ),
            (r#"{"error":{"message":"Not Found","code":2100}}"#, "Not Found"),
            (r#"{"error":"Unauthorized"}"#, "Unauthorized"),
            ("<html>", ""),
        ] {
            assert_eq!(said(body.as_bytes()), expected);
        }
    }
}

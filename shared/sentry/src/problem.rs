//! What Sentry's errors mean, and how to mend them.

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde_json::Value;

/// What Sentry says to a text that the account has written on the issue within the hour.
const REPEATED: &[&str] = &["You have already posted that comment."];

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> ServiceError {
    let said = said(&answer.body);
    match shut_out(&answer.body).filter(|_| [401, 403].contains(&answer.status.as_u16())) {
        Some(hint) => client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, Some(hint)),
        // A user's token may do in the projects of its teams what it may not do in others.
        None if answer.status == StatusCode::FORBIDDEN => {
            client.failed_as(call, ServiceFailure::PlaceRefused, answer, &said, hint(answer.status))
        }
        None if answer.status == StatusCode::NOT_FOUND => {
            client.failed_as(call, ServiceFailure::NotFound, answer, &said, hint(answer.status))
        }
        None => client.failed(call, answer, &said, hint(answer.status)),
    }
}

/// How to mend what the whole organisation asks of the token's account before it may do anything, by Sentry's codes.
fn shut_out(body: &[u8]) -> Option<&'static str> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let hint = match body["detail"]["code"].as_str()? {
        "sso-required" => {
            "the organization asks for single sign-on: use the token of an internal integration, or log in there again"
        }
        "2fa-required" => {
            "the organization asks for two-factor authentication: set it up for the token's account"
        }
        "email-verification-required" => "the address of the token's account is not confirmed: confirm it",
        "member-disabled-over-limit" => "the organization's plan has no place for the token's account",
        _ => return None,
    };
    Some(hint)
}

/// Whether the comment is refused because it is there already.
pub(crate) fn is_repetition(answer: &Answer) -> bool {
    answer.status == StatusCode::BAD_REQUEST && says(&said(&answer.body), REPEATED)
}

fn hint(status: StatusCode) -> Option<&'static str> {
    let hint = match status {
        StatusCode::UNAUTHORIZED => "check SENTRY_AUTH_TOKEN, and whether SENTRY_API_URL is of its region",
        StatusCode::FORBIDDEN => {
            "give the token the scope `event:write` (in an internal integration: Issue & Event, Read & Write)"
        }
        StatusCode::NOT_FOUND => {
            "the issue does not exist, or `organization` in agent.toml is another one than the token's"
        }
        StatusCode::BAD_REQUEST => "Sentry does not accept the comment",
        _ => return None,
    };
    Some(hint)
}

/// What Sentry says: `{"detail": "…"}`, `{"detail": {"message": "…"}}`, or `{"field": ["…"]}`.
fn said(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let detail = &body["detail"];
    if let Some(text) = detail.as_str().or(detail["message"].as_str()) {
        return text.to_owned();
    }
    let fields = body.as_object().into_iter().flatten().filter(|(_, problems)| problems.is_array());
    fields.map(|(name, problems)| format!("{name}: {problems}")).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_is_read() {
        for (body, expected) in [
            (
                r#"{"detail":"The requested resource does not exist"}"#,
                "The requested resource does not exist",
            ),
            (r#"{"detail":{"code":"sso-required","message":"Must login via SSO"}}"#, "Must login via SSO"),
            (r#"{"text":["This field is required."]}"#, r#"text: ["This field is required."]"#),
            ("<html>", ""),
        ] {
            assert_eq!(said(body.as_bytes()), expected);
        }
    }
}

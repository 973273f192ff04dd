//! What Zendesk's errors mean, and how to mend them.

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde_json::Value;

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> ServiceError {
    let words = words(&answer.body);
    let said = words.join(": ");
    if answer.status == StatusCode::CONFLICT {
        // Zendesk has refused the update because the ticket has changed since, or is being changed.
        let later = ServiceFailure::Later { after: None };
        let hint = "the ticket was changed at the same moment";
        return client.failed_as(call, later, answer, &said, Some(hint));
    }
    let is_over = is_over(answer.status, &words);
    let is_known = |known: &[&str]| words.iter().any(|said| says(said, known));
    let shut_out = SHUT_OUT.iter().find(|(status, known, _)| *status == answer.status && is_known(known));
    let hint = shut_out.map(|(_, _, hint)| *hint).or_else(|| hint(answer.status, is_over));
    match answer.status {
        _ if is_over => client.failed_as(call, ServiceFailure::Closed, answer, &said, hint),
        status if status == StatusCode::PAYMENT_REQUIRED || shut_out.is_some() => {
            client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint)
        }
        // An agent may do in one group what it may not do in another.
        StatusCode::FORBIDDEN => client.failed_as(call, ServiceFailure::PlaceRefused, answer, &said, hint),
        StatusCode::NOT_FOUND => client.failed_as(call, ServiceFailure::NotFound, answer, &said, hint),
        _ => client.failed(call, answer, &said, hint),
    }
}

/// What an answer with this status says by which the account or the help desk is shut out as a whole, and how to
/// mend it.
const SHUT_OUT: [(StatusCode, &[&str], &str); 2] = [
    (
        StatusCode::FORBIDDEN,
        &["You are missing the following required scopes: …"],
        "ZENDESK_OAUTH_TOKEN needs the scopes `read` and `tickets:write`",
    ),
    (
        StatusCode::NOT_FOUND,
        &["There is no help desk configured at this address…"],
        "check `subdomain` in agent.toml: no help desk is there, or it was closed",
    ),
];

/// What Zendesk says of a ticket that was closed after it was read.
const CLOSED: [&str; 2] = ["Status: closed prevents ticket update", "closed prevents ticket update"];

/// Whether the ticket takes nothing more: it was closed after it was read, or deleted for good.
fn is_over(status: StatusCode, words: &[String]) -> bool {
    match status {
        StatusCode::GONE => true,
        StatusCode::UNPROCESSABLE_ENTITY => words.iter().any(|said| says(said, &CLOSED)),
        _ => false,
    }
}

fn hint(status: StatusCode, is_over: bool) -> Option<&'static str> {
    let hint = match status.as_u16() {
        401 => {
            "check ZENDESK_EMAIL and ZENDESK_API_TOKEN (or ZENDESK_OAUTH_TOKEN), and that token access is on in \
             the Admin Center (Apps and integrations, APIs)"
        }
        403 => {
            "the account may not do that: it must be an agent's with access to the ticket, and an OAuth token \
             needs the scopes `read` and `tickets:write`"
        }
        404 => "the ticket does not exist or was deleted, or the account is not in its group",
        402 => "the account's subscription has ended, or its bill is not paid",
        _ if is_over => "a closed ticket takes no more comments: the requester must open a follow-up",
        422 => {
            "Zendesk does not accept the update: perhaps the ticket is closed, or a field that it needs is empty"
        }
        _ => return None,
    };
    Some(hint)
}

/// What Zendesk says: `{"error": "RecordInvalid", "description": …, "details": {…}}`, `{"error":
/// {"title", "message"}}` or `{"errors": [{"title"…}]}`.
fn words(body: &[u8]) -> Vec<String> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let mut words = Vec::new();
    for place in [&body["error"], &body["description"], &body["message"], &body["errors"], &body["details"]] {
        texts(place, &mut words);
    }
    words.dedup();
    words.into_iter().map(str::to_owned).collect()
}

/// Every text in `value` that people read.
fn texts<'a>(value: &'a Value, words: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => words.push(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, words)),
        Value::Object(fields) => {
            for name in ["title", "message", "description", "detail"] {
                if let Some(Value::String(text)) = fields.get(name) {
                    words.push(text);
                }
            }
            for value in fields.values().filter(|value| value.is_array()) {
                texts(value, words);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_is_read() {
        for (body, expected) in [
            (r#"{"error":"Couldn't authenticate you"}"#, "Couldn't authenticate you"),
            (
                r#"{"error":"RecordInvalid","description":"Record validation errors",
                   "details":{"status":[{"description":"Status: closed prevents ticket update"}]}}"#,
                "RecordInvalid: Record validation errors: Status: closed prevents ticket update",
            ),
            (
                r#"{"error":{"title":"Forbidden","message":"You do not have access"}}"#,
                "Forbidden: You do not have access",
            ),
            (r#"{"errors":[{"code":"x","title":"Invalid"}]}"#, "Invalid"),
            ("<html>", ""),
        ] {
            // The details have a level of their own.
            assert_eq!(words(body.as_bytes()).join(": "), expected);
        }
    }

    #[test]
    fn a_field_that_is_called_closed_does_not_close_the_ticket() {
        let over = |said: &str| is_over(StatusCode::UNPROCESSABLE_ENTITY, &[said.to_owned()]);
        assert!(over("Status: closed prevents ticket update"));
        assert!(!over("Closed reason: cannot be blank") && !over("Disclosed: is not a field"));
    }
}

//! What Zendesk's errors mean, and how to mend them.

use domain::{ServiceError, ServiceFailure};
use outbound::{Answer, Call, Client, StatusCode};
use serde_json::Value;

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> ServiceError {
    let said = said(&answer.body);
    if answer.status == StatusCode::CONFLICT {
        // Zendesk has refused the update because the ticket has changed since, or is being changed.
        let later = ServiceFailure::Later { after: None };
        let hint = "the ticket was changed at the same moment";
        return client.failed_as(call, later, answer, &said, Some(hint));
    }
    let hint = hint(answer.status, &said);
    if is_over(answer.status, &said) {
        return client.failed_as(call, ServiceFailure::Closed, answer, &said, hint);
    }
    client.failed(call, answer, &said, hint)
}

/// Whether the ticket takes nothing more: it was closed after it was read, or deleted for good.
fn is_over(status: StatusCode, said: &str) -> bool {
    match status {
        StatusCode::GONE => true,
        StatusCode::UNPROCESSABLE_ENTITY => said.to_ascii_lowercase().contains("closed"),
        _ => false,
    }
}

fn hint(status: StatusCode, said: &str) -> Option<&'static str> {
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
        _ if is_over(status, said) => {
            "a closed ticket takes no more comments: the requester must open a follow-up"
        }
        422 => {
            "Zendesk does not accept the update: perhaps the ticket is closed, or a field that it needs is empty"
        }
        _ => return None,
    };
    Some(hint)
}

/// What Zendesk says: `{"error": "RecordInvalid", "description": …, "details": {…}}`, `{"error":
/// {"title", "message"}}` or `{"errors": [{"title"…}]}`.
fn said(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let mut words = Vec::new();
    for place in [&body["error"], &body["description"], &body["message"], &body["errors"], &body["details"]] {
        texts(place, &mut words);
    }
    words.dedup();
    words.join(": ")
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
            assert_eq!(said(body.as_bytes()), expected);
        }
    }
}

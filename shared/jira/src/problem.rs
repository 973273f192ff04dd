//! What Jira's errors mean, and how to mend them.

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde_json::Value;

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> ServiceError {
    let said = said(&answer.body);
    let shut_out = SHUT_OUT.iter().find(|(status, known, _)| *status == answer.status && says(&said, known));
    let hint = shut_out.map(|(_, _, hint)| *hint).or_else(|| hint(answer));
    match answer.status {
        StatusCode::GONE => client.failed_as(call, ServiceFailure::Closed, answer, &said, hint),
        status if status == StatusCode::PAYMENT_REQUIRED || shut_out.is_some() || wants_captcha(answer) => {
            client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint)
        }
        // Permissions are the project's, but a workflow may take that to comment from one status alone.
        StatusCode::FORBIDDEN => client.failed_as(call, ServiceFailure::PlaceRefused, answer, &said, hint),
        StatusCode::NOT_FOUND => client.failed_as(call, ServiceFailure::NotFound, answer, &said, hint),
        _ => client.failed(call, answer, &said, hint),
    }
}

/// What an answer with this status says by which the account or the site is shut out as a whole, and how to mend it.
const SHUT_OUT: [(StatusCode, &[&str], &str); 4] = [
    (
        StatusCode::FORBIDDEN,
        &["Current user not permitted to use Jira", "Forbidden: Current user not permitted to use Jira"],
        "give the account access to Jira (a licence, in the administration of the site)",
    ),
    (
        StatusCode::FORBIDDEN,
        &[
            "Basic auth with password is not allowed on this instance",
            "Basic authentication with passwords is deprecated…",
        ],
        "JIRA_API_TOKEN must be a token of id.atlassian.com, not a password",
    ),
    (
        StatusCode::FORBIDDEN,
        &["The IP address has been rejected because it's not on the allowlist…"],
        "put the address that this runs at on the site's allowlist",
    ),
    (StatusCode::NOT_FOUND, &["Site temporarily unavailable"], "the site is suspended or deactivated"),
];

/// Whether Jira takes nothing from the account until it has logged in by hand.
fn wants_captcha(answer: &Answer) -> bool {
    answer.headers.get("x-seraph-loginreason").is_some_and(|reason| reason == "AUTHENTICATION_DENIED")
}

fn hint(answer: &Answer) -> Option<&'static str> {
    let hint = match answer.status {
        _ if wants_captcha(answer) => "Jira wants a CAPTCHA from this account: log in once in a browser",
        StatusCode::UNAUTHORIZED => {
            "check JIRA_EMAIL and JIRA_API_TOKEN (they belong together, and tokens expire): make a new token at \
             id.atlassian.com"
        }
        StatusCode::PAYMENT_REQUIRED => "the site's subscription has ended, or its bill is not paid",
        StatusCode::FORBIDDEN => "give the account the project permission Add Comments",
        StatusCode::NOT_FOUND => {
            "the issue does not exist, or the account may not see it: give it the permissions Browse Projects and \
             Add Comments"
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            "Jira does not accept the comment"
        }
        _ => return None,
    };
    Some(hint)
}

/// What Jira says: `{"errorMessages": […], "errors": {"field": "…"}}`, or `{"message": …}` and
/// `{"errorMessage": …}` of Atlassian's gateway.
fn said(body: &[u8]) -> String {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let messages = body["errorMessages"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields = body["errors"].as_object().into_iter().flatten();
    let fields = fields.filter_map(|(name, text)| Some(format!("{name}: {}", text.as_str()?)));
    let mut words: Vec<String> = messages.map(str::to_owned).chain(fields).collect();
    words.extend(
        [&body["message"], &body["errorMessage"]].into_iter().filter_map(Value::as_str).map(str::to_owned),
    );
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_is_read() {
        for (body, expected) in [
            (r#"{"errorMessages":["Issue does not exist"],"errors":{}}"#, "Issue does not exist"),
            (r#"{"errorMessages":[],"errors":{"comment":"too long"}}"#, "comment: too long"),
            (
                r#"{"message":"Basic auth with password is not allowed"}"#,
                "Basic auth with password is not allowed",
            ),
            ("<html>", ""),
        ] {
            assert_eq!(said(body.as_bytes()), expected);
        }
    }
}

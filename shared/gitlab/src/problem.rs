//! What GitLab's errors mean, and how to mend them.

use domain::{ServiceError, ServiceFailure, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde_json::Value;

/// The error that `answer` stands for.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> ServiceError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = said(&body);
    let shut_out = shut_out(&body, &said).filter(|_| answer.status == StatusCode::FORBIDDEN);
    let hint = shut_out.or_else(|| hint(answer.status));
    match answer.status {
        // The role is that of the whole project, unless it says the same of an archived one or a locked discussion.
        StatusCode::FORBIDDEN => client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint),
        StatusCode::NOT_FOUND => client.failed_as(call, ServiceFailure::NotFound, answer, &said, hint),
        _ => client.failed(call, answer, &said, hint),
    }
}

/// What a 403 says to an account that can do nothing anywhere, and how to mend it: the reasons of GitLab's
/// `UserAccessDeniedReason`, and a server that takes no writes.
const SHUT_OUT: [(&[&str], &str); 3] = [
    (
        &[
            "Your account has been blocked",
            "Your account is pending approval from your administrator and hence blocked",
            "Your account has been deactivated by your administrator…",
            "This action cannot be performed by internal users",
        ],
        "ask an administrator of that GitLab to approve, unblock or reactivate the account of GITLAB_TOKEN",
    ),
    (
        &[
            "Your password expired…",
            "Your primary email address is not confirmed…",
            "You (…) must accept the Terms of Service in order to perform this action…",
        ],
        "log in as the account of GITLAB_TOKEN in a browser, and do what GitLab asks for",
    ),
    (&["You cannot perform write operations on a read-only instance…"], "that GitLab is read-only for now"),
];

/// How to mend it that nothing at all is taken from the account.
fn shut_out(body: &Value, said: &str) -> Option<&'static str> {
    // A token without its scope can do nothing anywhere.
    if body["error"] == "insufficient_scope" {
        return Some("give GITLAB_TOKEN the scope `api`");
    }
    let reason = said.strip_prefix("403 Forbidden - ").unwrap_or(said);
    SHUT_OUT.iter().find(|(known, _)| says(reason, known)).map(|(_, hint)| *hint)
}

fn hint(status: StatusCode) -> Option<&'static str> {
    let hint = match status {
        StatusCode::UNAUTHORIZED => "check GITLAB_TOKEN: it was revoked, has expired, or is another GitLab's",
        StatusCode::FORBIDDEN => {
            "give the account the role Reporter in the project, and its token the scope `api`"
        }
        StatusCode::NOT_FOUND => {
            "it does not exist, or the account does not see it: make it a member of the project, with the role \
             Reporter for confidential issues"
        }
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
            "GitLab does not accept it (internal notes on merge requests need GitLab 16.9)"
        }
        _ => return None,
    };
    Some(hint)
}

/// What GitLab says: `{"message": "404 Not found"}`, `{"message": {"field": ["…"]}}`, or `{"error": …,
/// "error_description": …}`.
fn said(body: &Value) -> String {
    let fields = body["message"].as_object().into_iter().flatten();
    let fields = fields.map(|(name, problems)| format!("{name}: {problems}"));
    let texts = ["message", "error", "error_description"].into_iter().filter_map(|name| body[name].as_str());
    texts.map(str::to_owned).chain(fields).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_error_is_read() {
        for (body, expected) in [
            (r#"{"message":"404 Project Not Found"}"#, "404 Project Not Found"),
            (r#"{"message":{"note":["can't be blank"]}}"#, r#"note: ["can't be blank"]"#),
            (
                r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges."}"#,
                "insufficient_scope: The request requires higher privileges.",
            ),
            ("null", ""),
        ] {
            assert_eq!(said(&serde_json::from_str(body).unwrap()), expected);
        }
    }
}

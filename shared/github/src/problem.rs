//! What GitHub's errors mean, and how to mend them.

use std::borrow::Cow;

use domain::{ServiceError, ServiceFailure};
use outbound::{Answer, Call, Client, Operation};
use serde::Deserialize;

use crate::config::CredentialKind;
use crate::operation::LOGIN;
use crate::rate_limit;

/// The error that an answer to a request with credentials of this `kind` stands for.
pub(crate) fn with(kind: CredentialKind) -> impl FnOnce(&Client, Call, &Answer) -> ServiceError {
    move |client, call, answer| of(client, call, answer, kind)
}

fn of(client: &Client, call: Call, answer: &Answer, kind: CredentialKind) -> ServiceError {
    let said = said(&answer.body);
    if let Some(after) = rate_limit::wait(answer, &said, client.now()) {
        return client.failed_as(call, ServiceFailure::Throttled { after }, answer, &said, None);
    }
    let hint = hint(call.operation, answer, kind);
    if is_over(answer.status.as_u16(), &said) {
        return client.failed_as(call, ServiceFailure::Closed, answer, &said, hint.as_deref());
    }
    client.failed(call, answer, &said, hint.as_deref())
}

/// Whether an answer with this status, in which GitHub says `said`, means that the thread takes nothing more:
/// it was deleted (or the repository has no issues any more), or locked. A 403 that says nothing of a lock
/// is a permission that we lack.
fn is_over(status: u16, said: &str) -> bool {
    status == 410 || (status == 403 && said.to_ascii_lowercase().contains("locked"))
}

/// What GitHub says went wrong.
fn said(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    struct Problem {
        message: String,
    }
    serde_json::from_slice::<Problem>(body).unwrap_or_default().message
}

fn hint(operation: Operation, answer: &Answer, kind: CredentialKind) -> Option<Cow<'static, str>> {
    use CredentialKind::{App, Token};
    let hint = match (answer.status.as_u16(), kind) {
        (401, Token) => "GITHUB_TOKEN is wrong, expired or revoked: make a new token",
        (401, App) => {
            "check GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY (they must belong together) and this machine's clock"
        }
        (403, Token) if operation == LOGIN => {
            "the token belongs to no account: use a personal access token, or GITHUB_APP_ID and \
             GITHUB_APP_PRIVATE_KEY"
        }
        (403, kind) => return Some(forbidden(answer, kind).into()),
        (404, Token) => {
            "the repository or issue does not exist, or the token does not cover it: give the token access to \
             the repository"
        }
        (404, App) => {
            "the repository or issue does not exist, or the app is not installed there: install the app on the \
             repository"
        }
        (410, _) => "the issue was deleted, or issues are disabled in the repository",
        (422, _) => "GitHub does not accept the content",
        _ => return None,
    };
    Some(hint.into())
}

fn forbidden(answer: &Answer, kind: CredentialKind) -> String {
    let subject = match kind {
        CredentialKind::Token => "the token (classic: scope `repo` or `public_repo`)",
        CredentialKind::App => "the app and its installation",
    };
    // GitHub names what would have sufficed, such as `issues=write`.
    let accepted = answer.headers.get("x-accepted-github-permissions").and_then(|value| value.to_str().ok());
    let needed = accepted.filter(|value| value.len() <= 100).map_or_else(
        || "Issues: read and write, and Pull requests: read and write".to_owned(),
        |value| format!("one of these: {value}"),
    );
    format!("unless the thread is locked, give {subject} the permission it lacks: {needed}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Clock, Timestamp};
    use outbound::{Credential, HeaderMap, HeaderName, HeaderValue, StatusCode};

    use super::*;
    use crate::config::{self, Config, SERVICE};
    use crate::operation::{FIND, HISTORY, PUBLISH, STATE};

    fn failed(operation: Operation, code: u16, retry_after: Option<&str>, body: &str) -> ServiceError {
        let retry_after = retry_after
            .map(|value| (HeaderName::from_static("retry-after"), HeaderValue::from_str(value).unwrap()));
        let headers = HeaderMap::from_iter(retry_after);
        let status = StatusCode::from_u16(code).unwrap();
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        let client = config::client(&Config::default(), Clock::fixed(Timestamp::UNIX_EPOCH)).unwrap();
        let client = client.with(Credential::bearer(&SERVICE, &"ghp_secret".into()).unwrap());
        with(CredentialKind::Token)(&client, client.begin(operation), &answer)
    }

    #[test]
    fn refusals_are_certain_and_say_how_to_mend() {
        for (code, word) in [
            (401, "GITHUB_TOKEN"),
            (403, "Issues: read and write"),
            (404, "access to the repository"),
            (422, "content"),
            (301, "GITHUB_API_URL"),
        ] {
            for operation in [PUBLISH, HISTORY] {
                let error = failed(operation, code, None, "");
                assert_eq!(error.failure, ServiceFailure::Refused, "{code}");
                assert!(error.message.contains(word), "{error}");
            }
        }
    }

    #[test]
    fn a_thread_that_is_deleted_or_locked_takes_nothing_more() {
        let locked = r#"{"message":"Unable to create comment because issue is locked."}"#;
        let deleted = r#"{"message":"This issue was deleted"}"#;
        for (code, body) in [(403, locked), (410, deleted), (410, "")] {
            for operation in [PUBLISH, HISTORY, STATE] {
                let failure = failed(operation, code, None, body).failure;
                assert_eq!(failure, ServiceFailure::Closed, "{code} {body}");
            }
        }
        let lacking = r#"{"message":"Resource not accessible by personal access token"}"#;
        assert_eq!(failed(PUBLISH, 403, None, lacking).failure, ServiceFailure::Refused);
    }

    #[test]
    fn a_token_without_an_account_is_named_as_the_cause() {
        let error = failed(LOGIN, 403, None, r#"{"message":"Resource not accessible"}"#);
        assert!(error.message.contains("belongs to no account"), "{error}");
    }

    #[test]
    fn a_server_error_leaves_a_comment_in_doubt_and_a_read_for_later() {
        for code in [500, 502, 503, 504] {
            assert!(failed(PUBLISH, code, None, "").failure.is_in_doubt());
            let read = failed(FIND, code, None, "").failure;
            assert_eq!(read, ServiceFailure::Later { after: None });
        }
    }

    #[test]
    fn only_a_503_with_a_time_is_a_refusal_of_work() {
        let after = Some(Duration::from_secs(9));
        assert_eq!(failed(PUBLISH, 503, Some("9"), "").failure, ServiceFailure::Later { after });
        assert_eq!(failed(PUBLISH, 502, Some("9"), "").failure, ServiceFailure::ServerError);
    }

    #[test]
    fn what_github_says_is_quoted_on_one_bounded_line_without_our_token() {
        let long = format!(r#"{{"message":"Bad\ncredentials ghp_secret {}"}}"#, "é".repeat(1000));
        let error = failed(LOGIN, 401, None, &long);
        assert!(error.message.starts_with("HTTP 401: Bad credentials [redacted] é"), "{error}");
        assert!(error.message.len() < 500);
    }
}

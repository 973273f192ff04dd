//! What a failed request means for the caller.
//!
//! The one question that matters is whether a comment may have been created. A refusal (4xx) is
//! certain; so is a connection that was never made. Anything else after a `POST` was on its way is
//! in doubt: a 500, 502 or 504 says that an answer was lost, not that nothing was done. Only a 503
//! that names a `Retry-After` is a server's own word that it took no work.

use domain::{ServiceError, ServiceFailure, Timestamp, clip};
use reqwest::StatusCode;
use serde::Deserialize;

use crate::answer::Answer;
use crate::credentials::{Bearer, Kind};
use crate::operation::{Operation, SERVICE};
use crate::rate_limit;
use crate::state;
use crate::transport::Broken;

/// The most that is repeated of what GitHub says, in bytes.
const LONGEST_QUOTE: usize = 300;

fn error(operation: Operation, failure: ServiceFailure, message: String) -> ServiceError {
    ServiceError { service: SERVICE, operation: operation.name(), failure, message }
}

/// It will never happen as asked.
pub(crate) fn refused(operation: Operation, message: String) -> ServiceError {
    error(operation, ServiceFailure::Refused, message)
}

/// It certainly did not happen, and may later.
pub(crate) fn later(operation: Operation, message: String) -> ServiceError {
    error(operation, ServiceFailure::Later { after: None }, message)
}

/// The answer was lost, or is unreadable.
pub(crate) fn lost(operation: Operation, message: String) -> ServiceError {
    let failure =
        if operation.creates() { ServiceFailure::InDoubt } else { ServiceFailure::Later { after: None } };
    error(operation, failure, message)
}

/// No answer came back.
pub(crate) fn broken(operation: Operation, broken: Broken) -> ServiceError {
    match broken {
        Broken::Unsent(cause) => later(operation, format!("GitHub could not be reached: {cause}")),
        Broken::Lost(cause) => lost(operation, format!("GitHub's answer did not arrive: {cause}")),
        Broken::TooLarge => lost(operation, "GitHub's answer is larger than 32 MiB".to_owned()),
    }
}

/// A success whose body is not what the API documents. Says where, never what: the body may hold a
/// token.
pub(crate) fn unreadable(operation: Operation, error: &serde_json::Error) -> ServiceError {
    let (line, column) = (error.line(), error.column());
    let message = format!(
        "GitHub's answer is not what its API documents (line {line}, column {column}); \
         is GITHUB_API_URL the base of the REST API?"
    );
    lost(operation, message)
}

/// An answer that is no success.
pub(crate) fn status(
    operation: Operation,
    answer: &Answer,
    bearer: &Bearer,
    kind: Kind,
    now: Timestamp,
) -> ServiceError {
    let said = said(&answer.body, bearer);
    let code = answer.status.as_u16();
    let quote = if said.is_empty() { format!("HTTP {code}") } else { format!("HTTP {code}: {said}") };
    if let Some(after) = rate_limit::wait(answer.status, &answer.headers, &said, now) {
        let message = format!("{quote} (rate limit, free again in {} s)", after.as_secs());
        return error(operation, ServiceFailure::Throttled { after }, message);
    }
    let over = state::is_over(code, &said);
    let failure = if over { ServiceFailure::Closed } else { verdict(operation, answer, now) };
    let message = match hint(operation, answer, kind) {
        Some(hint) => format!("{quote}; {hint}"),
        None => quote,
    };
    error(operation, failure, message)
}

fn verdict(operation: Operation, answer: &Answer, now: Timestamp) -> ServiceFailure {
    let after = rate_limit::retry_after(&answer.headers, now);
    match answer.status {
        // The server gave up waiting for the request: it has not acted on it.
        StatusCode::REQUEST_TIMEOUT => ServiceFailure::Later { after },
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => ServiceFailure::Later { after },
        status if status.is_redirection() || status.is_client_error() => ServiceFailure::Refused,
        _ if operation.creates() => ServiceFailure::InDoubt,
        _ => ServiceFailure::Later { after },
    }
}

/// What GitHub says went wrong, on one line.
fn said(body: &[u8], bearer: &Bearer) -> String {
    #[derive(Deserialize)]
    struct Problem {
        message: String,
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(body) else { return String::new() };
    // Redacted before it is cut: half a credential would not be recognised.
    let message = bearer.redact(&problem.message);
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clip(line.trim(), LONGEST_QUOTE).to_owned()
}

fn hint(operation: Operation, answer: &Answer, kind: Kind) -> Option<String> {
    let hint = match (answer.status.as_u16(), kind) {
        (401, Kind::Token) => "GITHUB_TOKEN is wrong, expired or revoked: make a new token".to_owned(),
        (401, Kind::App) => "check GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY (they must belong together) and \
                             this machine's clock"
            .to_owned(),
        (403, Kind::Token) if operation == Operation::Login => {
            "the token belongs to no account: use a personal access token, or GITHUB_APP_ID and \
             GITHUB_APP_PRIVATE_KEY"
                .to_owned()
        }
        (403, kind) => forbidden(answer, kind),
        (404, Kind::Token) => "the repository or issue does not exist, or the token does not cover it: give \
                               the token access to the repository"
            .to_owned(),
        (404, Kind::App) => "the repository or issue does not exist, or the app is not installed there: \
                             install the app on the repository"
            .to_owned(),
        (410, _) => "the issue was deleted, or issues are disabled in the repository".to_owned(),
        (422, _) => "GitHub does not accept the content".to_owned(),
        (300..=399, _) => "GitHub points to an address outside of GITHUB_API_URL, where credentials are not \
                           sent: correct GITHUB_API_URL"
            .to_owned(),
        _ => return None,
    };
    Some(hint)
}

fn forbidden(answer: &Answer, kind: Kind) -> String {
    let subject = match kind {
        Kind::Token => "the token (classic: scope `repo` or `public_repo`)",
        Kind::App => "the app and its installation",
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
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};

    use super::*;

    fn failed(operation: Operation, code: u16, retry_after: Option<&str>, body: &str) -> ServiceError {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_str(value).unwrap());
        }
        let status = StatusCode::from_u16(code).unwrap();
        let answer = Answer { status, headers, body: body.as_bytes().to_vec() };
        let bearer = Bearer::new("ghp_secret").unwrap();
        super::status(operation, &answer, &bearer, Kind::Token, Timestamp::UNIX_EPOCH)
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
            for operation in [Operation::Publish, Operation::History] {
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
            for operation in [Operation::Publish, Operation::History, Operation::State] {
                assert_eq!(
                    failed(operation, code, None, body).failure,
                    ServiceFailure::Closed,
                    "{code} {body}"
                );
            }
        }
        let lacking = r#"{"message":"Resource not accessible by personal access token"}"#;
        assert_eq!(failed(Operation::Publish, 403, None, lacking).failure, ServiceFailure::Refused);
    }

    #[test]
    fn a_token_without_an_account_is_named_as_the_cause() {
        let error = failed(Operation::Login, 403, None, r#"{"message":"Resource not accessible"}"#);
        assert!(error.message.contains("belongs to no account"), "{error}");
    }

    #[test]
    fn a_server_error_leaves_a_comment_in_doubt_and_a_read_for_later() {
        for code in [500, 502, 503, 504] {
            assert_eq!(failed(Operation::Publish, code, None, "").failure, ServiceFailure::InDoubt);
            let read = failed(Operation::Find, code, None, "").failure;
            assert_eq!(read, ServiceFailure::Later { after: None });
        }
    }

    #[test]
    fn only_a_503_with_a_time_is_a_refusal_of_work() {
        let after = Some(Duration::from_secs(9));
        assert_eq!(failed(Operation::Publish, 503, Some("9"), "").failure, ServiceFailure::Later { after });
        assert_eq!(failed(Operation::Publish, 502, Some("9"), "").failure, ServiceFailure::InDoubt);
    }

    #[test]
    fn a_lost_answer_is_in_doubt_and_a_missing_connection_is_not() {
        let lost = || Broken::Lost("reset".into());
        assert_eq!(broken(Operation::Publish, lost()).failure, ServiceFailure::InDoubt);
        assert_eq!(broken(Operation::Publish, Broken::TooLarge).failure, ServiceFailure::InDoubt);
        let later = ServiceFailure::Later { after: None };
        assert_eq!(broken(Operation::App, lost()).failure, later);
        assert_eq!(broken(Operation::Publish, Broken::Unsent("refused".into())).failure, later);
    }

    #[test]
    fn what_github_says_is_quoted_on_one_bounded_line_without_our_token() {
        let long = format!(r#"{{"message":"Bad\ncredentials ghp_secret {}"}}"#, "é".repeat(1000));
        let error = failed(Operation::Login, 401, None, &long);
        assert!(error.message.starts_with("HTTP 401: Bad credentials [redacted] é"), "{error}");
        assert!(error.message.len() < 500);
    }
}

//! What Linear's errors mean, and how to mend them.
//!
//! Source: <https://linear.app/developers/rate-limiting> and the SDK's list of error types. An error has a code
//! in its `extensions`; the HTTP status alone says little.

use std::time::Duration;

use domain::{ServiceError, ServiceFailure, Timestamp, between, says};
use outbound::{Answer, Call, Client, StatusCode};
use serde::Deserialize;

/// The wait when a rate limit names none, and the longest that is believed.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
const MAX_WAIT: Duration = Duration::from_secs(3600);
/// What Linear says of an issue that it does not have. One that is deleted stays in the trash for longer than a task lives.
const NO_ISSUE: [&str; 1] = ["Entity not found: Issue…"];
/// What it says of a comment that it does not have.
const NO_COMMENT: [&str; 1] = ["Entity not found: Comment…"];

#[derive(Debug, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Debug, Deserialize)]
struct GraphqlError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extensions {
    code: Option<String>,
    user_presentable_message: Option<String>,
}

/// The error that `answer` stands for, if it stands for one.
pub(crate) fn of(client: &Client, call: Call, answer: &Answer) -> Option<ServiceError> {
    let read: Option<Errors> = serde_json::from_slice(&answer.body).ok();
    match read.and_then(|read| read.errors.into_iter().next()) {
        Some(error) => Some(coded(client, call, answer, error)),
        None if answer.status.is_success() => None,
        None => Some(client.failed(call, answer, "", of_status(answer.status))),
    }
}

/// Whether Linear says that it has no such comment.
pub(crate) fn is_absent(answer: &Answer) -> bool {
    let read: Option<Errors> = serde_json::from_slice(&answer.body).ok();
    let absent = |error: &GraphqlError| says(&error.message, &NO_COMMENT);
    read.is_some_and(|read| read.errors.iter().any(absent))
}

fn coded(client: &Client, call: Call, answer: &Answer, error: GraphqlError) -> ServiceError {
    let GraphqlError { message, extensions } = error;
    let code = extensions.code.unwrap_or_default();
    let said = match extensions.user_presentable_message.filter(|said| *said != message) {
        Some(more) => format!("{message}: {more}"),
        None => message,
    };
    match code.as_str() {
        "RATELIMITED" => {
            let failure = ServiceFailure::Throttled { after: wait(client.now(), answer) };
            client.failed_as(call, failure, answer, &said, None)
        }
        "AUTHENTICATION_ERROR" => {
            let hint = of_status(StatusCode::UNAUTHORIZED);
            client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint)
        }
        "FORBIDDEN" if says(&said, &["Invalid scope: …"]) => {
            let hint = of_status(StatusCode::FORBIDDEN);
            client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint)
        }
        "FEATURE_NOT_ACCESSIBLE" | "USAGE_LIMIT_EXCEEDED" => {
            let hint = Some("the workspace's plan does not have this, or no more of it");
            client.failed_as(call, ServiceFailure::AccountRefused, answer, &said, hint)
        }
        // What our account may not do in one team it may do in another.
        "FORBIDDEN" => {
            let hint = of_status(StatusCode::FORBIDDEN);
            client.failed_as(call, ServiceFailure::PlaceRefused, answer, &said, hint)
        }
        "INPUT_ERROR" | "INVALID_INPUT" | "BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED" | "USER_ERROR" => {
            let (failure, hint) = match () {
                () if says(&said, &NO_ISSUE) => (
                    ServiceFailure::PlaceRefused,
                    Some("it is in a private team that the account is no member of, or was deleted for good"),
                ),
                () if says(&said, &NO_COMMENT) => {
                    (ServiceFailure::Closed, Some("the comment that its thread began with was deleted"))
                }
                () => (ServiceFailure::Refused, None),
            };
            client.failed_as(call, failure, answer, &said, hint)
        }
        // An unknown code may be that of a fault behind which the comment was made.
        _ if answer.status.is_success() => client.lost(call, format!("Linear says: {said}")),
        _ => client.failed(call, answer, &said, of_status(answer.status)),
    }
}

fn of_status(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED => {
            Some("check LINEAR_API_KEY: make a new key under Settings, Account, Security & access")
        }
        StatusCode::FORBIDDEN => {
            Some("the account may not comment there: give its key the permission to write")
        }
        _ => None,
    }
}

/// How long until that limit is free again which is used up: Linear names the times in milliseconds since 1970.
fn wait(now: Timestamp, answer: &Answer) -> Duration {
    let number = |name: String| answer.headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let spent = |limit: &&str| number(format!("x-ratelimit-{limit}-remaining")) == Some(0);
    let reset = |limit: &str| Timestamp::from_millisecond(number(format!("x-ratelimit-{limit}-reset"))?).ok();
    let until = ["requests", "complexity"].into_iter().filter(spent).filter_map(reset).max();
    let told = answer.retry_after(now).or_else(|| until.map(|until| between(now, until)));
    told.unwrap_or(DEFAULT_WAIT).clamp(Duration::from_secs(1), MAX_WAIT)
}

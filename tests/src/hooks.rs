//! Webhooks as GitHub sends them: real bodies under `events/`, with other numbers, signed.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test whose own input is wrong must fail")]

use domain::Clock;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use webhook::{Provider, Secrets};

/// The secret that every test's webhooks are signed with.
pub const SECRET: &str = "a secret of the tests";
/// The repository's owner.
pub const OWNER: &str = "octo";
/// The repository.
pub const REPO: &str = "tidepool";

const ISSUE: &str = include_str!("../../events/bodies/github/issues.opened.json");
const COMMENT: &str = include_str!("../../events/bodies/github/issue_comment.created.json");
const PING: &str = include_str!("../../events/bodies/github/ping.json");

/// `issues.opened`, for the issue with this number. Each has a text of its own: identical questions to the
/// model share one answer.
#[must_use]
pub fn issue(number: u64) -> Value {
    let mut event = numbered(ISSUE, number);
    let body = event["issue"]["body"].as_str().unwrap_or_default().to_owned();
    event["issue"]["body"] = json!(format!("{body}\n\nThis is number {number}."));
    event
}

/// `issue_comment.created`: what `author` says in the issue with this number.
#[must_use]
pub fn comment(number: u64, author: &str, text: &str) -> Value {
    let mut event = numbered(COMMENT, number);
    event["comment"]["body"] = json!(text);
    event["comment"]["user"]["login"] = json!(author);
    event["sender"]["login"] = json!(author);
    event
}

/// The event that tries a new webhook out.
#[must_use]
pub fn ping() -> Value {
    serde_json::from_str(PING).expect("the sample is JSON")
}

/// The bytes of `event`, as they go over the wire.
#[must_use]
pub fn bytes(event: &Value) -> Vec<u8> {
    serde_json::to_vec(event).expect("a value is JSON")
}

/// The headers with which GitHub sends `body` as an event of this kind.
#[must_use]
pub fn signed(kind: &str, body: &[u8]) -> HeaderMap {
    signed_with(SECRET, kind, body)
}

/// The same, signed with another secret.
#[must_use]
pub fn signed_with(secret: &str, kind: &str, body: &[u8]) -> HeaderMap {
    let secrets = Secrets(vec![secret.into()]);
    let mut headers = HeaderMap::new();
    for (name, value) in Provider::Github.scheme().sign(&secrets, body, Clock::system().now()) {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap());
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-github-event", HeaderValue::try_from(kind).unwrap());
    headers.insert("x-github-delivery", HeaderValue::from_static("72d3162e-cc78-11e3-81ab-4c9367dc0958"));
    headers
}

fn numbered(body: &str, number: u64) -> Value {
    let mut event: Value = serde_json::from_str(body).expect("the sample is JSON");
    event["issue"]["number"] = json!(number);
    event
}

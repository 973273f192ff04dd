//! Sample bodies and small constructors.

use crate::senders::{sample, sender};
use domain::{Event, Timestamp};
use serde_json::Value;
use webhook::{ParseError, Parsed, Provider, Received, Secrets, Sender};

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// A file of the workspace.
pub(crate) fn file(path: &str) -> Vec<u8> {
    let path = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn opened() -> Vec<u8> {
    file("events/bodies/github/issues.opened.json")
}

pub(crate) fn commented() -> Vec<u8> {
    file("events/bodies/github/issue_comment.created.json")
}

pub(crate) fn parse(body: &[u8], hint: Option<&str>) -> Result<Parsed, ParseError> {
    Sender::of(Provider::Github).parse(&Received { event_hint: hint, body })
}

pub(crate) fn event(body: &[u8]) -> Event {
    match parse(body, None) {
        Ok(Parsed::Event(event)) => *event,
        other => panic!("no event: {other:?}"),
    }
}

/// `body` with the value at `pointer` replaced.
pub(crate) fn patched(body: &[u8], pointer: &str, value: Value) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(body).unwrap();
    *json.pointer_mut(pointer).unwrap_or_else(|| panic!("nothing at {pointer}")) = value;
    serde_json::to_vec(&json).unwrap()
}

/// A sample body.
pub(crate) fn json_of(path: &str) -> Value {
    serde_json::from_slice(&sample(path)).unwrap()
}

/// The event that `body` is to `sender`.
pub(crate) fn read_by(sender: &Sender, body: &Value, hint: Option<&str>) -> Event {
    match sender.parse(&Received { event_hint: hint, body: body.to_string().as_bytes() }) {
        Ok(Parsed::Event(event)) => *event,
        other => panic!("no event: {other:?}"),
    }
}

/// The event that `body` is to a source of `provider`.
pub(crate) fn read(provider: Provider, body: &Value) -> Event {
    read_by(&sender(provider), body, None)
}

pub(crate) fn secrets(secrets: &[&str]) -> Secrets {
    Secrets(secrets.iter().map(|secret| (*secret).into()).collect())
}

pub(crate) fn headers(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

//! GitHub: `issues`, `issue_comment` and `ping`, as JSON or as a form with JSON in it.
//!
//! The kind is told from the signed body alone. `X-GitHub-Event` is not signed: whoever replays a
//! request may write there what they like, so it only names the kinds that we do not read anyway.

mod event;
mod wire;

use std::borrow::Cow;

use serde::de::IgnoredAny;

use crate::lenient::Object;
use crate::{ParseError, Parsed, Received};
use wire::Payload;

/// Longer kinds and actions are nobody's.
const MAX_WORD_BYTES: usize = 64;

/// Reads a verified webhook.
pub(crate) fn parse(received: &Received<'_>) -> Result<Parsed, ParseError> {
    let json = json(received)?;
    let payload = read(&json)?;
    let Some(payload) = payload.get() else { return Err(unreadable("the body is not a JSON object")) };
    match payload.issue.get() {
        Some(issue) => event::of(payload, issue).map(|event| Parsed::Event(Box::new(event))),
        None if is_ping(payload) => Ok(Parsed::Ping),
        None => other(payload, received.event_hint.and_then(word)),
    }
}

/// The JSON text of the body, or of the form's field `payload`.
fn json<'a>(received: &Received<'a>) -> Result<Cow<'a, str>, ParseError> {
    if received.is_form() {
        let field = form_urlencoded::parse(received.body).find(|(name, _)| name == "payload");
        let (_, json) = field.ok_or_else(|| not_json("the form has no field `payload`"))?;
        return Ok(json);
    }
    let text = std::str::from_utf8(received.body).map_err(|error| not_json(&error.to_string()))?;
    Ok(Cow::Borrowed(text))
}

fn read(json: &str) -> Result<Object<Payload<'_>>, ParseError> {
    serde_json::from_str(json).map_err(|error| {
        // A text such as `"\ud800"` is JSON that cannot be read: that loses no event, a 400 would.
        let is_json = error.is_data() || serde_json::from_str::<IgnoredAny>(json).is_ok();
        if is_json { unreadable(&error.to_string()) } else { not_json(&error.to_string()) }
    })
}

fn is_ping(payload: &Payload<'_>) -> bool {
    payload.zen.text().is_some() && payload.hook_id.number().is_some()
}

/// A body that is none of the kinds that we read: `hint` may say which other one it is.
fn other(payload: &Payload<'_>, hint: Option<&str>) -> Result<Parsed, ParseError> {
    match hint {
        Some("issues" | "issue_comment") => Err(unreadable("`issue` is missing or not an object")),
        Some("ping") => Err(unreadable("`zen` or `hook_id` is missing")),
        Some(kind) => Ok(Parsed::Other(match payload.action.text().and_then(word) {
            Some(action) => format!("{kind}.{action}"),
            None => kind.to_owned(),
        })),
        None => Err(unreadable("`issue` is missing, and no `X-GitHub-Event` names another kind of event")),
    }
}

/// `text`, if it is a word such as GitHub's kinds and actions are: it becomes part of names.
fn word(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    ((1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

fn unreadable(why: &str) -> ParseError {
    ParseError::Unreadable(why.to_owned())
}

fn not_json(why: &str) -> ParseError {
    ParseError::NotJson(why.to_owned())
}

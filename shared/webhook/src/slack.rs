//! Slack: messages, mentions and edits of the Events API, its `url_verification`, and interactions.
//!
//! <https://api.slack.com/apis/events-api>, <https://api.slack.com/interactivity/handling>

mod blocks;
mod edit;
mod interaction;
mod message;
mod mrkdwn;
mod rich_text;
mod words;

pub use interaction::{Interaction, InteractionAction};

use std::time::Duration;

use domain::Event;
use markdown::html_as_text;

use crate::provider::Row;
use crate::reading::{JsonView, kind_name, lacks, object};
use crate::{BodyForm, ParseError, Parsed, Received, Scheme, Sender};

/// Nothing of `X-Slack-Retry-Num` here: a retry is told by its `event_id` and gets the same answer as
/// the first try, which may have failed. Dropping retries unseen would lose events.
pub(crate) static ROW: Row = Row {
    success: 200,
    // It hangs up after 3 s, and shows who clicked a warning then.
    answer_within: Some(Duration::from_millis(2_500)),
    // Interactions; slash commands, and Slack's look at our certificate.
    forms: &["payload", "token", "team_id", "command", "ssl_check"],
    id: Some("/event_id"),
    times: &["/event/ts", "/event/event_ts", "/event/edited/ts", "/event/message/edited/ts"],
    kinds: &[("app_mention", &[]), ("message", &["channels", "groups", "im", "mpim", "app_home", "edited"])],
    kind: Some(kind),
    ..Row::json("slack", Scheme::slack, read)
};

/// Slack's challenges have some fifty characters.
const MAX_CHALLENGE_BYTES: usize = 1024;

/// The name of the event, without that of the place where something was said, which only the whole of it
/// tells.
fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    if body.text("/type") != Some("event_callback") {
        return body.text("/type").map(kind_name);
    }
    let event = body.object("/event")?;
    let kind = kind_name(event.text("/type")?);
    Some(match (kind.as_str(), event.text("/subtype")) {
        ("message", Some("message_changed")) => edit::NAME.to_owned(),
        ("message", Some(subtype)) if !is_said(subtype) => format!("message.{}", kind_name(subtype)),
        ("app_mention", _) if edit::is_marked(event) => edit::NAME.to_owned(),
        ("message", _) => format!("message.{}", message::place(event)),
        (other, _) => other.to_owned(),
    })
}

fn read(_: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    if BodyForm::of(received.body, ROW.forms) == Some(BodyForm::Form) {
        return interaction::read(received);
    }
    let value = object(received)?;
    let body = JsonView(&value);
    match body.text("/type") {
        Some("url_verification") => challenge(body),
        Some("event_callback") => event(body),
        Some(kind) => Ok(Parsed::Other(kind_name(kind))),
        None => Err(lacks("type")),
    }
}

fn challenge(body: JsonView<'_>) -> Result<Parsed, ParseError> {
    let text = body.text("/challenge").filter(|text| text.len() <= MAX_CHALLENGE_BYTES);
    text.map(|text| Parsed::Challenge(text.to_owned())).ok_or_else(|| lacks("challenge"))
}

fn event(body: JsonView<'_>) -> Result<Parsed, ParseError> {
    let event = body.object("/event").ok_or_else(|| lacks("event"))?;
    let kind = event.text("/type").map(kind_name).ok_or_else(|| lacks("event.type"))?;
    let message = |it: Result<Event, ParseError>| it.map(Box::new).map(Parsed::Event);
    match (kind.as_str(), event.text("/subtype")) {
        ("message", Some("message_changed")) => edit::read(body, event),
        ("message", Some(subtype)) if !is_said(subtype) => {
            Ok(Parsed::Other(format!("message.{}", kind_name(subtype))))
        }
        ("app_mention", _) if edit::is_marked(event) => message(edit::mention(body, event)),
        ("message" | "app_mention", _) => message(message::read(body, event, &kind)),
        (other, _) => Ok(Parsed::Other(other.to_owned())),
    }
}

/// Whether a message of this subtype is somebody's words. The others are Slack's, about messages:
/// deletions, people who join.
fn is_said(subtype: &str) -> bool {
    matches!(subtype, "thread_broadcast" | "file_share" | "me_message" | "bot_message")
}

/// A workspace: `T…`, or `E…` for a grid's.
fn is_team(id: &str) -> bool {
    is_id(id, "TE")
}

/// A channel, private channel or direct message.
fn is_channel(id: &str) -> bool {
    is_id(id, "CGD")
}

/// A person, bot or app.
fn is_account(id: &str) -> bool {
    is_id(id, "UWBA")
}

/// Slack's ids become part of requests that our credentials travel with: nothing but capitals and
/// digits passes.
fn is_id(id: &str, kinds: &str) -> bool {
    (2..=32).contains(&id.len())
        && id.starts_with(|c| kinds.contains(c))
        && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The time stamp that is a message's id within its channel: `1531420618.000200`.
fn is_stamp(text: &str) -> bool {
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once('.').is_some_and(|(seconds, rest)| digits(seconds, 12) && digits(rest, 6))
}

/// What a person sees of a message: its blocks, or its text where they say nothing; what it forwards, quoted; and the
/// names of its files.
#[must_use]
pub fn slack_text(message: &serde_json::Value) -> String {
    let message = JsonView(message);
    let files = message.items("/files").filter_map(|file| file.text("/name").or_else(|| file.text("/title")));
    let said = Some(words::all(message)).filter(|said| !said.is_empty());
    let parts: Vec<String> = said.into_iter().chain(files.map(|name| format!("[file: {name}]"))).collect();
    html_as_text(&parts.join("\n\n")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slacks_own_ids_pass() {
        assert!(is_team("T1DC2JH3J") && is_channel("C0123ABC") && is_stamp("1531420618.000200"));
        for id in ["", "C", "C1/x", "C1?a=b", "c1abc", "C1 ", "X123", "C1\u{0}", "../C1"] {
            assert!(!is_channel(id), "{id}");
        }
        for stamp in ["", "1531420618", ".", "1.", ".1", "1.2.3", "-1.0", "1531420618.0002001", "1e3.0"] {
            assert!(!is_stamp(stamp), "{stamp}");
        }
    }
}

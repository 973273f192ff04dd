//! GitHub: `issues`, `issue_comment` and `ping`, as JSON or as a form with JSON in it.
//!
//! The kind is told from the signed body alone. `X-GitHub-Event` is not signed: whoever replays a
//! request may write there what they like, so it only names the kinds that we do not read anyway.

mod event;
mod wire;

use crate::lenient::Object;
use crate::provider::{JSON_OR_FORM, Row};
use crate::reading::{self, unreadable, word};
use crate::{ParseError, Parsed, Received, Scheme, Sender};
use wire::Payload;

/// Kinds and actions: <https://docs.github.com/en/webhooks/webhook-events-and-payloads>.
pub(crate) static ROW: Row = Row {
    media: JSON_OR_FORM,
    hint: Some("x-github-event"),
    // Not signed: whoever replays a request can change it.
    delivery: Some("x-github-delivery"),
    kinds: &[
        (
            "issues",
            &[
                "assigned",
                "closed",
                "deleted",
                "demilestoned",
                "edited",
                "labeled",
                "locked",
                "milestoned",
                "opened",
                "pinned",
                "reopened",
                "transferred",
                "typed",
                "unassigned",
                "unlabeled",
                "unlocked",
                "unpinned",
                "untyped",
            ],
        ),
        ("issue_comment", &["created", "deleted", "edited"]),
    ],
    ..Row::json("github", Scheme::github, read)
};

fn read(_: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let json = reading::json(received)?;
    let payload: Object<Payload<'_>> = reading::read(&json)?;
    let Some(payload) = payload.get() else { return Err(unreadable("the body is not a JSON object")) };
    match payload.issue.get() {
        Some(issue) => event::of(payload, issue).map(|event| Parsed::Event(Box::new(event))),
        None if is_ping(payload) => Ok(Parsed::Ping),
        None => other(payload, received.event_hint.and_then(word)),
    }
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

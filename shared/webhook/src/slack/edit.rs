//! Edits: somebody has changed what they had written.
//!
//! <https://docs.slack.dev/reference/events/message/message_changed>. The same word stands for what is no
//! edit: a link that Slack has unfolded, a language that it has recognised, a parent that was deleted. An
//! edit has the mark that its author's client leaves (`edited`), and another text than before.
//!
//! A mention that is edited comes a second time as `app_mention`, under an id of its own, with the mark and
//! without the former text. It is an edit like the others, and no second mention: who wants edits answered
//! says so in agent.toml (`message.edited`).

use domain::Event;

use super::{is_said, is_stamp, message, words};
use crate::reading::{JsonView, lacks};
use crate::{ParseError, Parsed};

/// The name of the event, whichever way it came.
pub(super) const NAME: &str = "message.edited";

/// Reads a `message_changed`.
pub(super) fn read(body: JsonView<'_>, event: JsonView<'_>) -> Result<Parsed, ParseError> {
    let now = event.object("/message").ok_or_else(|| lacks("event.message"))?;
    let before = event.object("/previous_message").map(words::own);
    let said = now.text("/subtype").is_none_or(is_said);
    if !said || !is_marked(now) || before == Some(words::own(now)) {
        return Ok(Parsed::Other("message.message_changed".to_owned()));
    }
    edited(message::of(body, event, now, "message")?, now).map(Box::new).map(Parsed::Event)
}

/// Reads an `app_mention` that has the mark of an edit.
pub(super) fn mention(body: JsonView<'_>, event: JsonView<'_>) -> Result<Event, ParseError> {
    edited(message::read(body, event, "app_mention")?, event)
}

/// Whether the author has edited `message` after it was posted.
pub(super) fn is_marked(message: JsonView<'_>) -> bool {
    message.object("/edited").is_some()
}

/// `event` as the edit that `message` is marked with. Its comment stays the one that was edited, so that
/// it stands once in the conversation; its date is the edit's.
fn edited(event: Event, message: JsonView<'_>) -> Result<Event, ParseError> {
    let at = message.text("/edited/ts").filter(|ts| is_stamp(ts)).ok_or_else(|| lacks("event.edited.ts"))?;
    // The message as it was posted is another happening.
    let happening = event.happening.map(|posted| posted.with(at));
    Ok(Event { name: NAME.to_owned(), occurred_at: message::date(at), happening, ..event })
}

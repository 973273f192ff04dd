//! [`Place`]: where the answer to an event goes, and who sees it there.

use domain::{
    Audience, Comment, Event, InternalNotes, Mark, Proof, Publisher, ServiceError, Target, TaskError,
};
use webhook::IgnoreReason;

use crate::Interrupt;
use crate::reply::REPLY;
use crate::task::claimed_task::ClaimedTask;

/// The place of an answer. An answer must not be seen by more people than what caused it: what the staff alone can
/// see is answered by a note among the staff, or not at all.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) service: &'a dyn Publisher,
    pub(crate) target: &'a Target,
    /// Set when the answer is for the staff alone.
    notes: Option<&'a dyn InternalNotes>,
}

impl<'a> Place<'a> {
    /// The place for the answer of `claimed`, by what is known of the event by now.
    pub(crate) fn of(claimed: &'a ClaimedTask) -> Result<Self, Interrupt> {
        let target = claimed.event.target.as_ref().ok_or_else(|| {
            let message = format!("an event of the kind {} has no thread to answer in", claimed.event.name);
            Interrupt::fail(TaskError::new("publish", "no_target", message))
        })?;
        let service = claimed.resources.services.of(target);
        let service = service.map_err(|error| Interrupt::from_service(REPLY, &error, claimed.now()))?;
        let notes = match claimed.audience() {
            Audience::Public => None,
            Audience::Internal => Some(service.internal_notes().ok_or_else(too_private)?),
            Audience::Restricted => return Err(too_private()),
        };
        Ok(Self { service, target, notes })
    }

    /// Who sees the answer.
    pub(crate) fn audience(&self) -> Audience {
        if self.notes.is_some() { Audience::Internal } else { Audience::Public }
    }

    /// The last `limit` comments that everybody may know who sees the answer.
    pub(crate) async fn history(&self, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        match self.notes {
            Some(notes) => notes.history(self.target, limit).await,
            None => self.service.history(self.target, limit).await,
        }
    }

    /// Whether an answer that is added again is no second one. Of notes among the staff nobody says so.
    pub(crate) fn knows_repetitions(&self) -> bool {
        self.notes.is_none() && self.service.knows_repetitions()
    }

    /// Adds the answer.
    pub(crate) async fn publish(&self, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        match self.notes {
            Some(notes) => notes.publish(self.target, text, mark).await,
            None => self.service.publish(self.target, text, mark).await,
        }
    }
}

/// The last look of the gate: whether those who will see what goes out, `seen_by`, may all see what caused it.
pub(crate) fn check_audience(claimed: &ClaimedTask, seen_by: Audience) -> Result<(), Interrupt> {
    if seen_by.is_wider_than(claimed.audience()) { Err(too_private()) } else { Ok(()) }
}

/// Ends the task as `ignored` if it is from a conversation of Slack that is not known to be open to all its members, and
/// `channel` is another. A repository may be closed as well, but whoever names the channel in agent.toml decides for all
/// of it.
pub(crate) fn check_channel(claimed: &ClaimedTask, channel: &str) -> Result<(), Interrupt> {
    let is_elsewhere = closed_channel(&claimed.event).is_some_and(|own| own != channel);
    if is_elsewhere { Err(too_private()) } else { Ok(()) }
}

/// The conversation of Slack that `event` is from, if it is not known to be open to all its members: what is said there
/// is known nowhere else.
pub(crate) fn closed_channel(event: &Event) -> Option<&str> {
    let channel = event.metadata.get("channel").and_then(serde_json::Value::as_str);
    channel.filter(|_| event.is_closed_place)
}

fn too_private() -> Interrupt {
    let why = "more people could read the answer than can read the event";
    Interrupt::Ignore(format!("{}: {why}", IgnoreReason::Internal.as_str()))
}

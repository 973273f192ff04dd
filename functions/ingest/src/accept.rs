//! One webhook's way: signature → identity → parse → filter → task ∥ raw body → lane.
//!
//! The future may be dropped at any await point; [`domain::take_in`] says what that leaves behind.

use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};

use axum::body::Bytes;
use domain::{
    Event, FIRST_LOOK, Happening, NewTask, Priority, TakenIn, Task, TaskError, TaskId, Timestamp, after,
    first_report, take_in,
};
use http::HeaderMap;
use serde_json::Map;
use webhook::{
    IgnoreReason, Interaction, ParseError, Parsed, Received, Rejection, Row, Sender, is_media_type,
};

use crate::headers::SignedHeaders;
use crate::outcome::{Outcome, Refusal, StorageError, Trail};
use crate::source::Source;
use crate::{Ingest, SecretMap, interaction, meter};

/// Takes one webhook in. `Ok(Accepted)` means that nothing of it can be lost any more.
pub(crate) async fn accept(
    ingest: &Ingest,
    source: &Source,
    headers: &HeaderMap,
    body: &Bytes,
    trail: &mut Trail,
) -> Result<Outcome, Refusal> {
    let now = ingest.clock.now();
    let headers = SignedHeaders(headers);
    trail.step = "read the signing secrets";
    verify(ingest, source, &headers, body, now).await?;
    let sender = &source.sender;
    let content_type = headers.media_type(sender.provider)?;
    check_form(sender, content_type, body)?;
    let received = Received { event_hint: headers.event_hint(sender.provider), body };
    let id = TaskId::derive(&source.name, &sender.identity(&received, &headers));
    trail.task_id = Some(id.clone());
    trail.step = "read the event";
    match read(source, id, content_type, &received, now, trail)? {
        Reading::Settled(outcome) => Ok(outcome),
        Reading::Click(interaction, request) => {
            trail.task_id = None;
            Ok(interaction::take(ingest, &interaction, &request, now, trail).await?)
        }
        Reading::Task(task, happening) => {
            Ok(store(ingest, *task, happening.as_ref(), body, now, trail).await?)
        }
    }
}

/// Checks the signature; if a secret may be at fault, once more with secrets fetched anew: the sender
/// may sign with one that is younger than our copy.
async fn verify(
    ingest: &Ingest,
    source: &Source,
    headers: &SignedHeaders<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Refusal> {
    let check = |known: &SecretMap| match known.get(&source.name) {
        Some(secrets) => source.sender.scheme.verify(secrets, headers, body, now),
        None => Err(Rejection::NoSecret),
    };
    let current = ingest.secrets.current().await?;
    let Err(rejection) = check(current.as_ref()) else { return Ok(()) };
    let newer = if may_be_the_secrets_fault(&rejection) { ingest.secrets.newer().await? } else { None };
    newer.map_or(Err(rejection), |newer| check(&newer)).map_err(|rejection| match rejection {
        Rejection::NoSecret => Refusal::NoSecret { variable: settings::variable_of(&source.name) },
        rejection => Refusal::Signature(rejection),
    })
}

/// Whether another secret could change the verdict.
fn may_be_the_secrets_fault(rejection: &Rejection) -> bool {
    match rejection {
        Rejection::NoSecret | Rejection::Wrong => true,
        Rejection::Missing { .. }
        | Rejection::Malformed { .. }
        | Rejection::Undated { .. }
        | Rejection::Stale { .. } => false,
    }
}

/// Refuses a content type that the signed bytes contradict. Bytes that are neither JSON nor a form of this
/// sender pass here; the reader refuses them.
fn check_form(sender: &Sender, content_type: &str, body: &[u8]) -> Result<(), Refusal> {
    match sender.provider.body_form(body).map(webhook::BodyForm::media_type) {
        Some(is) if !is_media_type(content_type, is) => Err(Refusal::Contradiction { is }),
        Some(_) | None => Ok(()),
    }
}

/// What the body says should happen.
enum Reading {
    /// Nothing is to be stored.
    Settled(Outcome),
    /// A person used a button of a message of ours, in the request of this name.
    Click(Box<Interaction>, TaskId),
    /// This is to be stored, unless it is stored as another report of what happened.
    Task(Box<Task>, Option<Happening>),
}

/// Reads a verified body. One that is JSON, may be subscribed to and still cannot be understood is a mistake of
/// ours: it becomes a failed task, which a person retries once the parser is mended.
fn read(
    source: &Source,
    id: TaskId,
    content_type: &str,
    received: &Received<'_>,
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Reading, Refusal> {
    let parsed = unpanicked(AssertUnwindSafe(|| source.sender.parse(received)));
    trail.event = match &parsed {
        Ok(Parsed::Event(event)) => Some(event.name.clone()),
        Ok(Parsed::Other(name)) => Some(name.clone()),
        Ok(Parsed::Ping | Parsed::Challenge(_) | Parsed::Interaction(_)) | Err(_) => None,
    };
    match parsed {
        Ok(Parsed::Ping) => Ok(Reading::Settled(Outcome::Pong)),
        Ok(Parsed::Challenge(text)) => Ok(Reading::Settled(Outcome::Challenge(text))),
        Ok(Parsed::Interaction(interaction)) => Ok(Reading::Click(interaction, id)),
        Ok(Parsed::Other(name)) => {
            let passed = source.passes_over(&name, Row::knows_kind);
            Ok(Reading::Settled(passed.unwrap_or(Outcome::Ignored("unsupported"))))
        }
        Ok(Parsed::Event(event)) => match source.ignores(&event, now) {
            Some(reason) => Ok(Reading::Settled(Outcome::Ignored(reason.as_str()))),
            None => {
                let happening = event.happening.clone();
                let (title, text, link) = (event.title.clone(), event.text.clone(), event.link.clone());
                let new = new_task(source, content_type, received, *event);
                let mut task = Task::received(id, new, now, after(now, FIRST_LOOK));
                task.doc.introduce(title.as_deref(), &text, link.as_deref());
                Ok(Reading::Task(Box::new(task), happening))
            }
        },
        Err(ParseError::NotJson(why)) => Err(Refusal::NotJson(why)),
        Err(ParseError::Unreadable(why)) => match unread_kind(source, received) {
            Err(passed) => Ok(Reading::Settled(passed)),
            Ok(name) => {
                let new = unread_task(source, name, content_type, received, &id);
                let error = TaskError::new("parse", "unreadable_event", why);
                Ok(Reading::Task(Box::new(Task::unreadable(id, new, now, error)), None))
            }
        },
    }
}

/// The name of an event that cannot be read, if that much can be told; or what it comes to where nobody asked for
/// it. Only the kind counts: mistakes in the rest of an event that nobody subscribed to do not matter.
fn unread_kind(source: &Source, received: &Received<'_>) -> Result<Option<String>, Outcome> {
    let kind = catch_unwind(AssertUnwindSafe(|| source.sender.kind(received)));
    match kind {
        Ok(Ok(Some(name))) => source.passes_over(&name, Row::knows).map_or(Ok(Some(name)), Err),
        Ok(Ok(None)) if !source.takes_everything() => {
            Err(Outcome::Ignored(IgnoreReason::Unsubscribed.as_str()))
        }
        Ok(Ok(None) | Err(_)) | Err(_) => Ok(None),
    }
}

/// Turns a panic of the parser into an event that it cannot read: most senders never try again, so
/// a panic must not cost the event.
fn unpanicked(parse: impl FnOnce() -> Result<Parsed, ParseError> + UnwindSafe) -> Result<Parsed, ParseError> {
    catch_unwind(parse).unwrap_or_else(|_| Err(ParseError::Unreadable("the parser panicked".to_owned())))
}

fn new_task(source: &Source, content_type: &str, received: &Received<'_>, event: Event) -> NewTask {
    NewTask {
        source: source.name.clone(),
        priority: source.priorities.of(&event),
        event: event.name,
        tenant: event.tenant,
        thread: event.thread,
        actor: event.actor,
        metadata: event.metadata,
        content_type: content_type.to_owned(),
        event_hint: received.event_hint.map(str::to_owned),
    }
}

/// A task of which no more is known than that its sender is genuine: a tenant of its own per source
/// and a thread of its own per task.
fn unread_task(
    source: &Source,
    name: Option<String>,
    content_type: &str,
    received: &Received<'_>,
    id: &TaskId,
) -> NewTask {
    NewTask {
        source: source.name.clone(),
        event: name.or(received.event_hint.map(str::to_owned)).unwrap_or_else(|| "unreadable".to_owned()),
        tenant: source.name.clone(),
        thread: id.to_string(),
        actor: "unknown".to_owned(),
        priority: Priority::DEFAULT,
        metadata: Map::new(),
        content_type: content_type.to_owned(),
        event_hint: received.event_hint.map(str::to_owned),
    }
}

/// Takes the task in, or completes what an earlier try of its sender has left undone. If another delivery has
/// reported the same before, this one completes that task where it is incomplete, and is a duplicate.
async fn store(
    ingest: &Ingest,
    mut task: Task,
    happening: Option<&Happening>,
    body: &[u8],
    now: Timestamp,
    trail: &mut Trail,
) -> Result<Outcome, StorageError> {
    let mut is_first = true;
    if let Some(happening) = happening {
        trail.step = "look who reported it first";
        let first = first_report(&*ingest.stores.payloads, &task.doc.source, happening, &task).await?;
        is_first = first == task.id;
        task.id = first;
        trail.task_id = Some(task.id.clone());
    }
    let taken = take_in(&ingest.stores, &task, body, now, |step| trail.step = step).await?;
    if taken == TakenIn::New && task.control.status.is_end() {
        meter::unreadable(&task);
    }
    match taken {
        TakenIn::New => Ok(Outcome::Accepted(task.id)),
        TakenIn::Completed if is_first => Ok(Outcome::Accepted(task.id)),
        TakenIn::Completed | TakenIn::Duplicate => Ok(Outcome::Duplicate(task.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_of_the_parser_is_an_event_that_cannot_be_read() {
        let parsed = unpanicked(|| panic!("a bug"));
        assert!(matches!(parsed, Err(ParseError::Unreadable(_))));
        assert_eq!(unpanicked(|| Ok(Parsed::Ping)), Ok(Parsed::Ping));
    }
}

//! The event of a task, read again from the stored body, and whether anybody wants it answered.

use std::borrow::Cow;

use domain::{Event, PartKey, ServiceFailure, StoreError, Target, Task, TaskError, ThreadState};
use webhook::{CommentPolicy, IgnoreReason, Parsed, Provider, Received, Sender, is_wordless};

use crate::Interrupt;
use crate::automation::media::shows_files;
use crate::resources::{OUTSIDE_CALL, Resources};

/// Why a task is ignored whose thread is locked.
pub(crate) const LOCKED: &str = "it takes no more comments";
/// Why a task is ignored whose thread is closed.
const SETTLED: &str = "it is settled, and the comment is not meant for the agent";

/// The event that the sender's parser finds in the stored body of `task`: a mended parser is used on a retry.
pub(crate) async fn read_event(resources: &Resources, task: &Task) -> Result<Event, Interrupt> {
    let fail = |kind: &str, message: String| Interrupt::fail(TaskError::new("read the event", kind, message));
    let sender = sender(resources, task).ok_or_else(|| {
        fail(
            "unknown_source",
            format!("[sources.{}] is no longer in agent.toml; restore it and retry", task.doc.source),
        )
    })?;
    let blob = resources.stores.payloads.get(&task.id, &PartKey::payload()).await?;
    // Its sender may just be sending it again: the body is looked for as often as a task is tried.
    let blob = blob.ok_or_else(|| {
        let message = "the stored payload is missing";
        Interrupt::retry(TaskError::new("read the event", domain::PAYLOAD_MISSING, message))
    })?;
    let body = blob.unpack().map_err(|error| StoreError::broken("read the payload", error))?;
    let received = Received { event_hint: task.doc.event_hint.as_deref(), body: &body };
    match sender.parse(&received) {
        Ok(Parsed::Event(event)) => Ok(*event),
        Ok(Parsed::Ping | Parsed::Challenge(_)) => Err(Interrupt::Ignore("it is a ping".to_owned())),
        Ok(Parsed::Interaction(_)) => Err(Interrupt::Ignore("it is a decision, no event".to_owned())),
        Ok(Parsed::Other(name)) => {
            Err(Interrupt::Ignore(format!("events of the kind {name} have no automation")))
        }
        Err(error) => Err(fail("unreadable_event", error.to_string())),
    }
}

/// Who sent the task's event; tasks of `POST /tasks` have no source in agent.toml.
fn sender<'r>(resources: &'r Resources, task: &Task) -> Option<Cow<'r, Sender>> {
    if task.doc.source == Provider::Api.name() {
        return Some(Cow::Owned(Sender::of(Provider::Api)));
    }
    resources.settings.sources.get(&task.doc.source).map(|source| Cow::Borrowed(&source.sender))
}

/// Why `event` is not answered; `None` if it is. The filter of ingest is applied once more: ingest has no
/// GitHub credentials and may not know our login.
pub(crate) async fn unwanted(
    resources: &Resources,
    task: &Task,
    event: &Event,
) -> Result<Option<String>, Interrupt> {
    let (Some(target), Some(source)) = (&event.target, resources.settings.sources.get(&task.doc.source))
    else {
        return Ok(None);
    };
    let mut filter = source.filter.clone();
    let is_comment = event.comment_id.is_some();
    // A configured name may be a mention alone. Who answers every comment must know its own account, and so must who is
    // mentioned by it.
    let needs_account = filter.comments == CommentPolicy::Thread || event.mentioned.is_some();
    if filter.login.is_none() || (is_comment && needs_account) {
        let may_be_unknown = filter.login.is_some() || !is_comment;
        if let Some(account) = own_login(resources, target, may_be_unknown).await? {
            filter.know(&account);
        }
    }
    // What was taken when it came in is not refused for a filter that changed since; the exceptions
    // are those that ingest could not judge.
    filter.events = Some(vec![event.name.clone()]);
    if source.filter.comments != CommentPolicy::Mention {
        filter.comments = CommentPolicy::Thread;
    }
    let reason = filter.ignores(event).or_else(|| {
        // Only here is it known which files the model may see.
        let is_shown = || shows_files(event, &resources.settings.agent.media_hosts);
        (is_wordless(event) && !is_shown()).then_some(IgnoreReason::Empty)
    });
    Ok(reason.map(|reason| explained(reason, event.thread_state)))
}

/// The account that answers in `target` are written under. `None` if the service does not say, where that
/// `may_be_unknown`.
async fn own_login(
    resources: &Resources,
    target: &Target,
    may_be_unknown: bool,
) -> Result<Option<String>, Interrupt> {
    let login = async { resources.services.of(target)?.login().await };
    match tokio::time::timeout(OUTSIDE_CALL, login).await {
        Ok(Ok(login)) => Ok(Some(login)),
        Ok(Err(error)) if error.failure == ServiceFailure::Refused && may_be_unknown => Ok(None),
        Ok(Err(mut error)) => {
            if error.failure == ServiceFailure::Refused {
                error.message.push_str("; set `login` in agent.toml, in the section of this source");
            }
            Err(Interrupt::from_service("login", &error, resources.clock.now()))
        }
        Err(_) => Err(Interrupt::defer("the lookup of the agent's own login timed out", None)),
    }
}

fn explained(reason: IgnoreReason, state: ThreadState) -> String {
    let word = reason.as_str();
    match (reason, state) {
        (IgnoreReason::ThreadClosed, ThreadState::Locked) => format!("{word}: {LOCKED}"),
        (IgnoreReason::ThreadClosed, _) => format!("{word}: {SETTLED}"),
        _ => word.to_owned(),
    }
}

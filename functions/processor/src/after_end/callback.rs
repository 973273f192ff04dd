//! The result of a task of `POST /tasks`, posted to its `callback_url` when the work on it has ended.
//!
//! The result, and every byte that is posted about it, is saved first. If the receiver was down, the next try
//! posts the same bytes again, and neither asks a model nor acts a second time. The receiver knows a
//! repetition by its `webhook-id`, which is also the `Idempotency-Key`. A receiver that refuses, or that is
//! down for a day, changes nothing about the task: the timeline says so.
//!
//! `follow_up.rs` posts the end of a task that ended without work (a person rejected the draft, nobody decided in
//! time, or every try crashed). A receiver that may know a result is never left with a task that says
//! otherwise: from the first post on, the task ends as that result says. After a retry by a person a task has a result of its own.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Mark, PartKey, Proof, ServiceError, ServiceFailure, StoreError, Task, TaskError, TaskOutput, TaskStatus,
    Timestamp, between, read_json, view,
};
use outbound::{Caller, Method, Url};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use webhook::{ApiTask, Scheme};

use crate::reply::effect::once_in_any_mode;
use crate::task::claimed_task::ClaimedTask;
use crate::{Action, Finished, Found, Interrupt};

/// The step that holds the [`Report`] of work.
const REPORT: &str = "callback.told";
/// The step that holds the [`Report`] of an end without work.
const END_REPORT: &str = "callback.end";
/// The effect.
const CALLBACK: &str = "callback";
/// For how long a result waits for its receiver.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);

/// What is posted about an end: the same at every try.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Report {
    /// What the work came to; `None` when it was not work that ended the task.
    ended: Option<Ended>,
    /// When it ended.
    at: Timestamp,
    body: Value,
}

/// How the work on a task ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    Finished(Finished),
    Failed(TaskError),
    Ignored(String),
}

impl Ended {
    /// What `outcome` ends the task with; `outcome` itself if it does not end it.
    fn of(outcome: Result<Finished, Interrupt>, attempts: u32) -> Result<Self, Interrupt> {
        match outcome {
            Ok(finished) => Ok(Self::Finished(finished)),
            Err(Interrupt::Shadow(finished)) => Ok(Self::Finished(*finished)),
            Err(Interrupt::Fail(error)) => Ok(Self::Failed(*error)),
            Err(Interrupt::Ignore(reason)) => Ok(Self::Ignored(reason)),
            Err(Interrupt::Defer(deferred)) if deferred.is_last(attempts) => {
                Ok(Self::Failed(deferred.into_error()))
            }
            Err(other) => Err(other),
        }
    }

    pub(crate) fn outcome(self) -> Result<Finished, Interrupt> {
        match self {
            Self::Finished(finished) => Ok(finished),
            Self::Failed(error) => Err(Interrupt::fail(error)),
            Self::Ignored(reason) => Err(Interrupt::Ignore(reason)),
        }
    }

    fn status(&self) -> TaskStatus {
        match self {
            Self::Finished(_) => TaskStatus::Completed,
            Self::Failed(_) => TaskStatus::Failed,
            Self::Ignored(_) => TaskStatus::Ignored,
        }
    }
}

/// Whether the effect `name` is a post to `callback_url`, in whatever life of the task.
pub(crate) fn is_callback(name: &str) -> bool {
    name.strip_prefix(CALLBACK).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// `name`, for the present life of `task`: a retry that a person asks for begins another one.
fn of_life(name: &str, task: &Task) -> String {
    if task.doc.opened_at == task.doc.received_at {
        name.to_owned()
    } else {
        format!("{name}.{}", task.doc.opened_at.as_millisecond())
    }
}

/// How an earlier try of this life ended, whose result has not arrived yet.
pub(crate) async fn ended(claimed: &ClaimedTask) -> Result<Option<Ended>, Interrupt> {
    if !claimed.is_requested().await {
        return Ok(None);
    }
    let step = of_life(REPORT, &*claimed.task.lock().await);
    let ended = claimed.saved::<Report>(&step).await?.and_then(|report| report.ended);
    if ended.is_some() {
        claimed.task.lock().await.doc.reported = true;
    }
    Ok(ended)
}

/// Posts the result of `outcome`, if it ends a task whose sender wants it. Returns what is to be written of the task
/// (`outcome`, or a deferral while the receiver cannot be reached), and whether the receiver has heard of the end. An
/// end that it has not heard of needs a follow-up.
pub(crate) async fn deliver(
    claimed: &Arc<ClaimedTask>,
    outcome: Result<Finished, Interrupt>,
) -> (Result<Finished, Interrupt>, bool) {
    if !claimed.is_requested().await {
        return (outcome, true);
    }
    match told(claimed, outcome).await {
        Ok(ended) => (ended.outcome(), true),
        Err(interrupt) => (Err(interrupt), false),
    }
}

async fn told(claimed: &Arc<ClaimedTask>, outcome: Result<Finished, Interrupt>) -> Result<Ended, Interrupt> {
    let attempts = claimed.task.lock().await.control.attempts;
    let ended = Ended::of(outcome, attempts)?;
    let Some(url) = url(claimed).await? else { return Ok(ended) };
    let body = body(claimed, &ended).await?;
    let report = Report { ended: Some(ended.clone()), at: claimed.now(), body };
    let report = post(claimed, url, report, attempts).await?;
    Ok(report.ended.unwrap_or(ended))
}

/// Posts that a task has ended without work, as it stands now; `Ok` once it has arrived, or never will.
pub(crate) async fn deliver_end(claimed: &ClaimedTask, url: Url) -> Result<(), Interrupt> {
    let (at, body) = (claimed.now(), {
        let task = claimed.task.lock().await;
        envelope(task.control.status, claimed.now(), shown(&task, None)?)
    });
    post(claimed, url, Report { ended: None, at, body }, 0).await.map(drop)
}

/// Posts the report that counts, and returns it: `report`, unless an earlier try has saved one. If it will never
/// arrive, the timeline says so.
async fn post(claimed: &ClaimedTask, url: Url, report: Report, attempts: u32) -> Result<Report, Interrupt> {
    let (step, effect) = {
        let mut task = claimed.task.lock().await;
        // The write of the intent, before anything is posted, says that the end of the work is known.
        task.doc.reported |= report.ended.is_some();
        if claimed.resources.services.api_secrets.0.is_empty() {
            let note = "the result is posted unsigned, so its receiver cannot trust it: API_WEBHOOK_SECRET is not set";
            task.note(claimed.now(), note);
        }
        // A result that was saved and never posted does not speak for a task that has ended otherwise.
        let step = if task.doc.reported { REPORT } else { END_REPORT };
        (of_life(step, &task), of_life(CALLBACK, &task))
    };
    let report = claimed.save_step(&step, report).await?;
    let posting = Posting { claimed, url, body: &report.body };
    if let Err(interrupt) = once_in_any_mode(claimed, &effect, &posting).await {
        let Some(why) = given_up(claimed, &interrupt, report.at, attempts) else { return Err(interrupt) };
        claimed.task.lock().await.note(claimed.now(), &format!("the result was not delivered: {why}"));
    }
    Ok(report)
}

/// Why the result will never arrive; `None` when it may later.
fn given_up(claimed: &ClaimedTask, interrupt: &Interrupt, since: Timestamp, attempts: u32) -> Option<String> {
    let late = between(since, claimed.now()) >= GIVE_UP_AFTER;
    match interrupt {
        Interrupt::Fail(error) => Some(error.message.clone()),
        Interrupt::Defer(deferred) if late || deferred.is_last(attempts) => Some(deferred.why.clone()),
        _ => None,
    }
}

/// Where the result is wanted. The host is asked about once more: agent.toml may have changed since.
pub(crate) async fn url(claimed: &ClaimedTask) -> Result<Option<Url>, Interrupt> {
    let Some(blob) = claimed.resources.stores.payloads.get(&claimed.id, &PartKey::payload()).await? else {
        return Ok(None);
    };
    let body = blob.unpack().map_err(|error| StoreError::broken("read the payload", error))?;
    let body: Map<String, Value> = read_json(&body).unwrap_or_default();
    let url = ApiTask::read(&body).ok().and_then(|task| task.callback_url);
    let Some(url) = url else { return Ok(None) };
    if url.host_str().is_some_and(|host| claimed.resources.settings.api.allows(host)) {
        return Ok(Some(url));
    }
    let note = "the result was not delivered: the host of callback_url is no longer in [api] callback_hosts";
    claimed.task.lock().await.note(claimed.now(), note);
    Ok(None)
}

/// The task as the API shows it.
fn shown(task: &Task, text: Option<String>) -> Result<Value, Interrupt> {
    serde_json::to_value(view(task, text))
        .map_err(|error| StoreError::broken("write the result", error).into())
}

fn envelope(status: TaskStatus, at: Timestamp, data: Value) -> Value {
    json!({"type": format!("task.{status}"), "timestamp": at, "data": data})
}

/// The task as it will be.
async fn body(claimed: &ClaimedTask, ended: &Ended) -> Result<Value, Interrupt> {
    let text = match ended {
        Ended::Finished(Finished { output: TaskOutput::Draft(hash), .. }) => {
            Some(claimed.draft_text(hash).await?)
        }
        Ended::Finished(Finished { output: TaskOutput::Text(text), .. }) => Some(text.clone()),
        Ended::Failed(_) | Ended::Ignored(_) => None,
    };
    let task = claimed.task.lock().await;
    let mut data = shown(&task, text.clone())?;
    data["status"] = json!(ended.status());
    data["not_before"] = Value::Null;
    match ended {
        Ended::Finished(Finished { success, output_url, .. }) => {
            data["result"] = json!({
                "success": success, "output": text, "output_url": output_url,
                "execution_time_ms": task.doc.worked_ms, "tokens_used": task.tokens_used(),
            });
        }
        Ended::Failed(error) => data["error"] = json!(error),
        Ended::Ignored(_) => {}
    }
    Ok(envelope(ended.status(), claimed.now(), data))
}

/// One posting of a result, signed as Standard Webhooks are.
struct Posting<'r> {
    claimed: &'r ClaimedTask,
    url: Url,
    body: &'r Value,
}

impl Posting<'_> {
    fn headers(&self, id: &str) -> Vec<(String, SecretString)> {
        let now = self.claimed.now();
        let secrets = &self.claimed.resources.services.api_secrets;
        let mut headers =
            Scheme::standard_webhooks().sign_as(secrets, id, self.body.to_string().as_bytes(), now);
        if headers.is_empty() {
            headers.push(("webhook-id".to_owned(), id.to_owned()));
            headers.push(("webhook-timestamp".to_owned(), now.as_second().to_string()));
        }
        headers.into_iter().map(|(name, value)| (name, SecretString::from(value))).collect()
    }
}

#[async_trait]
impl Action for Posting<'_> {
    fn host(&self) -> Option<String> {
        self.url.host_str().map(str::to_owned)
    }

    async fn perform(&self, mark: &Mark) -> Result<Proof, ServiceError> {
        // A dot parts what is signed, so it may stand in no id.
        let id = mark.to_string().replace('.', "-");
        let origin = self.url.origin().ascii_serialization();
        let resources = &self.claimed.resources;
        let caller =
            Caller::new(&origin, &self.headers(&id), &resources.services.reach, resources.clock.clone());
        let caller = caller.map_err(|error| ServiceError {
            service: "callback",
            operation: "post the result",
            failure: ServiceFailure::Refused,
            message: error.to_string(),
        })?;
        let called = caller.call(Method::POST, self.url.clone(), Some(self.body), &id).await;
        let called = called.map_err(|error| match error.failure {
            // It may have arrived: the same id a second time does no harm.
            ServiceFailure::InDoubt | ServiceFailure::ServerError => {
                ServiceError { failure: ServiceFailure::Later { after: None }, ..error }
            }
            _ => error,
        })?;
        Ok(Proof { id: called.status.as_u16().to_string(), url: None })
    }

    /// The id tells the receiver that it is the same again.
    async fn find(&self, _: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        Ok(Found::NotDone)
    }
}

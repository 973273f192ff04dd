//! The work on a claimed task: read its event, sort it, run the automation of its intent.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use domain::{
    Classification, Event, MAX_ATTEMPTS, ModelCall, ModelFailure, ModelRole, Part, ServiceFailure,
    StoreError, Task, TaskError, Timestamp,
};
use futures::FutureExt;
use serde::Deserialize;
use tracing::warn;
use webhook::{CommentPolicy, Parsed, Received};

use crate::process::worn_out;
use crate::run::{OUTSIDE_CALL, Run};
use crate::triage::{self, Verdict};
use crate::{Context, Finished, Interrupt, Processor};

/// Works on `task` and gives it back with what came out. Panics do not get past here.
pub(crate) async fn run(
    processor: &Arc<Processor>,
    task: Task,
    deadline: Timestamp,
) -> (Task, Result<Finished, Interrupt>) {
    let event = match prepare(processor, &task).await {
        Ok(event) => event,
        Err(interrupt) => return (task, Err(interrupt)),
    };
    let run = Arc::new(Run::new(Arc::clone(processor), task, event, deadline));
    let outcome = AssertUnwindSafe(sort_and_dispatch(&run)).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|panic| Err(panicked("processing", None, panic.as_ref())));
    // A cloned context that an automation has leaked may still hold the run: the task is copied.
    let task = run.task.lock().await.clone();
    (task, outcome)
}

/// Everything that can end a task before any money is spent on it.
async fn prepare(processor: &Arc<Processor>, task: &Task) -> Result<Event, Interrupt> {
    if task.control.attempts > MAX_ATTEMPTS {
        return Err(Interrupt::fail(worn_out(task)));
    }
    if processor.clock.now() >= task.gives_up_at() {
        let message = format!("unfinished for {} days", domain::MAX_OPEN_DAYS);
        return Err(Interrupt::fail(TaskError::new("processing", "too_old", message)));
    }
    let event = read_event(processor, task).await?;
    match unwanted(processor, task, &event).await? {
        Some(reason) => Err(Interrupt::Ignore(reason)),
        None => Ok(event),
    }
}

async fn read_event(processor: &Arc<Processor>, task: &Task) -> Result<Event, Interrupt> {
    let fail = |kind: &str, message: String| Interrupt::fail(TaskError::new("read the event", kind, message));
    let source = processor.config.sources.get(&task.doc.source).ok_or_else(|| {
        fail(
            "unknown_source",
            format!("[sources.{}] is no longer in agent.toml; restore it and retry", task.doc.source),
        )
    })?;
    let blob = processor.stores.payloads.get(&task.id, &Part::payload()).await?;
    let blob =
        blob.ok_or_else(|| fail(domain::PAYLOAD_MISSING, "the stored payload is missing".to_owned()))?;
    let body = blob.unpack().map_err(|error| StoreError::broken("read the payload", error))?;
    let received = Received {
        content_type: &task.doc.content_type,
        event_hint: task.doc.event_hint.as_deref(),
        body: &body,
    };
    match source.sender.parse(&received) {
        Ok(Parsed::Event(event)) => Ok(*event),
        Ok(Parsed::Ping | Parsed::Challenge(_)) => Err(Interrupt::Ignore("it is a ping".to_owned())),
        Ok(Parsed::Interaction(_)) => Err(Interrupt::Ignore("it is a decision, no event".to_owned())),
        Ok(Parsed::Other(name)) => {
            Err(Interrupt::Ignore(format!("events of the kind {name} have no automation")))
        }
        Err(error) => Err(fail("unreadable_event", error.to_string())),
    }
}

/// The loop guard once more: ingest has no GitHub credentials and may not know our login.
async fn unwanted(
    processor: &Arc<Processor>,
    task: &Task,
    event: &Event,
) -> Result<Option<String>, Interrupt> {
    let (Some(target), Some(source)) = (&event.target, processor.config.sources.get(&task.doc.source)) else {
        return Ok(None);
    };
    let mut filter = source.filter.clone();
    if filter.login.is_none() {
        let login = tokio::time::timeout(OUTSIDE_CALL, processor.services.of(target).login()).await;
        filter.login = match login {
            Ok(Ok(login)) => Some(login),
            // Only a comment cannot be judged without it.
            Ok(Err(error)) if error.failure == ServiceFailure::Refused && event.comment_id.is_none() => None,
            Ok(Err(mut error)) => {
                if error.failure == ServiceFailure::Refused {
                    error.message.push_str("; set `login` in agent.toml, in the section of this source");
                }
                return Err(Interrupt::from_service("login", &error, processor.clock.now()));
            }
            Err(_) => return Err(Interrupt::defer("the agent's own login did not come in time", None)),
        };
    }
    // What was taken when it came in is not refused for a filter that changed since; the exceptions
    // are those that ingest could not judge.
    filter.events = None;
    if source.filter.comments != CommentPolicy::Mention {
        filter.comments = CommentPolicy::Thread;
    }
    Ok(filter.ignores(event).map(|reason| reason.as_str().to_owned()))
}

async fn sort_and_dispatch(run: &Arc<Run>) -> Result<Finished, Interrupt> {
    let classification = classify(run).await?;
    dispatch(run, classification).await
}

/// The saved classification, or a new one: a retry never pays for it twice.
async fn classify(run: &Arc<Run>) -> Result<Classification, Interrupt> {
    if let Some(known) = run.task.lock().await.doc.classification.clone() {
        return Ok(known);
    }
    let classification = match ask_triage(run).await? {
        Some(verdict) if verdict.spam => return Err(Interrupt::Ignore("spam".to_owned())),
        Some(verdict) => verdict.classification(),
        None => triage::unclassified(),
    };
    let note = format!("sorted as {} ({:.2})", classification.intent, classification.confidence);
    let saved = classification.clone();
    run.update(|task| {
        task.doc.classification = Some(saved);
        task.note(run.now(), &note);
    })
    .await?;
    Ok(classification)
}

/// The triage model's verdict; `None` when what it says cannot be used.
async fn ask_triage(run: &Arc<Run>) -> Result<Option<Verdict>, Interrupt> {
    let call = triage_call(run).await;
    match run.processor.model.generate(&call).await {
        Ok(answer) => {
            run.record_calls(&answer.exchanges, &answer.usage).await?;
            Ok(answer.value.and_then(|value| Verdict::deserialize(value).ok()))
        }
        Err(error) => {
            run.record_calls(&error.exchanges, &error.usage).await?;
            if error.failure == ModelFailure::Unusable {
                warn!(task_id = %run.id, problem = error.message, "triage gave no usable verdict");
                return Ok(None);
            }
            Err(Interrupt::from_model(&error))
        }
    }
}

async fn triage_call(run: &Arc<Run>) -> ModelCall {
    let processor = &run.processor;
    let task = run.task.lock().await;
    ModelCall {
        task_id: run.id.clone(),
        step: "triage".to_owned(),
        role: ModelRole::Triage,
        tenant: task.doc.tenant.clone(),
        thread: task.doc.thread.clone(),
        priority: task.doc.priority,
        system: triage::instructions(&processor.config.intents),
        documents: Vec::new(),
        turns: vec![triage::question(&run.id, &run.event)],
        output: triage::output(&processor.config.intents, &processor.registry),
        slot: None,
        deadline: run.answer_by(),
    }
}

/// Runs the automation of the intent; the default one when the intent is unknown. A panic fails this
/// task alone.
async fn dispatch(run: &Arc<Run>, classification: Classification) -> Result<Finished, Interrupt> {
    let config = &run.processor.config;
    let intent = config.intents.iter().find(|intent| intent.name == classification.intent);
    let name = intent.map_or(&config.agent.default_automation, |intent| &intent.automation);
    let automation = run.processor.registry.get(name).ok_or_else(|| {
        let message = format!("there is no automation `{name}`; name another in agent.toml and retry");
        Interrupt::fail(TaskError::new("dispatch", "unknown_automation", message))
    })?;
    let work = automation.run(Context(Arc::clone(run)), classification.parameters);
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.unwrap_or_else(|panic| Err(panicked(name, Some(name), panic.as_ref()))).map_err(|interrupt| {
        match interrupt {
            Interrupt::Fail(mut error) => {
                error.automation.get_or_insert_with(|| name.clone());
                Interrupt::Fail(error)
            }
            other => other,
        }
    })
}

fn panicked(step: &str, automation: Option<&str>, panic: &(dyn Any + Send)) -> Interrupt {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let mut error =
        TaskError::new(step, "panic", format!("panicked: {}", text.unwrap_or("without a message")));
    error.automation = automation.map(str::to_owned);
    Interrupt::fail(error)
}

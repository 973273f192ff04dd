//! Answers without a model. If none can be had for long, a task gets the most similar answer that was published
//! before, or its intent's template, as a draft that a person must approve. If models answer, and nothing that can be
//! used, and there is neither, a person is asked to write the answer.
//!
//! The draft takes the place of the automation's own reply. A past answer exists only for an intent that was
//! answered by a reply, and a template says that a reply will do. A task that has acted already keeps waiting.
//! Nothing from here reaches an automation, which may have asked the model for anything, not only for a reply.

mod answers;
mod sketch;

use std::time::Duration;

use domain::{
    Audience, Classification, DraftOrigin, Event, NO_MODEL, StateStore, TaskError, TaskOutput, Timestamp,
    UNWRITTEN, after, short_sha256,
};
use futures::future::join_all;
use markdown::visible;
use tracing::{debug, warn};

use crate::reply::gate::pass_reply;
use crate::reply::place::closed_channel;
use crate::resources::Resources;
use crate::task::claimed_task::ClaimedTask;
use crate::task::interrupt::Deferred;
use crate::triage::answer::unclassified;
use crate::{Finished, Interrupt};
use answers::Past;
use sketch::Sketch;

/// How long a task tries to keep its answer for later tasks.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// A task that has nothing to fall back on looks so often whether there is a model again.
const AGAIN: Duration = Duration::from_secs(900);

/// A text that can stand in for a model's.
struct StandIn {
    text: String,
    /// For the timeline: where it comes from.
    source: String,
}

impl StandIn {
    /// No text: a person is asked for it.
    fn unwritten() -> Self {
        Self { text: UNWRITTEN.to_owned(), source: "none, a person is asked to write the answer".to_owned() }
    }

    /// Why it is parked.
    fn because(&self, why: &str) -> String {
        match self.text == UNWRITTEN {
            true => format!("{why}: a person has to write it"),
            false => format!("it is a fallback answer: {why}"),
        }
    }
}

/// What becomes of a task that finds no model. It waits as `deferred` says, and looks again when that has lasted for
/// `fallback_after` since its first such deferral, and from then on every [`AGAIN`]: until midnight, say, would be longer
/// than anybody has to wait, and another agent.toml or other credentials may do. Then a draft is parked, if there is one.
pub(crate) async fn instead(claimed: &ClaimedTask, mut deferred: Deferred) -> Interrupt {
    let now = claimed.now();
    let (due, has_acted) = {
        let doc = &claimed.task.lock().await.doc;
        let since = doc.model_down_since.unwrap_or(now);
        (after(since, claimed.resources.settings.models.fallback_after), !doc.effects.is_empty())
    };
    let latest = if now < due { due } else { after(now, AGAIN) };
    if deferred.not_before.is_some_and(|at| at > latest) {
        (deferred.not_before, deferred.is_slot) = (Some(latest), false);
    }
    if has_acted || claimed.event.target.is_none() || now < due {
        return Interrupt::ModelUnavailable(Box::new(deferred));
    }
    match find(claimed, now).await {
        Some(found) => park(claimed, found, deferred).await,
        None => Interrupt::ModelUnavailable(Box::new(deferred)),
    }
}

/// What becomes of a task for which every model gave an answer, and no answer can be used: it was withheld for its
/// content, or broken, also at the second try. A person decides about a fallback answer, or writes one where there is none.
/// In shadow nobody is asked, and what nobody has written is no draft to compare.
pub(crate) async fn in_place_of(claimed: &ClaimedTask, error: Box<TaskError>) -> Interrupt {
    let has_acted = !claimed.task.lock().await.doc.effects.is_empty();
    if has_acted || (claimed.event.target.is_none() && !claimed.answers_caller().await) {
        return Interrupt::Fail(error);
    }
    let found = match find(claimed, claimed.now()).await {
        Some(found) => found,
        None if claimed.shadow => return Interrupt::Fail(error),
        None => StandIn::unwritten(),
    };
    match offer(claimed, found, "no model gave a usable answer").await {
        Err(interrupt) if !matches!(interrupt, Interrupt::Fail(_)) => interrupt,
        // The gate lets no fallback answer pass.
        _ => Interrupt::Fail(error),
    }
}

/// Whether a person has approved the draft that stood in for a model's answer: then nothing but its
/// publication is left to do.
pub(crate) async fn is_approved(claimed: &ClaimedTask) -> bool {
    let doc = &claimed.task.lock().await.doc;
    let decided = doc.decision.as_ref().filter(|decision| decision.publish_hash.is_some());
    decided.is_some_and(|decision| doc.stand_in.as_deref() == Some(decision.draft_hash.as_str()))
}

async fn park(claimed: &ClaimedTask, found: StandIn, deferred: Deferred) -> Interrupt {
    match offer(claimed, found, NO_MODEL).await {
        Err(Interrupt::Fail(error)) => {
            warn!(task_id = %claimed.id, problem = error.message, "the fallback answer cannot be used");
            Interrupt::ModelUnavailable(Box::new(deferred))
        }
        Err(interrupt) => interrupt,
        // The gate lets no fallback answer pass; if it did, the task would wait all the same.
        Ok(_) => Interrupt::ModelUnavailable(Box::new(deferred)),
    }
}

/// Parks what stands in for a model's answer, with the reason.
async fn offer(claimed: &ClaimedTask, found: StandIn, why: &str) -> Result<String, Interrupt> {
    {
        let mut task = claimed.task.lock().await;
        task.doc.classification.get_or_insert_with(unclassified);
        task.note(claimed.now(), &format!("{why}; fallback: {}", found.source));
    }
    pass_reply(claimed, &found.text, DraftOrigin::Fallback, Some(&found.because(why))).await
}

/// The best past answer, else the intent's template.
async fn find(claimed: &ClaimedTask, now: Timestamp) -> Option<StandIn> {
    let (tenant, known) = {
        let doc = &claimed.task.lock().await.doc;
        (doc.tenant.clone(), doc.classification.clone())
    };
    let state = claimed.resources.stores.state.as_ref();
    let question = Sketch::of(&question(&claimed.event));
    let intents = candidates(claimed, known.as_ref());
    // What was answered for all is known in a closed place as well.
    let places = [None, closed_channel(&claimed.event)];
    let places = &places[..if places[1].is_some() { 2 } else { 1 }];
    let keys = intents.iter().flat_map(|intent| places.iter().map(|place| key(&tenant, *place, intent)));
    let past = join_all(keys.map(|key| best(state, key, &question, now))).await;
    let best = past.into_iter().flatten().max_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((past, similarity)) = best {
        let source = format!("the answer of {}, whose question is {similarity:.2} similar", past.task);
        return Some(StandIn { text: past.text, source });
    }
    let known = known?;
    let intent = claimed.resources.intent(&known.intent)?;
    let text = intent.fallback.clone()?;
    Some(StandIn { text, source: format!("the template of the intent {}", intent.name) })
}

/// The intents whose answers may do: the task's own, or all of them if it could not be sorted.
fn candidates(claimed: &ClaimedTask, known: Option<&Classification>) -> Vec<String> {
    match known {
        Some(known) => vec![known.intent.clone()],
        None => {
            let configured = claimed.resources.settings.intents.iter().map(|intent| intent.name.clone());
            configured.chain([unclassified().intent]).collect()
        }
    }
}

async fn best(state: &dyn StateStore, key: String, question: &Sketch, now: Timestamp) -> Option<(Past, f64)> {
    match answers::load(state, &key, now).await {
        Ok(answers) => answers.most_similar(question),
        Err(problem) => {
            warn!(key, %problem, "past answers cannot be read");
            None
        }
    }
}

/// What is kept of a published answer.
pub(crate) struct Memory {
    key: String,
    past: Past,
}

/// What later tasks that find no model can use of `finished`: the published reply, unless that was a fallback answer
/// itself.
pub(crate) async fn memory(claimed: &ClaimedTask, finished: &Finished) -> Option<Memory> {
    let TaskOutput::Draft(_) = finished.output else { return None };
    let text = claimed.published.lock().await.take()?;
    // What was said among the staff is no answer for anybody else.
    if claimed.audience() != Audience::Public {
        return None;
    }
    let doc = &claimed.task.lock().await.doc;
    match doc.draft.as_ref()?.from {
        DraftOrigin::Model | DraftOrigin::Person => {}
        DraftOrigin::Fallback => return None,
    }
    let intent = doc.classification.clone().unwrap_or_else(unclassified).intent;
    let sketch = Sketch::of(&question(&claimed.event));
    let past = Past { task: claimed.id.to_string(), at: claimed.now(), text, sketch };
    Some(Memory { key: key(&doc.tenant, closed_channel(&claimed.event), &intent), past })
}

/// Keeps `memory`, once its task has ended: a failure costs nobody anything today.
pub(crate) async fn keep(resources: &Resources, memory: Memory) {
    let Memory { key, past } = memory;
    let (state, task_id, now) = (resources.stores.state.as_ref(), past.task.clone(), resources.clock.now());
    match tokio::time::timeout(STORE_TIMEOUT, answers::add(state, &key, past, now)).await {
        Ok(Ok(true)) => {}
        Ok(Ok(false)) => debug!(task_id, "the answer is not kept for later tasks"),
        Ok(Err(problem)) => warn!(task_id, %problem, "the answer is not kept for later tasks"),
        Err(_) => warn!(task_id, "the answer is not kept for later tasks: the store took too long"),
    }
}

/// The answers of a tenant; those of a closed place of it are nobody else's.
fn key(tenant: &str, closed: Option<&str>, intent: &str) -> String {
    let whose = closed.map_or(tenant.to_owned(), |place| format!("{tenant}\0{place}"));
    format!("replies:{}:{intent}", short_sha256(&whose))
}

/// What a question is compared by: all that a person would read of it.
fn question(event: &Event) -> String {
    let parts = [event.title.as_deref(), event.opening.as_deref(), Some(event.text.as_str())];
    visible(&parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

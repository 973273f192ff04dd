//! A task's question to the triage model: alone, or together with others of its invocation.

use std::sync::Arc;

use domain::{Lane, ModelCall, ModelFailure, ModelRole, OutputFormat, Task};
use serde::Deserialize;
use tracing::{debug, warn};

use super::answer::TriageAnswer;
use super::batch_prompt::{self, Share};
use super::batcher::{Arrival, Follower, Group, Member};
use super::question::{instructions, output, question};
use crate::resources::Resources;
use crate::task::claimed_task::ClaimedTask;
use crate::{Interrupt, Registry};

/// With whom `task` may share a question: bulk work of a trusted source that has not been sorted yet.
pub(crate) fn group(resources: &Resources, task: &Task) -> Option<Group> {
    let doc = &task.doc;
    let trusted = resources.settings.sources.get(&doc.source).is_some_and(|source| source.trusted);
    let bulk = doc.priority.lane() == Lane::Bulk;
    (trusted && bulk && doc.classification.is_none())
        .then(|| Group { source: doc.source.clone(), tenant: doc.tenant.clone() })
}

/// What the model makes of the event; `None` when its answer cannot be used.
pub(crate) async fn ask(
    registry: &Arc<Registry>,
    claimed: &ClaimedTask,
    member: Member,
) -> Result<Option<TriageAnswer>, Interrupt> {
    let call = call(registry, claimed).await?;
    claimed.can_keep(&call.step).await?;
    let share = match member.arrive(&call) {
        Arrival::Alone => None,
        Arrival::Leads(leader) => {
            let followers = leader.gather().await;
            if followers.is_empty() { None } else { ask_for_all(claimed, &call, followers).await }
        }
        // The leader is gone when its channel is: nothing is known of what it asked.
        Arrival::Follows(told) => told.await.ok(),
    };
    if let Some(Share { outcome, usage, exchanges }) = share {
        claimed.record_calls(&exchanges, &usage).await?;
        match outcome {
            Ok(Some(answer)) => {
                claimed.model_answered().await;
                return Ok(Some(answer));
            }
            Ok(None) => {
                debug!(task_id = %claimed.id, "the shared question gave no usable answer; the task asks alone")
            }
            Err(error) => return Err(Interrupt::from_model(&error)),
        }
    }
    ask_alone(claimed, &call).await
}

/// Asks the questions of all, and sends each of `followers` its share. If it is dropped half-way, they ask
/// alone.
async fn ask_for_all(claimed: &ClaimedTask, call: &ModelCall, followers: Vec<Follower>) -> Option<Share> {
    let others: Vec<&ModelCall> = followers.iter().map(|follower| &follower.call).collect();
    let together = batch_prompt::call(call, &others);
    let answer = claimed.resources.model.generate(&together).await;
    let check = match &call.output {
        OutputFormat::Json { check, .. } => Some(check),
        OutputFormat::Text => None,
    };
    let mut shares = batch_prompt::shares(answer, followers.len() + 1, check).into_iter();
    let own = shares.next();
    for (follower, share) in followers.into_iter().zip(shares) {
        // Who does not listen any more has been dropped.
        let _gone = follower.tell.send(share);
    }
    own
}

async fn ask_alone(claimed: &ClaimedTask, call: &ModelCall) -> Result<Option<TriageAnswer>, Interrupt> {
    match claimed.resources.model.generate(call).await {
        Ok(answer) => {
            claimed.model_answered().await;
            claimed.record_calls(&answer.exchanges, &answer.usage).await?;
            Ok(answer.value.and_then(|value| TriageAnswer::deserialize(value).ok()))
        }
        Err(error) => {
            claimed.record_calls(&error.exchanges, &error.usage).await?;
            if error.failure == ModelFailure::Unusable {
                warn!(task_id = %claimed.id, problem = error.message, "triage gave no usable answer; the default automation takes the task");
                return Ok(None);
            }
            Err(Interrupt::from_model(&error))
        }
    }
}

async fn call(registry: &Arc<Registry>, claimed: &ClaimedTask) -> Result<ModelCall, Interrupt> {
    let before = claimed.carried().await?;
    let task = claimed.task.lock().await;
    let intents = claimed.resources.intents_for(&task.doc.source, &claimed.event);
    Ok(ModelCall {
        task_id: claimed.id.clone(),
        step: "triage".to_owned(),
        role: ModelRole::Triage,
        tenant: task.doc.tenant.clone(),
        thread: task.doc.thread.clone(),
        priority: task.doc.priority,
        system: instructions(&intents),
        documents: Vec::new(),
        turns: vec![question(&claimed.event, before)],
        output: output(intents, registry),
        slot: None,
        waiting_since: None,
        deadline: claimed.answer_by(),
    })
}

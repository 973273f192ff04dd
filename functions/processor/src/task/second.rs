//! `[shadow]`: a second agent works on a share of the events, after the first has done with them.
//!
//! It goes the way of every task, triage and automation and gate, on a task of its own that exists in memory alone and
//! is in shadow: nothing is published, labelled, called or asked. What it drafted is kept as a part of the first
//! agent's task. It sees the thread as the first one saw it, so that no published answer is in it. It never waits: if
//! the model has no room for it at the lowest priority, or its budget is used up, then this is kept in place of a
//! draft.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Blob, Clock, FIRST_LOOK, Jitter, Lease, NewTask, PartKey, Priority, PutNew, SPAM, Served, ShadowDraft,
    ShadowFigures, StatsRecorder, StoreError, Stores, Task, TaskId, TaskOutput, TaskStatus, Timestamp, after,
    between,
};
use futures::FutureExt;
use futures::future::{Either, select};
use telemetry::Metrics;
use tracing::{info, warn};
use wiring::Services;

use crate::compose::shard;
use crate::queue::shadows::Needed;
use crate::reply::sightings::Sightings;
use crate::resources::Resources;
use crate::second_agent::SecondAgent;
use crate::task::claimed_task::ClaimedTask;
use crate::task::first::First;
use crate::task::refusals::Refusals;
use crate::task::scratch;
use crate::task::work::automate;
use crate::triage::batcher::Member;
use crate::version_documents::KeptDocuments;
use crate::{Finished, Interrupt};

/// Time that must be left of an invocation for the second agent to begin, and that it leaves at the end.
const MIN_LEFT: Duration = Duration::from_secs(30);
const LEAVES: Duration = Duration::from_secs(10);
/// The most that it takes: so long may an invocation last for its sake.
const MAX_TIME: Duration = Duration::from_secs(90);
/// Why there is no draft: its time was over, or it panicked.
const NOT_IN_TIME: &str = "it did not come to an end in time";
/// Why there is no draft: others were waiting for the capacity.
const GAVE_WAY: &str = "it gave way to live work that waited";
/// Parts that events are spread over to choose a share of them.
const PARTS: u32 = 10_000;

impl SecondAgent {
    /// Works on what `first` has done, if it is of the share, and keeps the draft. Whatever goes wrong costs no more
    /// than the draft. It gives up once its capacity is `needed`.
    pub(crate) async fn beside(&self, first: First, deadline: Timestamp, needed: Needed) {
        let (claimed, resources) = (&first.claimed, &first.claimed.resources);
        let now = resources.clock.now();
        let until = deadline.checked_sub(LEAVES).unwrap_or(now).min(after(now, MAX_TIME));
        if !self.is_chosen(&claimed.id) || between(now, until) < MIN_LEFT {
            return;
        }
        if let Err(problem) = self.draft(&first, until, needed).await {
            warn!(task_id = %claimed.id, %problem, "the second agent's draft is not kept");
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small number")]
    fn is_chosen(&self, id: &TaskId) -> bool {
        id.shard(PARTS) < (self.share * f64::from(PARTS)).round() as u32
    }

    async fn draft(&self, first: &First, until: Timestamp, needed: Needed) -> Result<(), StoreError> {
        let (claimed, resources) = (&first.claimed, &first.claimed.resources);
        let (payloads, part) = (&resources.stores.payloads, PartKey::shadow_draft());
        // A task runs again when a person has decided; one draft is enough.
        if payloads.get(&claimed.id, &part).await?.is_some() {
            return Ok(());
        }
        let started = resources.clock.now();
        let second = Arc::new(self.resources(resources));
        let own = self.claimed(&second, first, until).await;
        let work = AssertUnwindSafe(automate(&self.registry, &own, Member::alone())).catch_unwind();
        let work = tokio::time::timeout(between(started, until), work.boxed());
        let outcome = match select(pin!(work), needed).await {
            Either::Left((Ok(Ok(outcome)), _)) => Ok(outcome),
            Either::Left(_) => Err(NOT_IN_TIME),
            Either::Right(_) => Err(GAVE_WAY),
        };
        let draft = self.seen(&own, outcome, resources.clock.now()).await;
        let (intent, parked_because, forget_at) = {
            let task = claimed.task.lock().await;
            let intent = task.doc.classification.as_ref().map(|known| known.intent.clone());
            let parked_because = task.doc.draft.as_ref().and_then(|draft| draft.parked_because.clone());
            (intent.filter(|_| !first.spam), parked_because, task.parts_forgotten_at())
        };
        let figures = ShadowFigures::of(&draft, intent.as_deref(), parked_because.as_deref());
        let blob = Blob::of_json("keep a second draft", &draft)?;
        if payloads.put_new(&claimed.id, &part, &blob, forget_at).await? == PutNew::Exists {
            // Another run of the task was first, and is counted.
            return Ok(());
        }
        info!(
            task_id = %claimed.id, version = draft.version, intent = draft.intent, cost_usd = draft.cost_usd,
            failed = draft.failed, "the second agent has drafted an answer"
        );
        own.count_spent().await;
        second.stats.shadowed(&figures);
        second.stats.write(resources.clock.now()).await
    }

    /// What the second agent draws on: the services and the state of the first, and stores of its own.
    fn resources(&self, first: &Resources) -> Resources {
        let stores = Stores {
            tasks: Arc::new(scratch::Tasks),
            payloads: Arc::new(scratch::Payloads::default()),
            state: Arc::clone(&first.stores.state),
            queue: Arc::clone(&first.stores.queue),
        };
        let stats = StatsRecorder::new(Arc::clone(&first.stores.state), shard(&first.jitter));
        Resources {
            stores,
            model: Arc::clone(&self.model),
            services: Services::clone(&first.services),
            settings: Arc::clone(&self.settings),
            version: self.version.clone(),
            clock: Clock::clone(&first.clock),
            jitter: Jitter::clone(&first.jitter),
            metrics: Metrics::none(),
            stats: stats.of_version(self.version.clone()),
            stalls: Arc::default(),
            refusals: Refusals::default(),
            sightings: Sightings::default(),
            kept_documents: KeptDocuments::default(),
        }
    }

    /// The event of `first` as a task of its own, with the thread as the first agent saw it.
    async fn claimed(&self, resources: &Arc<Resources>, first: &First, until: Timestamp) -> Arc<ClaimedTask> {
        let doc = first.claimed.task.lock().await.doc.clone();
        let now = resources.clock.now();
        let new = NewTask { priority: Priority::LOWEST, ..doc.as_new() };
        let id = TaskId::derive("shadow", first.claimed.id.as_str().as_bytes());
        let mut task = Task::received(id, new, now, after(now, FIRST_LOOK));
        task.control.status = TaskStatus::Processing;
        task.control.lease = Some(Lease { owner: SHADOW.to_owned(), until: after(until, LEAVES) });
        let mut claimed = ClaimedTask::new(Arc::clone(resources), task, first.claimed.event.clone(), until);
        // Whatever its agent.toml says.
        claimed.shadow = true;
        claimed.sees_as(&first.claimed);
        Arc::new(claimed)
    }

    /// What came out, or why nothing did.
    async fn seen(
        &self,
        own: &ClaimedTask,
        outcome: Result<Result<Finished, Interrupt>, &'static str>,
        at: Timestamp,
    ) -> ShadowDraft {
        let (text, failed, spam) = match outcome {
            Ok(Ok(finished)) => (Some(finished.output), None, false),
            Ok(Err(Interrupt::Shadow(finished))) => (Some(finished.output), None, false),
            Ok(Err(Interrupt::Ignore(reason))) if reason == SPAM => (None, None, true),
            Ok(Err(Interrupt::Ignore(reason))) => (None, Some(reason), false),
            Ok(Err(Interrupt::Fail(error))) => (None, Some(error.message), false),
            Ok(Err(Interrupt::Defer(deferred) | Interrupt::ModelUnavailable(deferred))) => {
                let why = format!("the second agent was deferred and is not run again: {}", deferred.why);
                (None, Some(why), false)
            }
            Ok(Err(Interrupt::Store(problem))) => (None, Some(problem.to_string()), false),
            Ok(Err(Interrupt::Park | Interrupt::Lost)) => (None, Some(NOT_IN_TIME.to_owned()), false),
            Err(why) => (None, Some(why.to_owned()), false),
        };
        let task = own.task.lock().await.clone();
        let text = match text {
            Some(TaskOutput::Draft(hash)) => own.draft_text(&hash).await.unwrap_or_default(),
            Some(TaskOutput::Text(text)) => text,
            None => String::new(),
        };
        let (payloads, models) = (&*own.resources.stores.payloads, &self.settings.models);
        let served = Served::read(payloads, &own.id, (&models.triage, &models.answer)).await;
        let served = served.unwrap_or_else(|problem| {
            warn!(task_id = %own.id, %problem, "the models that served the second agent could not be read");
            Vec::new()
        });
        let known = task.doc.classification.as_ref();
        ShadowDraft {
            version: self.version.id.clone(),
            intent: if spam { Some(SPAM.to_owned()) } else { known.map(|known| known.intent.clone()) },
            confidence: known.map(|known| known.confidence),
            text,
            parked_because: task.doc.draft.as_ref().and_then(|draft| draft.parked_because.clone()),
            served,
            failed,
            tokens_used: task.tokens_used(),
            cost_usd: task.cost_usd(),
            at,
        }
    }
}

/// Who holds the lease of the task in memory.
const SHADOW: &str = "shadow";

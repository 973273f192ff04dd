//! The sweeper as a Lambda function, called by a schedule.

use std::sync::Arc;
use std::time::Duration;

use domain::{Jitter, StatsRecorder, TaskId, Timestamp, after, between};
use futures::FutureExt;
use gemini::{Gemini, Signal, Signals};
use lambda::{BootError, Booted, SecretReader};
use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use settings::{Settings, SourceSettings};
use tracing::{Instrument, error, error_span, warn};
use wiring::OutsideService;

use crate::{AnswerReactions, MissedDeliveries, ModelWatch, Notices, Report, Sweeper};

/// Kept free at the end of an invocation for what is under way.
const LAST_TASKS: Duration = Duration::from_secs(10);

/// One execution environment.
pub struct Function {
    sweeper: Sweeper,
    notices: Notices,
    missed: MissedDeliveries,
    reactions: AnswerReactions,
    models: ModelWatch,
    jitter: Jitter,
    settings: Settings,
    secrets: SecretReader,
}

impl Function {
    /// Starts the execution environment.
    ///
    /// # Errors
    /// [`BootError`].
    pub async fn start() -> Result<Self, BootError> {
        let booted = lambda::boot(None).await?;
        let secrets = booted.act_secrets();
        let Booted { settings, stores, clock, jitter, metrics, .. } = booted;
        let stats = StatsRecorder::new(Arc::clone(&stores.state), 0);
        let missed = MissedDeliveries { state: Arc::clone(&stores.state), clock: clock.clone(), stats };
        let models = ModelWatch {
            state: Arc::clone(&stores.state),
            clock: clock.clone(),
            metrics: metrics.clone(),
            models: prices::model_items(&settings.models.in_use(), &settings.models.endpoints),
        };
        let notices = Notices { stores: stores.clone(), clock: clock.clone(), jitter: jitter.clone() };
        let reactions = AnswerReactions { stores: stores.clone(), clock: clock.clone() };
        let sweeper = Sweeper { stores, clock, metrics };
        Ok(Self { sweeper, notices, missed, reactions, models, jitter, settings, secrets })
    }

    /// One sweep; what the event says does not matter.
    ///
    /// # Errors
    /// When the stores do not even say what is due; the next minute tries again.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Report, Error> {
        let end = i64::try_from(event.context.deadline).ok();
        let end = end.and_then(|end| Timestamp::from_millisecond(end).ok());
        let deadline = end.and_then(|end| end.checked_sub(LAST_TASKS).ok());
        let deadline = deadline.unwrap_or_else(|| after(self.sweeper.clock.now(), LAST_TASKS));
        let context = &event.context;
        let trace_id = context.xray_trace_id.as_deref();
        let span = error_span!("invocation", function = "sweeper", request_id = context.request_id, trace_id);
        self.sweep(deadline).boxed().instrument(span).await
    }

    async fn sweep(&self, deadline: Timestamp) -> Result<Report, Error> {
        // No step is kept from its turn by what another meets, nor by how much another has to do: half of the time is
        // for tasks, a quarter for the walk over all of them.
        let now = self.sweeper.clock.now();
        let (tasks_until, walk_until) = (share(now, deadline, 2), share(now, deadline, 3));
        let mut swept = Box::pin(self.sweeper.sweep(tasks_until)).await;
        let counted = Box::pin(self.sweeper.count(&swept, walk_until)).await;
        Box::pin(self.deliver_notices(std::mem::take(&mut swept.asked_about), deadline)).await;
        for source in self.settings.sources.values() {
            if let Err(problem) = Box::pin(self.ask_service(source, deadline)).await {
                let source = &source.name;
                warn!(source, %problem, "deliveries and reactions could not be looked at; the next look tries again");
            }
        }
        if let Err(problem) = Box::pin(self.watch_models()).await {
            warn!(%problem, "the models could not be looked at; the next sweep tries again");
        }
        let report = swept.whole()?.report;
        Ok(counted.map(|()| report)?)
    }

    /// Says which breakers are open; and parks models that the service has no more, once an hour for the fleet.
    async fn watch_models(&self) -> Result<(), Error> {
        self.models.count().await?;
        if !self.models.is_due().await? {
            return Ok(());
        }
        let environment = self.secrets.environment().await?;
        if !wiring::model::is_configured(&self.settings, &environment) {
            return Ok(());
        }
        let metrics = self.sweeper.metrics.clone();
        let signals = Signals::to(move |signal| {
            if let Signal::Parked { model, is_for_money } = signal {
                metrics.model_refused(model, is_for_money);
            }
        });
        let (config, state) =
            (wiring::model::config(&self.settings, &environment), Arc::clone(&self.models.state));
        let gemini = Gemini::new(config, state, signals, self.sweeper.clock.clone(), self.jitter.clone())?;
        gemini.park_missing().await?;
        Ok(())
    }

    /// Has sent again what the sender of `source` could not deliver, and reads what people think of the answers there.
    async fn ask_service(&self, source: &SourceSettings, deadline: Timestamp) -> Result<(), Error> {
        let name = &source.name;
        let service = OutsideService::of_threads(source.sender.provider);
        let Some(service) = service.filter(|service| service.redelivers() || service.has_reactions()) else {
            return Ok(());
        };
        let redeliver = service.redelivers() && self.missed.is_due(name).await?;
        let look = service.has_reactions() && self.reactions.is_due(name).await?;
        if !redeliver && !look {
            return Ok(());
        }
        let environment = self.secrets.environment().await?;
        let clock = self.sweeper.clock.clone();
        let client = service.client(&self.settings, &environment, clock)?;
        let Some(publisher) = client.as_ref().and_then(|client| client.publisher()) else { return Ok(()) };
        let sent = match publisher.redeliveries().filter(|_| redeliver) {
            Some(redeliveries) => self.missed.send_again(redeliveries, name, &source.hooks, deadline).await,
            None => Ok(0),
        };
        // Neither is kept from its turn by what the other meets.
        let read = match publisher.reactions().filter(|_| look) {
            Some(reactions) => self.reactions.read(reactions, name, deadline).await,
            None => Ok(0),
        };
        Ok(sent.and(read).map(drop)?)
    }

    /// This comes after the tasks: a Slack that is down keeps none of them waiting.
    async fn deliver_notices(&self, due: Vec<TaskId>, deadline: Timestamp) {
        if self.settings.approvals.slack.is_none() || due.is_empty() {
            return;
        }
        let environment = match self.secrets.environment().await {
            Ok(environment) => environment,
            Err(problem) => {
                return warn!(%problem, "messages about drafts are not delivered; the next sweep tries again");
            }
        };
        match wiring::approver(&self.settings, &environment, self.sweeper.clock.clone()) {
            Ok(Some(approver)) => {
                self.notices.deliver_notices(approver.as_ref(), due, deadline).await;
            }
            Ok(None) => {}
            Err(problem) => error!(%problem, "nobody can be asked about drafts in Slack"),
        }
    }
}

/// When so many quarters of the time from `now` to `deadline` are over.
fn share(now: Timestamp, deadline: Timestamp, quarters: u32) -> Timestamp {
    after(now, between(now, deadline) / 4 * quarters)
}

//! The processor as a Lambda function.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Deferral, Jitter, Model, ModelAnswer, ModelCall, ModelError, ModelFailure, Timestamp, after};
use futures::FutureExt;
use lambda::{BootError, Booted, MadeOf, SecretReader, SecretsUnreadable};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use settings::{Environment, Mistakes, Settings};
use tracing::{Instrument, error, error_span, warn};
use wiring::services;

use crate::queue::not_ready::{Back, back};
use crate::{ComposeError, Parts, Processor, SqsBatchResponse, SqsEvent, gemini, registry, shadow_model};

/// Works on batches for as long as Lambda has any: the whole of the program.
///
/// # Errors
/// The execution environment cannot start, or Lambda's runtime does not answer.
pub async fn main() -> Result<(), Error> {
    let work = async {
        let function = Function::start().await?;
        lambda_runtime::run(service_fn(|event| function.handle(event))).await
    };
    Box::pin(lambda::program("processor", work)).await
}

/// One execution environment.
pub struct Function {
    booted: Booted<Result<Settings, Mistakes>>,
    secrets: SecretReader,
    /// No model could be had since the secrets were read: others may be there.
    no_model: Arc<AtomicBool>,
    processor: MadeOf<Processor>,
}

/// A model that notes when there is none to be had: a refusal of the account is among the reasons.
struct Watched {
    model: Arc<dyn Model>,
    none: Arc<AtomicBool>,
}

#[async_trait]
impl Model for Watched {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let answer = self.model.generate(call).await;
        let is_none = answer.as_ref().is_err_and(|error| {
            matches!(error.failure, ModelFailure::Defer { why: Deferral::Unavailable, .. })
        });
        self.none.fetch_or(is_none, Ordering::Relaxed);
        answer
    }

    async fn write_left(&self, patience: Duration) {
        self.model.write_left(patience).await;
    }
}

/// Why there is no processor to work with.
#[derive(Debug, thiserror::Error)]
enum NotReady {
    /// Also of another version of the code than the layer's agent.toml was written for.
    #[error("agent.toml or the environment cannot be used: {0}")]
    Settings(Mistakes),
    #[error(transparent)]
    Secrets(#[from] SecretsUnreadable),
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error(
        "GEMINI_API_KEY is not set: put it into the secret that ACT_SECRET_ID names, or name a project on Vertex AI in agent.toml"
    )]
    NoModel,
}

impl NotReady {
    /// For the metric: few words, each a metric of its own.
    fn reason(&self) -> &'static str {
        match self {
            Self::Secrets(_) => "secrets",
            Self::Settings(_) | Self::Compose(_) => "configuration",
            Self::NoModel => "no_model_key",
        }
    }
}

impl Function {
    /// Starts the execution environment.
    ///
    /// # Errors
    /// [`BootError`]. An unusable agent.toml or variable is not a BootError: the batches are given back, so that no
    /// message reaches the dead letters.
    pub async fn start() -> Result<Self, BootError> {
        let registry = registry();
        let automations: Vec<&str> = registry.names().collect();
        let booted = lambda::boot_anyway(Some(&automations)).await?;
        let secrets = booted.act_secrets();
        Ok(Self { booted, secrets, no_model: Arc::default(), processor: MadeOf::default() })
    }

    /// Works on one batch. Never fails as a whole: that would bring the batch back only after the
    /// queue's own, much longer visibility time-out.
    ///
    /// # Errors
    /// None; the type is Lambda's.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let deadline = deadline(&event, self.booted.clock.now());
        let context = &event.context;
        let trace_id = context.xray_trace_id.as_deref();
        let span =
            error_span!("invocation", function = "processor", request_id = context.request_id, trace_id);
        Ok(self.batch(event.payload, deadline).boxed().instrument(span).await)
    }

    async fn batch(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        match self.processor().await {
            Ok(processor) => {
                let lane_of = |arn: &str| self.booted.lanes.of(arn);
                let _watch = processor.watch_for_stalls();
                processor.handle_batch(event, lane_of, deadline).await
            }
            Err(problem) => {
                error!(%problem, reason = problem.reason(), "the processor is not ready; the batch comes back later");
                self.booted.metrics.not_ready(problem.reason());
                self.booted.metrics.failed("processor");
                self.give_back(event).await
            }
        }
    }

    async fn processor(&self) -> Result<Arc<Processor>, NotReady> {
        let settings =
            self.booted.settings.as_ref().map_err(|mistakes| NotReady::Settings(mistakes.clone()))?;
        let newer = if self.no_model.swap(false, Ordering::Relaxed) {
            self.secrets.after_failure().await.ok()
        } else {
            None
        };
        let environment = match newer {
            Some(environment) => environment,
            None => self.secrets.environment().await?,
        };
        self.processor.get(&environment, |environment| self.make(settings, environment))
    }

    /// Deployed, nothing silently takes the place of a missing credential.
    fn make(&self, settings: &Settings, environment: &Environment) -> Result<Processor, NotReady> {
        let Booted { stores, clock, jitter, metrics, .. } = &self.booted;
        if !wiring::model::is_configured(settings, environment) {
            return Err(NotReady::NoModel);
        }
        let state = Arc::clone(&stores.state);
        let model =
            gemini(settings, environment, state, clock.clone(), Jitter::clone(jitter), metrics.clone())?;
        let model = Arc::new(Watched { model, none: Arc::clone(&self.no_model) });
        let state = Arc::clone(&stores.state);
        let second = shadow_model(
            settings,
            environment,
            state,
            clock.clone(),
            Jitter::clone(jitter),
            metrics.clone(),
        )?;
        let parts = Parts {
            stores: stores.clone(),
            model,
            services: services(settings, environment, clock).map_err(ComposeError::from)?,
            clock: clock.clone(),
            jitter: jitter.clone(),
            metrics: metrics.clone(),
        };
        let approver = wiring::approver(settings, environment, clock.clone()).map_err(ComposeError::from)?;
        Ok(Processor::new(settings, registry(), parts)?.with_approver(approver).with_shadow(second)?)
    }

    async fn give_back(&self, event: SqsEvent) -> SqsBatchResponse {
        let now = self.booted.clock.now();
        let mut response = SqsBatchResponse::default();
        for record in event.records {
            let lane = record.event_source_arn.as_deref().and_then(|arn| self.booted.lanes.of(arn));
            let Some(delivery) = record.delivery(lane, now) else { continue };
            let Back::In(delay) = back(&delivery) else {
                warn!(
                    message_id = delivery.message_id,
                    "the message was deleted without work on its task; the sweeper sends a new one"
                );
                continue;
            };
            if let Err(problem) = self.booted.stores.queue.set_visibility(&delivery.receipt, delay).await {
                error!(message_id = delivery.message_id, %problem, "the message comes back later than it should");
            }
            response.give_back(delivery.message_id);
        }
        response
    }
}

/// When Lambda ends the invocation.
fn deadline(event: &LambdaEvent<SqsEvent>, now: Timestamp) -> Timestamp {
    let end = event.context.deadline;
    let end = i64::try_from(end).ok().and_then(|end| Timestamp::from_millisecond(end).ok());
    end.unwrap_or_else(|| after(now, Duration::from_secs(30)))
}

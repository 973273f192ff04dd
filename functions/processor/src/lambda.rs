//! The processor as a Lambda function.

use std::sync::Arc;
use std::time::Duration;

use domain::{Jitter, Timestamp, after};
use futures::FutureExt;
use lambda::{BootError, Booted, SecretReader, SecretsUnreadable};
use lambda_runtime::{Error, LambdaEvent};
use secrecy::{ExposeSecret, SecretString};
use settings::{Environment, GithubCredentials, JiraAccess, ZendeskAccess, ZendeskCredentials};
use tokio::sync::Mutex;
use tracing::{Instrument, error, info_span, warn};
use webhook::{Provider, Secrets};

use crate::queue::not_ready::{Back, back};
use crate::{ComposeError, Parts, Processor, SqsBatchResponse, SqsEvent, gemini, registry, services};

/// One execution environment.
pub struct Function {
    booted: Booted,
    secrets: SecretReader,
    /// The processor in use, and the credentials that it was made with.
    current: Mutex<Option<(Credentials, Arc<Processor>)>>,
}

/// What a change of which makes another processor necessary.
#[derive(PartialEq, Eq)]
struct Credentials(Vec<Option<String>>);

impl Credentials {
    fn of(environment: &Environment) -> Self {
        let secret = |secret: &Option<SecretString>| secret.as_ref().map(|it| it.expose_secret().to_owned());
        Self(vec![
            secret(&environment.gemini_api_key),
            environment.gemini_base_url.clone(),
            environment.github.as_ref().map(github),
            environment.github_api_url.clone(),
            secret(&environment.slack_bot_token),
            environment.slack_api_url.clone(),
            environment.zendesk.as_ref().map(zendesk),
            environment.jira.as_ref().map(jira),
            secret(&environment.stripe_api_key),
            environment.stripe_api_url.clone(),
            Some(environment.automations.iter().map(header).collect()),
            environment.secrets_for(Provider::Api.name()).map(signing),
        ])
    }
}

fn github(credentials: &GithubCredentials) -> String {
    match credentials {
        GithubCredentials::Token(token) => token.expose_secret().to_owned(),
        GithubCredentials::App { id, private_key } => format!("{id} {}", private_key.expose_secret()),
    }
}

fn header((name, value): (&String, &SecretString)) -> String {
    format!("{name} {}\n", value.expose_secret())
}

fn signing(secrets: &Secrets) -> String {
    secrets.0.iter().map(|secret| format!("{}\n", secret.expose_secret())).collect()
}

fn zendesk(access: &ZendeskAccess) -> String {
    match &access.credentials {
        ZendeskCredentials::ApiToken { email, token } => {
            format!("{} {email} {}", access.url, token.expose_secret())
        }
        ZendeskCredentials::Oauth(token) => format!("{} {}", access.url, token.expose_secret()),
    }
}

fn jira(access: &JiraAccess) -> String {
    format!("{} {} {}", access.url, access.email, access.token.expose_secret())
}

/// Why there is no processor to work with.
#[derive(Debug, thiserror::Error)]
enum NotReady {
    #[error(transparent)]
    Secrets(#[from] SecretsUnreadable),
    #[error(transparent)]
    Compose(#[from] ComposeError),
    #[error("GEMINI_API_KEY is not set: put it into the secret that ACT_SECRET_ID names")]
    NoModel,
}

impl NotReady {
    /// For the metric: few words, each a metric of its own.
    fn reason(&self) -> &'static str {
        match self {
            Self::Secrets(_) => "secrets",
            Self::Compose(_) => "configuration",
            Self::NoModel => "no_model_key",
        }
    }
}

impl Function {
    /// Starts the execution environment.
    ///
    /// # Errors
    /// [`BootError`].
    pub async fn start() -> Result<Self, BootError> {
        let registry = registry();
        let automations: Vec<&str> = registry.names().collect();
        let booted = lambda::boot(Some(&automations)).await?;
        let secrets = booted.act_secrets();
        Ok(Self { booted, secrets, current: Mutex::new(None) })
    }

    /// Works on one batch. Never fails as a whole: that would bring the batch back only after the
    /// queue's own, much longer visibility time-out.
    ///
    /// # Errors
    /// None; the type is Lambda's.
    pub async fn handle(&self, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
        let deadline = deadline(&event);
        let context = &event.context;
        let trace_id = context.xray_trace_id.as_deref();
        let span =
            info_span!("invocation", function = "processor", request_id = context.request_id, trace_id);
        Ok(self.batch(event.payload, deadline).boxed().instrument(span).await)
    }

    async fn batch(&self, event: SqsEvent, deadline: Timestamp) -> SqsBatchResponse {
        match self.processor().await {
            Ok(processor) => {
                let lane_of = |arn: &str| self.booted.lanes.of(arn);
                processor.handle_batch(event, lane_of, deadline).await
            }
            Err(problem) => {
                error!(%problem, reason = problem.reason(), "not ready; the batch comes back later");
                self.booted.metrics.not_ready(problem.reason());
                self.give_back(event).await
            }
        }
    }

    async fn processor(&self) -> Result<Arc<Processor>, NotReady> {
        let environment = self.secrets.environment().await?;
        let credentials = Credentials::of(&environment);
        let mut current = self.current.lock().await;
        if let Some((known, processor)) = &*current
            && *known == credentials
        {
            return Ok(Arc::clone(processor));
        }
        let processor = Arc::new(self.make(&environment)?);
        *current = Some((credentials, Arc::clone(&processor)));
        Ok(processor)
    }

    /// Deployed, nothing silently takes the place of a missing credential.
    fn make(&self, environment: &Environment) -> Result<Processor, NotReady> {
        if !wiring::model::is_configured(environment) {
            return Err(NotReady::NoModel);
        }
        let Booted { settings, stores, clock, jitter, metrics, .. } = &self.booted;
        let state = Arc::clone(&stores.state);
        let model =
            gemini(settings, environment, state, clock.clone(), Jitter::clone(jitter), metrics.clone())?;
        let parts = Parts {
            stores: stores.clone(),
            model,
            services: services(settings, environment, clock).map_err(ComposeError::from)?,
            clock: clock.clone(),
            jitter: jitter.clone(),
            metrics: metrics.clone(),
        };
        let approver = wiring::approver(settings, environment, clock.clone()).map_err(ComposeError::from)?;
        Ok(Processor::new(settings, registry(), parts)?.with_approver(approver))
    }

    async fn give_back(&self, event: SqsEvent) -> SqsBatchResponse {
        let now = self.booted.clock.now();
        let mut response = SqsBatchResponse::default();
        for record in event.records {
            let lane = record.event_source_arn.as_deref().and_then(|arn| self.booted.lanes.of(arn));
            let Some(delivery) = record.delivery(lane, now) else { continue };
            let Back::In(delay) = back(&delivery) else {
                warn!(message_id = delivery.message_id, "message let go; the sweeper sends another one");
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
fn deadline(event: &LambdaEvent<SqsEvent>) -> Timestamp {
    let end = event.context.deadline;
    let end = i64::try_from(end).ok().and_then(|end| Timestamp::from_millisecond(end).ok());
    end.unwrap_or_else(|| after(Timestamp::now(), Duration::from_secs(30)))
}

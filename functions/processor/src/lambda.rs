//! The processor as a Lambda function.

use std::sync::Arc;
use std::time::Duration;

use domain::{Jitter, Timestamp, after};
use futures::FutureExt;
use lambda::{BootError, Booted, SecretReader, SecretsUnreadable};
use lambda_runtime::{Error, LambdaEvent};
use secrecy::{ExposeSecret, SecretString};
use settings::{Environment, GithubCredentials, JiraAccess, ZendeskAccess, ZendeskCredentials};
use telemetry::Unit;
use tokio::sync::Mutex;
use tracing::{Instrument, error, info_span};
use webhook::{Provider, Secrets};

use crate::{ComposeError, Parts, Processor, SqsBatchResponse, SqsEvent, gemini, registry, services};

/// How soon a message comes back the first time that no processor can be made; each further time it is twice as
/// long, up to [`MAX_NOT_READY`]. Twenty receives, after which a queue gives a message up, take longer than a week.
const NOT_READY: Duration = Duration::from_secs(600);
/// SQS hides a message for 12 hours at most.
const MAX_NOT_READY: Duration = Duration::from_secs(42_600);

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
        let span = info_span!("invocation", function = "processor", request_id = event.context.request_id);
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
                error!(%problem, "there is no processor; the batch comes back later");
                self.booted.metrics.emit(&[("NotReady", Unit::Count, 1.0)], &[]);
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
            let delayed = self
                .booted
                .stores
                .queue
                .set_visibility(&delivery.receipt, not_ready(delivery.receive_count))
                .await;
            if let Err(problem) = delayed {
                error!(message_id = delivery.message_id, %problem, "the message comes back later than it should");
            }
            response.give_back(delivery.message_id);
        }
        response
    }
}

/// How long a message waits that was received `count` times while no processor could be made: healthy messages do
/// not end as dead letters because a credential is missing.
fn not_ready(count: u32) -> Duration {
    NOT_READY.saturating_mul(2_u32.saturating_pow(count.saturating_sub(1))).min(MAX_NOT_READY)
}

/// When Lambda ends the invocation.
fn deadline(event: &LambdaEvent<SqsEvent>) -> Timestamp {
    let end = event.context.deadline;
    let end = i64::try_from(end).ok().and_then(|end| Timestamp::from_millisecond(end).ok());
    end.unwrap_or_else(|| after(Timestamp::now(), Duration::from_secs(30)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_credential_makes_no_dead_letters_for_a_week() {
        assert_eq!(not_ready(1), Duration::from_secs(600));
        assert_eq!(not_ready(2), Duration::from_secs(1_200));
        let until_dead: Duration = (1..=20).map(not_ready).sum();
        assert!(until_dead > Duration::from_secs(7 * 86_400), "{until_dead:?}");
        assert_eq!(not_ready(u32::MAX), MAX_NOT_READY);
    }
}

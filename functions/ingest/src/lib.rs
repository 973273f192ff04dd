//! Takes webhooks in: verify, store, enqueue, answer, in milliseconds; the thinking comes later.
//!
//! The promise that everything else rests on is made here: a `202` is sent only when the task, its
//! raw body and a message on its lane are all stored. Until then the sender hears `503` or nothing
//! and may try again; what a try that died half-way has left behind is completed by the next one.
//!
//! | file | does |
//! |-|-|
//! | `route` | HTTP: reads the request, writes the log line |
//! | `accept` | one webhook's way from its signature to its lane |
//! | `interaction` | a click in Slack, from its payload to the decision |
//! | `deliveries` | the line of a webhook that becomes no task of its own |
//! | `answer` | the one match from outcome or refusal to status and body |
//! | `secrets` | the live signing secrets, fixed or kept elsewhere |
//!
//! This crate links no model client: thinking is none of its business, and it starts cold in a few
//! milliseconds because of it.

mod accept;
mod answer;
#[cfg(feature = "lambda")]
mod compose;
mod deliveries;
mod headers;
mod interaction;
mod log;
mod meter;
mod outcome;
mod route;
mod secrets;
mod source;

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Clock, Stores};
use http::StatusCode;
use settings::{Settings, SourceSettings};
use telemetry::Metrics;
use webhook::Provider;

#[cfg(feature = "lambda")]
pub use compose::compose;
pub use route::{MAX_BODY_BYTES, router};
pub use secrets::{ReadSecrets, SecretMap, SecretsSource, Unreadable, Want, signing_secrets};

use deliveries::Deliveries;
use interaction::Approvers;
use source::Source;

/// Everything that taking a webhook in needs.
pub struct Ingest {
    stores: Stores,
    sources: BTreeMap<String, Source>,
    secrets: SecretsSource,
    clock: Clock,
    metrics: Metrics,
    store_timeout: Duration,
    approvers: Option<Approvers>,
    deliveries: Deliveries,
}

/// A webhook is answered within this time, whatever hangs behind us: GitHub and GitLab hang up after
/// 10 s, and a sender that hangs up learns nothing.
const STORE_TIMEOUT: Duration = Duration::from_secs(8);

impl Ingest {
    /// An ingest for `sources`, whose signatures are checked against `secrets`.
    pub fn new<'s>(
        stores: Stores,
        sources: impl IntoIterator<Item = &'s SourceSettings>,
        secrets: SecretsSource,
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        let sources = sources.into_iter().map(|source| (source.name.clone(), Source::new(source))).collect();
        let (store_timeout, approvers, deliveries) = (STORE_TIMEOUT, None, Deliveries::default());
        Self { stores, sources, secrets, clock, metrics, store_timeout, approvers, deliveries }
    }

    /// The same, answering within `store_timeout` instead of 8 s: for senders that wait less.
    #[must_use]
    pub fn with_store_timeout(self, store_timeout: Duration) -> Self {
        Self { store_timeout, ..self }
    }

    /// The same, which bounds the age of events where agent.toml does not and the sender signs no time: for what
    /// strangers can reach. A laptop, `sam local` and tests play recordings of any age.
    #[must_use]
    pub fn with_usual_event_ages(mut self) -> Self {
        self.sources.values_mut().for_each(Source::bound_age);
        self
    }

    /// The same, which also takes the decisions of people in Slack, if `settings` names any.
    #[must_use]
    pub fn with_approvals(self, settings: &Settings) -> Self {
        let slack = settings.approvals.slack.as_ref();
        Self { approvers: slack.map(|slack| Approvers::new(slack, &settings.intents)), ..self }
    }

    /// How long the sender behind `source` may be kept waiting.
    fn store_timeout(&self, source: &Source) -> Duration {
        source
            .sender
            .provider
            .row()
            .answer_within
            .map_or(self.store_timeout, |most| self.store_timeout.min(most))
    }

    /// Tells every source of `provider` the agent's own account there, once it is known: what that account writes is
    /// ignored from now on. A mention of it is heard where agent.toml names no other `login`.
    pub fn set_login(&self, provider: Provider, login: &str) {
        for source in self.sources.values().filter(|source| source.sender.provider == provider) {
            source.know(login);
        }
    }

    /// The status that the sender behind the source called `name` takes for success.
    fn success_status(&self, name: &str) -> StatusCode {
        let status = self.sources.get(name).map(|source| source.sender.provider.row().success);
        status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::ACCEPTED)
    }
}

//! [`Gemini`], and the chain that every call passes:
//!
//! 1. `candidates`: the wanted model, then its fallbacks;
//! 2. `ask`: one model, with second chances for answers that are none (`prompt`, `reading`);
//! 3. `retry`: one request, repeated in place for short waits only (`error`, `verdict`);
//! 4. `client`: HTTP (`endpoints`, `connections`, `stream`, `transport`);
//! 5. `settle`: tokens, cost, transcript, log.
//!
//! A call can be dropped at any point: nothing outlives it but pooled connections.

use async_trait::async_trait;
use domain::{Clock, Jitter, Model, ModelAnswer, ModelCall, ModelError};
use tokio::time::Instant;

use crate::ask::ask;
use crate::candidates::{candidates, verdict_of_all};
use crate::client::Client;
use crate::config::{Config, ConfigError};
use crate::connector::ConnectionCounts;
use crate::failure::Failure;
use crate::limits::Policies;
use crate::media;
use crate::reading::Reading;
use crate::run::Run;
use crate::settle::Ledger;
use crate::signal::Signals;

/// Google's Gemini.
#[derive(Debug)]
pub struct Gemini {
    config: Config,
    policies: Policies,
    client: Client,
    clock: Clock,
    jitter: Jitter,
}

impl Gemini {
    /// A model that is reached as `config` says. Nothing is connected before the first call.
    ///
    /// # Errors
    /// What is wrong with `config`.
    pub fn new(config: Config, clock: Clock, jitter: Jitter) -> Result<Self, ConfigError> {
        config.check_names()?;
        let policies = Policies::new(&config)?;
        let client = Client::new(&config, Signals::none())?;
        Ok(Self { config, policies, client, clock, jitter })
    }

    /// How many connections to the service were opened in this environment, and how many requests
    /// they served.
    #[must_use]
    pub fn connections(&self) -> ConnectionCounts {
        self.client.counts()
    }

    fn run<'a>(&'a self, call: &'a ModelCall) -> Run<'a> {
        Run {
            call,
            config: &self.config,
            policies: &self.policies,
            client: &self.client,
            jitter: &self.jitter,
            began: (self.clock.now(), Instant::now()),
        }
    }
}

#[async_trait]
impl Model for Gemini {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        let run = self.run(call);
        let mut ledger = Ledger::default();
        let outcome = first_answer(&run, &mut ledger).await;
        let Ledger { usage, exchanges } = ledger;
        match outcome {
            Ok(Reading { text, value }) => Ok(ModelAnswer { text, value, usage, exchanges }),
            Err(Failure { what, message, .. }) => {
                Err(ModelError { step: call.step.clone(), failure: what, message, usage, exchanges })
            }
        }
    }
}

/// The answer of the first candidate that has one.
async fn first_answer(run: &Run<'_>, ledger: &mut Ledger) -> Result<Reading, Failure> {
    media::check(&run.call.turns, run.config.max_inline_bytes)
        .map_err(|problem| Failure::unsendable(&problem))?;
    let mut failures = Vec::new();
    for model in candidates(run.config, run.call.role) {
        // What the models before it came to is the truth, not that the time is now up.
        if !failures.is_empty() && !run.policies.of(model).in_place.allows_start(run.remaining()) {
            break;
        }
        match ask(run, ledger, model).await {
            Ok(reading) => return Ok(reading),
            Err(failure) => {
                let is_final = !failure.other_model_may_help;
                failures.push(failure);
                if is_final {
                    break;
                }
            }
        }
    }
    // There is always a candidate, so there is always a failure to report.
    Err(verdict_of_all(failures).unwrap_or_else(|| Failure::out_of_time("no model", false)))
}

//! [`Gemini`], and the chain that every call passes:
//!
//! 1. `budget`: the most that it may cost is set aside (`estimate`);
//! 2. `coalesce`: an identical call under way answers this one too;
//! 3. `candidates`: the wanted model, then its fallbacks;
//! 4. `ask`: one model, with second chances for answers that cannot be used (`prompt`, `thinking`, `reading`);
//! 5. `retry`: one request, repeated in place for short waits only, each try (`attempt`, `classify`) through
//! 6. `admit`: breaker and quota, shared with the fleet in one write (`fleet`), and a permit;
//! 7. `cache`: by a context cache, where its traffic repays one; `http`: the request itself;
//! 8. `settle`: quota, breaker and concurrency in a second write; tokens, cost, transcript, log.
//!
//! A call can be dropped at any point: nothing outlives it but pooled connections.

mod admit;
mod ask;
mod attempt;
mod candidates;
mod classify;
mod context;
mod count;
mod estimate;
mod media;
mod prompt;
mod reading;
mod retry;
mod schema;
mod settle;
mod thinking;
mod tiers;
mod transcript;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Clock, Jitter, Model, ModelAnswer, ModelCall, ModelError, StateStore, StoreError};
use futures::future::join_all;
use tokio::time::Instant;

use self::candidates::{candidates, first_answer, models};
use self::context::CallContext;
use self::estimate::PromptTokens;
use self::reading::Reading;
use self::settle::CallRecord;
use self::thinking::Thinking;
use self::tiers::Tiers;
use crate::budget::{BudgetAccount, Reservation};
use crate::cache::Caches;
use crate::coalesce::Coalescer;
use crate::config::{Config, ConfigError};
use crate::failure::{Failure, Helps};
use crate::fleet::{FleetModel, Shared, fresh_id};
use crate::http::{Client, ConnectionCounts};
use crate::look_up::{LookedUp, ask_all};
use crate::signal::{Signal, Signals};

/// Google's Gemini.
#[derive(Debug)]
pub struct Gemini {
    config: Config,
    models: Vec<FleetModel>,
    budget: BudgetAccount,
    coalescer: Coalescer<ModelAnswer>,
    client: Arc<Client>,
    caches: Caches,
    thinking: Thinking,
    tiers: Tiers,
    shared: Shared,
    signals: Signals,
    clock: Clock,
}

impl Gemini {
    /// A model that is reached as `config` says, whose quotas, breakers and budgets are kept in `store`
    /// for all environments together. Nothing is connected before the first call.
    ///
    /// # Errors
    /// What is wrong with `config`.
    pub fn new(
        config: Config,
        store: Arc<dyn StateStore>,
        signals: Signals,
        clock: Clock,
        jitter: Jitter,
    ) -> Result<Self, ConfigError> {
        config.check_names()?;
        let client = Arc::new(Client::new(&config, signals.clone())?);
        let models = models(&config, client.accounts())?;
        let caches = Caches::with(Arc::clone(&client), Arc::clone(&store), config.cache_ttl, jitter.clone());
        let budget = BudgetAccount::new(config.budgets, config.environments);
        let (coalescer, thinking, tiers) = Default::default();
        let shared = Shared { store, jitter, fresh_id };
        Ok(Self {
            config,
            models,
            budget,
            coalescer,
            client,
            caches,
            thinking,
            tiers,
            shared,
            signals,
            clock,
        })
    }

    /// How many connections to the service were opened in this environment, and how many requests they served.
    #[must_use]
    pub fn connections(&self) -> ConnectionCounts {
        self.client.counts()
    }

    /// Asks for every model by its name. One that an account is not served any more is parked for the fleet, as it is
    /// when a call meets it. Returns how many that are.
    ///
    /// # Errors
    /// [`StoreError`]: the fleet's state cannot be written.
    pub async fn park_missing(&self) -> Result<usize, StoreError> {
        let (mut missing, now) = (0, self.clock.now());
        for model in &self.models {
            let all = ask_all(&self.client, &model.name, None, now).await;
            let of_the_account: Vec<&LookedUp> =
                all.iter().filter(|one| one.account == model.account).collect();
            // Another version of the API may have it.
            if of_the_account.is_empty() || !of_the_account.iter().all(|one| one.is_missing()) {
                continue;
            }
            let words = of_the_account[0].said.as_ref().err().map(ToString::to_string).unwrap_or_default();
            missing += 1;
            if model.is_missing(&self.shared, format!("{}: {words}", model.title), now).await? {
                self.signals.send(Signal::Parked { model: &model.name, is_for_money: false });
            }
        }
        Ok(missing)
    }

    fn context<'a>(&'a self, call: &'a ModelCall, reservation: &'a Reservation<'a>) -> CallContext<'a> {
        CallContext {
            call,
            config: &self.config,
            client: &self.client,
            caches: &self.caches,
            thinking: &self.thinking,
            tiers: &self.tiers,
            shared: &self.shared,
            signals: &self.signals,
            reservation,
            prompt_tokens: PromptTokens::of(call),
            counted: Mutex::default(),
            began: (self.clock.now(), Instant::now()),
        }
    }

    /// The answer to `call`, once the money for it is set aside: that of an identical call under way, or
    /// the first candidate's that has one.
    async fn answer(&self, context: &CallContext<'_>) -> Result<ModelAnswer, ModelError> {
        let call = context.call;
        let urgency = (call.role, call.priority);
        let models = candidates(&self.config, &self.models, urgency, &self.client.order(&call.task_id));
        cover(context, &models).await.map_err(|failure| refusal(call, failure, CallRecord::default()))?;
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        // Large, and polled through several layers.
        let own = Box::pin(own_answer(context, &models));
        self.coalescer.generate(call, &names, context.remaining(), context.signals, own).await
    }
}

#[async_trait]
impl Model for Gemini {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        media::check(&call.turns, self.config.max_inline_bytes)
            .map_err(|problem| refusal(call, Failure::unsendable(&problem), CallRecord::default()))?;
        let times = (self.clock.now(), call.deadline);
        let reservation = self.budget.open(&self.shared, &self.signals, &call.tenant, times);
        let context = self.context(call, &reservation);
        let outcome = self.answer(&context).await;
        let now = context.now();
        reservation.close(now).await;
        outcome
    }

    async fn write_left(&self, patience: Duration) {
        let (shared, now) = (&self.shared, self.clock.now());
        let models = self.models.iter().map(|model| model.cell.write_left(shared, now, patience));
        tokio::join!(join_all(models), self.budget.write_left(shared, now, patience));
    }
}

/// Sets aside what the wanted model may cost. A dearer candidate, or a second try, covers itself, and so does what the
/// service must count first.
async fn cover(context: &CallContext<'_>, models: &[&FleetModel]) -> Result<(), Failure> {
    let output = u64::from(context.generation().max_output_tokens);
    let Some(model) = models.first().filter(|_| !context.must_be_counted()) else { return Ok(()) };
    let tier = context.tiers.wanted(context, model);
    let most = context.most_usd(&model.name, (context.prompt_tokens.most, output), tier);
    match context.reservation.cover(most, context.now()).await {
        // Another candidate may be cheap enough.
        Err(failure) if failure.helps != Helps::Nothing => Ok(()),
        covered => covered,
    }
}

/// The answer of a call that is made, with everything that was said and paid for on the way.
async fn own_answer(context: &CallContext<'_>, models: &[&FleetModel]) -> Result<ModelAnswer, ModelError> {
    let mut record = CallRecord::default();
    match first_answer(context, &mut record, models).await {
        Ok(Reading { text, value }) => {
            let CallRecord { usage, exchanges } = record;
            Ok(ModelAnswer { text, value, usage, exchanges })
        }
        Err(failure) => Err(refusal(context.call, failure, record)),
    }
}

fn refusal(call: &ModelCall, failure: Failure, record: CallRecord) -> ModelError {
    let CallRecord { usage, exchanges } = record;
    let Failure { what, message, .. } = failure;
    ModelError { step: call.step.clone(), failure: what, message, usage, exchanges }
}

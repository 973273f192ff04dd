//! Making a cache: once for the fleet, when its traffic repays it.

use std::time::Duration;

use domain::{Acquire, ServiceTier, StepUsage, StoreError, Timestamp, after, between, says};

use super::caches::{Caches, LEASE, Prepared, Wanted};
use super::digest::CacheKey;
use super::handle::{Handle, HandleRef};
use super::handle_store::STORE_TIMEOUT;
use super::service::{self, ServiceError};
use super::traffic::Demand;
use crate::failure::known;
use crate::http::MIN_DEADLINE;
use crate::wire::{CreateCachedContent, format_duration};

/// The display name of our caches, for whoever lists them.
const MARK: &str = "afterhook";
/// The service gets at most so long.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What the state store may take besides: it is asked four times.
const STORES: Duration = STORE_TIMEOUT.saturating_mul(4);
/// A call with less time than this has none to spare for its successors: what it needs itself is left.
const MIN_TIME: Duration = TIMEOUT.saturating_add(STORES).saturating_add(MIN_DEADLINE);
/// After a failure, the fleet leaves it alone for so long.
const PAUSE: Duration = Duration::from_secs(300);
/// After a refusal of what would be sent again unchanged.
const LONG_PAUSE: Duration = Duration::from_secs(3_600);
/// After a model took none of this size, or none at all: refused creations cost nothing.
const DAY: Duration = Duration::from_secs(86_400);

/// Why there is no new cache.
#[derive(Debug, thiserror::Error)]
enum NotMade {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Another makes it, or failed to a short while ago.
    #[error("another environment makes it, or failed to make it")]
    Busy(Timestamp),
}

impl NotMade {
    /// When this environment tries again.
    fn next(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Busy(until) => *until,
            Self::Store(_) => after(now, LEASE),
            Self::Service(problem) => after(now, pause_after(problem)),
        }
    }

    /// Whether the service may have made it all the same.
    fn in_doubt(&self) -> bool {
        match self {
            Self::Service(ServiceError::Transport(error)) => !error.never_left(),
            Self::Service(ServiceError::Unreadable) => true,
            Self::Service(ServiceError::Refused(_)) | Self::Store(_) | Self::Busy(_) => false,
        }
    }
}

impl Caches {
    pub(super) async fn create_if_it_pays(&self, wanted: &Wanted<'_>, now: Timestamp) -> Prepared {
        let key = wanted.key;
        if !self.is_worth_making(wanted, now) || !self.memory.claim(key, now, after(now, LEASE)) {
            return Prepared::default();
        }
        match self.create(wanted, now).await {
            Ok(prepared) => {
                self.memory.found(key, prepared.handle.clone(), now);
                self.memory.settle(key, None);
                prepared
            }
            Err(problem) => {
                self.memory.settle(key, Some(problem.next(now)));
                match problem {
                    NotMade::Busy(_) => {
                        tracing::debug!(%key, %problem, "there is no context cache; the prompt goes inline");
                    }
                    NotMade::Store(_) | NotMade::Service(_) => {
                        tracing::warn!(%key, %problem, "no context cache could be made; the prompt goes inline");
                    }
                }
                Prepared { in_doubt: problem.in_doubt(), ..Prepared::default() }
            }
        }
    }

    async fn create(&self, wanted: &Wanted<'_>, now: Timestamp) -> Result<Prepared, NotMade> {
        let key = wanted.key;
        let owner = self.handles.owner();
        if let Acquire::Busy { until } = self.handles.acquire(key, &owner, now, after(now, LEASE)).await? {
            return Err(NotMade::Busy(until));
        }
        // Somebody may have made it between our look and our lease.
        if let Some(there) = self.handles.handle(key, now).await?.filter(|there| there.handle.is_alive(now)) {
            self.handles.release(key, &owner).await;
            return Ok(Prepared::cached(there));
        }
        let began = tokio::time::Instant::now();
        match self.post(wanted, now).await {
            Ok(handle) => {
                let usage = self.bill(wanted, &handle, began.elapsed(), now);
                let handle = self.place(key, handle, now).await;
                self.handles.release(key, &owner).await;
                Ok(Prepared { usage: Some(usage), ..Prepared::cached(handle) })
            }
            Err(problem) => Err(self.pause(key, &owner, problem, now).await),
        }
    }

    async fn post(&self, wanted: &Wanted<'_>, now: Timestamp) -> Result<Handle, ServiceError> {
        let home = self.client.home_of(&wanted.key.account);
        let model = home.1.model(&wanted.key.model);
        let request = CreateCachedContent {
            model: &model,
            display_name: MARK,
            ttl: format_duration(self.ttl),
            system_instruction: wanted.request.system_instruction.as_ref(),
        };
        let made = service::create(&self.client, home, &request, TIMEOUT, now).await?;
        let handle = Handle::of(&made, self.ttl, now);
        handle.filter(|handle| handle.is_alive(now)).ok_or(ServiceError::Unreadable)
    }

    /// Makes `handle` the fleet's. If that fails it serves this environment alone; if another is there,
    /// ours serves nobody until it ends.
    async fn place(&self, key: &CacheKey, handle: Handle, now: Timestamp) -> HandleRef {
        match self.handles.place(key, handle.clone(), now).await {
            Ok(placed) => placed,
            Err(problem) => {
                tracing::warn!(%key, %problem, "the fleet does not know of a new context cache yet");
                HandleRef { key: key.clone(), handle, version: None }
            }
        }
    }

    /// Leaves the lease with nobody for a while, so that not every environment runs into the same wall.
    async fn pause(&self, key: &CacheKey, owner: &str, problem: ServiceError, now: Timestamp) -> NotMade {
        let until = after(now, pause_after(&problem));
        if let Err(problem) = self.handles.acquire(key, owner, now, until).await {
            tracing::warn!(%key, %problem, "others will try the same context cache in vain");
        }
        NotMade::Service(problem)
    }

    /// Billed by the model that answers. Until one has, an alias is taken for what it most likely stands for, as the
    /// budget takes it; and a cache whose size the service does not tell for the largest that it can be.
    fn bill(&self, wanted: &Wanted<'_>, handle: &Handle, took: Duration, now: Timestamp) -> StepUsage {
        let model = wanted.model();
        let kept = between(now, handle.expires_at);
        let tokens = if handle.tokens > 0 { handle.tokens } else { wanted.key.at_most_tokens() };
        let cost = prices::stands_for(model).and_then(|model| prices::cache_usd(model, tokens, kept, now));
        tracing::info!(key = %wanted.key, cache = handle.name, tokens = handle.tokens, cost_usd = cost, "a context cache was made");
        StepUsage {
            step: "cache".to_owned(),
            model: model.to_owned(),
            prompt_tokens: handle.tokens,
            cached_tokens: 0,
            output_tokens: 0,
            thought_tokens: 0,
            cost_usd: cost,
            // Without a cache there would be no such cost: what cached tokens save has to earn it back.
            saved_usd: cost.map(|cost| -cost),
            attempts: 1,
            ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// What making a cache for `wanted` costs at most, US dollars; `None` if [`Caches::prepare`] would make none.
    pub(crate) fn cost_of_making(&self, wanted: &Wanted<'_>, now: Timestamp) -> Option<f64> {
        if self.memory.handle(wanted.key, now).is_some() || !self.is_worth_making(wanted, now) {
            return None;
        }
        let tokens = wanted.key.at_most_tokens();
        prices::cache_usd(prices::stands_for(wanted.model())?, tokens, self.ttl, now)
    }

    /// Whether its reads repay it within its life, and the call has time for it.
    fn is_worth_making(&self, wanted: &Wanted<'_>, now: Timestamp) -> bool {
        // For a decision, not for a bill: an alias is taken for what it most likely stands for.
        let (model, tokens) = (prices::stands_for(wanted.model()), wanted.key.at_most_tokens());
        let rates = model.and_then(|model| prices::rates(model, tokens, ServiceTier::Standard, now));
        let Demand { per_hour, implicit, .. } = wanted.demand;
        wanted.remaining >= MIN_TIME && prices::cache_repays(rates, per_hour, implicit, self.ttl)
    }
}

/// How long the fleet makes no cache after `problem`.
fn pause_after(problem: &ServiceError) -> Duration {
    let ServiceError::Refused(error) = problem else { return PAUSE };
    let not_by_this_model = error.status == 404
        || (error.status == 400
            && (error.is_too_small_for_a_cache() || says(&error.message, &known::NO_CACHES)));
    match error.status {
        _ if not_by_this_model => DAY,
        400 => LONG_PAUSE,
        _ => PAUSE,
    }
}

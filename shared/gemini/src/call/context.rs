//! [`CallContext`]: what belongs to one call of [`domain::Model::generate`], for all links of the chain.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use domain::{Generation, ModelCall, ModelRole, ServiceTier, Timestamp, after, between};
use prices::{Most, most_usd};
use tokio::time::Instant;

use super::estimate::PromptTokens;
use super::thinking::Thinking;
use super::tiers::Tiers;
use crate::budget::Reservation;
use crate::cache::Caches;
use crate::config::Config;
use crate::fleet::Shared;
use crate::http::{Client, MIN_DEADLINE};
use crate::signal::Signals;

/// Kept back at the end, so that what came of a call is written down and returned before the deadline.
const MARGIN: Duration = Duration::from_millis(100);

/// One call under way.
pub(crate) struct CallContext<'a> {
    pub(crate) call: &'a ModelCall,
    pub(crate) config: &'a Config,
    pub(crate) client: &'a Client,
    pub(crate) caches: &'a Caches,
    pub(crate) thinking: &'a Thinking,
    pub(crate) tiers: &'a Tiers,
    pub(crate) shared: &'a Shared,
    pub(crate) signals: &'a Signals,
    /// The money that may be spent on it.
    pub(crate) reservation: &'a Reservation<'a>,
    pub(crate) prompt_tokens: PromptTokens,
    /// What the service has counted for it, by the title of the model; `None` if it would not.
    pub(crate) counted: Mutex<BTreeMap<String, Option<u64>>>,
    /// When the call began, by the clock and by the runtime's timer.
    pub(crate) began: (Timestamp, Instant),
}

impl CallContext<'_> {
    /// The time. Read from the clock once, then carried on by the runtime's timer: the two cannot
    /// drift apart in mid-call, whoever sets the clock meanwhile.
    pub(crate) fn now(&self) -> Timestamp {
        after(self.began.0, self.began.1.elapsed())
    }

    /// What is sent as `generationConfig`.
    pub(crate) fn generation(&self) -> &Generation {
        match self.call.role {
            ModelRole::Triage => &self.config.triage_generation,
            ModelRole::Answer => &self.config.generation,
        }
    }

    /// US dollars that a call to `model` costs at most, whose prompt and answer have so many tokens at most. What
    /// flex has no room for is served as standard.
    pub(crate) fn most_usd(&self, model: &str, (prompt, output): (u64, u64), tier: ServiceTier) -> f64 {
        let (has_sound, tier) = (self.prompt_tokens.has_sound, tier.max(ServiceTier::Standard));
        most_usd(model, Most { prompt, has_sound, output, tier }, self.now())
    }

    /// Whether its money is only bounded by what the service counts.
    pub(crate) fn must_be_counted(&self) -> bool {
        self.prompt_tokens.has_unbounded && self.reservation.is_bound()
    }

    /// What is left for calls.
    pub(crate) fn remaining(&self) -> Duration {
        between(self.now(), self.call.deadline).saturating_sub(MARGIN)
    }

    /// What of it may pass before one is sent.
    pub(crate) fn to_spare(&self) -> Duration {
        self.remaining().saturating_sub(MIN_DEADLINE)
    }
}

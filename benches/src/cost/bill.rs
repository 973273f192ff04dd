//! What the model's service would charge, from what its stand-in has served: list prices, independent of
//! what the tasks say of themselves.

use domain::Timestamp;
use standins::gemini::{CacheStorage, GeminiStandin};

use crate::Outcome;
use crate::seen::{self, Call};

/// US dollars for a million cached tokens and an hour, as of `prices::PRICES_AS_OF`
/// (ai.google.dev/gemini-api/docs/pricing).
const STORAGE: [(&str, f64); 3] =
    [("gemini-3.1-pro-preview", 4.50), ("gemini-3.5-flash-lite", 1.00), ("gemini-3.8-flash", 0.50)];

/// US dollars.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bill {
    /// Prompts, read from a cache or not.
    pub(super) prompts: f64,
    /// Making caches, and keeping them.
    pub(super) caches: f64,
    /// Answers and thoughts.
    pub(super) output: f64,
}

impl Bill {
    /// For all that `standin` has served.
    pub(super) fn of(standin: &GeminiStandin, now: Timestamp) -> Outcome<Self> {
        let mut bill = Self::default();
        for call in seen::calls(standin) {
            bill.add_call(&call)?;
        }
        for storage in standin.cache_storage() {
            bill.add_cache(&storage, now)?;
        }
        Ok(bill)
    }

    /// What goes in.
    pub(super) fn input(&self) -> f64 {
        self.prompts + self.caches
    }

    pub(super) fn total(&self) -> f64 {
        self.input() + self.output
    }

    fn add_call(&mut self, call: &Call) -> Outcome<()> {
        let Some(billed) = call.billed else { return Ok(()) };
        let rates = prices::rates(billed.model, billed.prompt, billed.tier, call.at)
            .ok_or_else(|| format!("{} has no price", billed.model))?;
        let fresh = billed.prompt.saturating_sub(billed.cached);
        self.prompts += millions(fresh) * rates.input + millions(billed.cached) * rates.cached;
        self.output += millions(billed.output) * rates.output;
        Ok(())
    }

    fn add_cache(&mut self, cache: &CacheStorage, now: Timestamp) -> Outcome<()> {
        let rates = prices::rates(cache.model, cache.tokens, domain::ServiceTier::Standard, now);
        let storage = STORAGE.iter().find(|(model, _)| *model == cache.model);
        let (rates, (_, an_hour)) =
            rates.zip(storage).ok_or_else(|| format!("a cache of {} has no price", cache.model))?;
        let hours = cache.stored.as_secs_f64() / 3_600.0;
        self.caches += millions(cache.tokens) * (rates.input + an_hour * hours);
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 tokens")]
fn millions(tokens: u64) -> f64 {
    tokens as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use standins::gemini::Billed;

    use super::*;

    fn november() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn cached_tokens_cost_a_tenth_and_caches_their_making_and_keeping() {
        let mut bill = Bill::default();
        let model = "gemini-3.1-pro-preview";
        let billed =
            Billed { model, prompt: 6_000, cached: 5_000, output: 300, tier: domain::ServiceTier::Standard };
        let call = Call { at: november(), model: model.into(), status: Some(200), billed: Some(billed) };
        bill.add_call(&call).unwrap();
        let cache = CacheStorage { model, tokens: 5_000, stored: Duration::from_secs(7_200) };
        bill.add_cache(&cache, november()).unwrap();
        // 1,000 × 2.00 + 5,000 × 0.20; 5,000 × 2.00 + 5,000 × 4.50 × 2 h; 300 × 12.00, all per million.
        for (dollars, expected) in [(bill.prompts, 0.003), (bill.caches, 0.055), (bill.output, 0.0036)] {
            assert!((dollars - expected).abs() < 1e-12, "{dollars} is not {expected}");
        }
    }
}

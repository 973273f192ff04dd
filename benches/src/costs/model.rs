//! The bill of the model, from tokens.

use std::time::Duration;

use domain::{ServiceTier, Timestamp};
use prices::Rates;

use super::aws::HOURS;
use crate::Outcome;

/// The light model that sorts.
pub(super) const TRIAGE: &str = "gemini-3.5-flash-lite";
/// The model that answers.
pub(super) const ANSWER: &str = "gemini-3.1-pro-preview";

/// Tokens of the smallest cache that the service keeps for the model that answers.
pub(super) const MIN_CACHED: u64 = 4_096;
/// Tokens of the persona that is in a cache below.
pub(super) const PERSONA: u64 = 5_000;

const HOUR: Duration = Duration::from_secs(3_600);

/// What an event asks of the models, in tokens.
pub(super) struct Profile {
    pub(super) name: &'static str,
    triage: Call,
    answer: Call,
    pub(super) events_a_month: f64,
}

struct Call {
    /// Sent anew.
    fresh: u64,
    /// Read from a context cache.
    cached: u64,
    /// Answer and thoughts.
    output: u64,
}

pub(super) const PROFILES: [Profile; 3] = [
    Profile {
        name: "GitHub issues: persona of 5,000 tokens sent each time, answers of 300",
        triage: Call { fresh: 900, cached: 0, output: 40 },
        answer: Call { fresh: 6_500, cached: 0, output: 600 },
        events_a_month: 1_000.0,
    },
    Profile {
        name: "ten times as many, with the persona in a context cache all month",
        triage: Call { fresh: 900, cached: 0, output: 40 },
        answer: Call { fresh: 1_500, cached: PERSONA, output: 600 },
        events_a_month: 10_000.0,
    },
    Profile {
        name: "a support desk with 1.2 million tokens a month",
        triage: Call { fresh: 600, cached: 0, output: 40 },
        answer: Call { fresh: 5_060, cached: 0, output: 300 },
        events_a_month: 200.0,
    },
];

impl Profile {
    pub(super) fn tokens(&self) -> u64 {
        [&self.triage, &self.answer].iter().map(|call| call.fresh + call.cached + call.output).sum()
    }

    /// US dollars for one event, with its share of the cache.
    ///
    /// # Errors
    /// When a model has no price, or there would be no such cache.
    pub(super) fn dollars(&self) -> Outcome<f64> {
        let cache = match self.answer.cached {
            0 => 0.0,
            size if size < MIN_CACHED => return Err(format!("{size} tokens are too few for a cache").into()),
            size => cache_hour(size)? * HOURS / self.events_a_month,
        };
        if cache > 0.0 && self.events_a_month / HOURS < f64::from(reads_that_repay()?) {
            return Err(format!("no cache would be made for: {}", self.name).into());
        }
        Ok(self.triage.dollars(TRIAGE)? + self.answer.dollars(ANSWER)? + cache)
    }
}

/// US dollars for a cache of `size` tokens that is made and kept for an hour, after which it is made anew.
pub(super) fn cache_hour(size: u64) -> Outcome<f64> {
    let dollars = prices::cache_usd(ANSWER, size, HOUR, day()?);
    Ok(dollars.ok_or_else(|| format!("{ANSWER} has no caches"))?)
}

/// The fewest calls an hour for which the functions make a cache, by their own rule.
pub(super) fn reads_that_repay() -> Outcome<u32> {
    let rates = rates(ANSWER, MIN_CACHED)?;
    let fewest = (1..1_000).find(|&reads| prices::cache_repays(Some(rates), reads, 0.0, HOUR));
    Ok(fewest.ok_or("no number of reads repays a cache")?)
}

/// The day of the prices.
fn day() -> Outcome<Timestamp> {
    Ok(format!("{}T00:00:00Z", prices::PRICES_AS_OF).parse()?)
}

fn rates(model: &str, prompt: u64) -> Outcome<Rates> {
    let rates = prices::rates(model, prompt, ServiceTier::Standard, day()?);
    Ok(rates.ok_or_else(|| format!("{model} has no price"))?)
}

impl Call {
    fn dollars(&self, model: &str) -> Outcome<f64> {
        let rates = rates(model, self.fresh + self.cached)?;
        let millions = |tokens: u64| u32::try_from(tokens).map(|tokens| f64::from(tokens) / 1e6);
        Ok(millions(self.fresh)? * rates.input
            + millions(self.cached)? * rates.cached
            + millions(self.output)? * rates.output)
    }
}

//! The bill of the model, from tokens.

use domain::Timestamp;

use crate::Outcome;

/// The light model that sorts.
pub(super) const TRIAGE: &str = "gemini-3.5-flash-lite";
/// The model that answers.
pub(super) const ANSWER: &str = "gemini-3.1-pro-preview";

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
        name: "the same, with the persona in a context cache",
        triage: Call { fresh: 900, cached: 0, output: 40 },
        answer: Call { fresh: 1_500, cached: 5_000, output: 600 },
        events_a_month: 1_000.0,
    },
    Profile {
        name: "a support desk with 1.2 million tokens a month",
        triage: Call { fresh: 600, cached: 0, output: 40 },
        answer: Call { fresh: 1_060, cached: 4_000, output: 300 },
        events_a_month: 200.0,
    },
];

impl Profile {
    pub(super) fn tokens(&self) -> u64 {
        [&self.triage, &self.answer].iter().map(|call| call.fresh + call.cached + call.output).sum()
    }

    /// US dollars for one event; the storage of caches is left out.
    pub(super) fn dollars(&self) -> Outcome<f64> {
        Ok(self.triage.dollars(TRIAGE)? + self.answer.dollars(ANSWER)?)
    }
}

impl Call {
    fn dollars(&self, model: &str) -> Outcome<f64> {
        let at: Timestamp = format!("{}T00:00:00Z", prices::PRICES_AS_OF).parse()?;
        let rates = prices::rates(model, self.fresh + self.cached, domain::ServiceTier::Standard, at)
            .ok_or_else(|| format!("{model} has no price"))?;
        let millions = |tokens: u64| u32::try_from(tokens).map(|tokens| f64::from(tokens) / 1e6);
        Ok(millions(self.fresh)? * rates.input
            + millions(self.cached)? * rates.cached
            + millions(self.output)? * rates.output)
    }
}

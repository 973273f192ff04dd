//! What goes wrong at a stand-in, for which requests, and how often: tests set [`FaultRule`]s.

use std::sync::Mutex;
use std::time::Duration;

use super::lock;

/// Something that goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error with this HTTP status; nothing was done.
    Status(u16),
    /// The service's refusal with this code; nothing was done.
    Refusal(&'static str),
    /// 429 with `Retry-After: 30`; nothing was done.
    RateLimited,
    /// What was asked is done, and the connection breaks before the answer.
    Lost,
    /// What was asked is done, and the answer is a 502.
    DoneBut502,
    /// What was asked is done, and no answer ever comes.
    DoneButHangs,
    /// Nothing is done, and no answer ever comes.
    Hang,
    /// The answer comes, but later.
    Slow(Duration),
}

/// Which requests a fault is for, if not for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Those that change something.
    Writes,
}

/// A fault of REST and GraphQL APIs that applies without being asked for.
pub type FaultRule = Rule<Fault, Scope>;

/// A fault that applies without being asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule<F, S> {
    /// What goes wrong.
    pub fault: F,
    /// For which requests; for all if `None`.
    pub scope: Option<S>,
    /// For this share of them, drawn alike in every run; 1.0 is every one.
    pub share: f64,
    /// Only for the first that many it would apply to; no limit if `None`.
    pub first: Option<u64>,
}

impl<F, S> Rule<F, S> {
    /// The fault for every request.
    #[must_use]
    pub fn always(fault: F) -> Self {
        Self { fault, scope: None, share: 1.0, first: None }
    }

    /// The same for these requests only.
    #[must_use]
    pub fn on(self, scope: impl Into<S>) -> Self {
        Self { scope: Some(scope.into()), ..self }
    }

    /// The same for a share of the requests.
    #[must_use]
    pub fn share(self, share: f64) -> Self {
        Self { share, ..self }
    }

    /// The same for the first `requests` only.
    #[must_use]
    pub fn first(self, requests: u64) -> Self {
        Self { first: Some(requests), ..self }
    }
}

/// The rules, with how often each has applied.
#[derive(Debug)]
pub(crate) struct Rules<F, S> {
    rules: Mutex<Vec<(Rule<F, S>, u64)>>,
    rng: Mutex<fastrand::Rng>,
}

impl<F: Copy, S> Rules<F, S> {
    /// No rules; shares are drawn alike in every run.
    pub(crate) fn new() -> Self {
        Self { rules: Mutex::default(), rng: Mutex::new(fastrand::Rng::with_seed(7)) }
    }

    pub(crate) fn set(&self, rules: Vec<Rule<F, S>>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// The faults of a request, which `covers` knows to be in a scope or not.
    pub(crate) fn of(&self, covers: impl Fn(&S) -> bool) -> Vec<F> {
        let apply = |(rule, happened): &mut (Rule<F, S>, u64)| {
            let applies = rule.scope.as_ref().is_none_or(&covers)
                && rule.first.is_none_or(|first| *happened < first)
                && (rule.share >= 1.0 || self.draw() < rule.share);
            *happened += u64::from(applies);
            applies.then_some(rule.fault)
        };
        lock(&self.rules).iter_mut().filter_map(apply).collect()
    }

    /// A number from 0 to 1.
    pub(crate) fn draw(&self) -> f64 {
        lock(&self.rng).f64()
    }
}

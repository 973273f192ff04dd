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

/// Which requests a fault is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Any,
    /// Those that change something.
    Writes,
}

/// A fault that applies without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// For which requests.
    pub scope: Scope,
    /// Only for the first that many; no limit if `None`.
    pub first: Option<u64>,
}

impl FaultRule {
    /// The fault for every request.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self { fault, scope: Scope::Any, first: None }
    }

    /// The same for these requests only.
    #[must_use]
    pub fn on(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same for the first `requests` only.
    #[must_use]
    pub fn first(mut self, requests: u64) -> Self {
        self.first = Some(requests);
        self
    }

    fn covers(&self, writes: bool) -> bool {
        self.scope == Scope::Any || writes
    }
}

/// The rules, with how often each has applied.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<(FaultRule, u64)>>);

impl Faults {
    /// Replaces the rules.
    pub(super) fn set(&self, rules: Vec<FaultRule>) {
        *lock(&self.0) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// The faults of a request.
    pub(super) fn of(&self, writes: bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (rule, happened) in lock(&self.0).iter_mut() {
            if rule.covers(writes) && rule.first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(rule.fault);
            }
        }
        faults
    }
}

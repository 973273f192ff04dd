//! [`Breaker`]: stops calls to a service that fails, for a whole fleet, and feels its way back.
//!
//! Closed: calls pass, their outcomes are counted. Open: nothing passes for a while. Half-open: one
//! probe for the fleet, then 2, 4 and 8 at once while they succeed, then closed.

mod policy;
mod probes;
mod record;
mod window;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::policy::{BreakerPolicy, BreakerSpec, PolicyError};
use self::{
    probes::{ProbeResult, Probes},
    record::Record,
};
use crate::{
    is_default,
    time::{SECOND, micros, span, timestamp},
};

/// When to ask again while all probes are out.
const PROBING: i64 = SECOND;
/// How far the clocks of a fleet may differ.
pub(crate) const SKEW: i64 = 60 * SECOND;

/// Whether calls to a service may start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// Counts the phases: an outcome counts only in the phase its call was admitted in.
    #[serde(rename = "g", skip_serializing_if = "is_default")]
    generation: u64,
    #[serde(rename = "s", skip_serializing_if = "is_default")]
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    #[serde(rename = "c")]
    Closed(Record),
    /// Until when.
    #[serde(rename = "o")]
    Open(i64),
    #[serde(rename = "h")]
    HalfOpen(Probes),
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed(Record::default())
    }
}

/// Leave to make one call, to be handed back with its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    #[serde(rename = "g")]
    generation: u64,
    /// When the lease of a probe ends.
    #[serde(rename = "l", default, skip_serializing_if = "is_default")]
    lease: Option<i64>,
}

impl Pass {
    /// Whether the call is a probe of a service that failed.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.lease.is_some()
    }
}

/// Whether a call may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the outcome of a call that passed must be settled"]
pub enum Admission {
    /// It may; its outcome must be settled.
    Pass(Pass),
    /// It may not.
    Rejected {
        /// When to ask again.
        until: Timestamp,
    },
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The service answered.
    Success {
        /// How long it took.
        took: Duration,
    },
    /// The service failed: 5xx, time-out, no connection.
    Failure,
    /// Says nothing about the service's health: 429, another 4xx, a cancelled call. Releases a
    /// probe, decides nothing.
    Neutral,
}

/// What an outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Calls stop.
    Opened,
    /// Calls pass again.
    Closed,
}

impl Breaker {
    /// Whether a call may start. A refusal by an open breaker changes nothing.
    pub fn admit(&mut self, policy: &BreakerPolicy, now: Timestamp) -> Admission {
        let now = micros(now);
        let spec = policy.spec();
        if let Phase::Open(until) = self.phase {
            // An end further ahead than one period was written by a clock that is wrong.
            let is_right = until.saturating_sub(now) <= span(spec.open).saturating_add(SKEW);
            if now < until && is_right {
                return Admission::Rejected { until: timestamp(until) };
            }
            self.enter(Phase::HalfOpen(Probes::default()));
        }
        let generation = self.generation;
        let lease = match &mut self.phase {
            Phase::HalfOpen(probes) => {
                let Some(lease) = probes.send(now, span(spec.probe_lease)) else {
                    return Admission::Rejected { until: timestamp(now.saturating_add(PROBING)) };
                };
                Some(lease)
            }
            Phase::Closed(_) | Phase::Open(_) => None,
        };
        Admission::Pass(Pass { generation, lease })
    }

    /// Takes the outcome of an admitted call into account; what that changed, if anything.
    ///
    /// Outcomes of calls admitted in an earlier phase are ignored: a call that began before the
    /// outage says nothing about its end.
    pub fn settle(
        &mut self,
        policy: &BreakerPolicy,
        pass: Pass,
        outcome: Outcome,
        now: Timestamp,
    ) -> Option<Transition> {
        if pass.generation != self.generation {
            return None;
        }
        let now = micros(now);
        match &mut self.phase {
            Phase::Open(_) => None,
            Phase::Closed(record) => record.note(policy, outcome, now).then(|| self.open(policy, now)),
            Phase::HalfOpen(probes) => match probes.settle(policy, pass.lease, outcome) {
                ProbeResult::Undecided => None,
                ProbeResult::Sick => Some(self.open(policy, now)),
                ProbeResult::Healthy => {
                    self.enter(Phase::default());
                    Some(Transition::Closed)
                }
            },
        }
    }

    fn open(&mut self, policy: &BreakerPolicy, now: i64) -> Transition {
        self.enter(Phase::Open(now.saturating_add(span(policy.spec().open))));
        Transition::Opened
    }

    fn enter(&mut self, phase: Phase) {
        self.generation = self.generation.wrapping_add(1);
        self.phase = phase;
    }
}

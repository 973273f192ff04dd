//! [`Record`]: what a closed breaker remembers of the calls that passed.

use serde::{Deserialize, Serialize};

use super::{
    Outcome,
    policy::BreakerPolicy,
    window::{Tally, Window},
};
use crate::{is_default, time::span};

/// Recent outcomes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    #[serde(rename = "e", skip_serializing_if = "is_default")]
    errors: Window,
    #[serde(rename = "s", skip_serializing_if = "is_default")]
    slow: Window,
    /// When the last failures came, without a success since; no more than are needed.
    #[serde(rename = "r", skip_serializing_if = "is_default")]
    row: Vec<i64>,
}

impl Record {
    /// Notes an outcome; whether the breaker must open.
    pub(super) fn note(&mut self, policy: &BreakerPolicy, outcome: Outcome, now: i64) -> bool {
        let spec = policy.spec();
        let (failed, was_slow) = match outcome {
            Outcome::Neutral => return false,
            Outcome::Failure => (true, false),
            Outcome::Success { took } => (false, took > spec.slow),
        };
        let errors = self.errors.count(failed, span(spec.window), now);
        let slow = self.slow.count(was_slow, span(spec.row_window), now);
        let in_a_row = self.failures_in_a_row(policy, failed, now);
        if errors.calls < spec.min_calls {
            if in_a_row {
                return true;
            }
        } else if failed && reaches(errors, spec.error_rate) {
            return true;
        }
        was_slow && slow.calls >= spec.slow_calls && reaches(slow, spec.slow_rate)
    }

    /// Whether this failure completes a row. Each is remembered with its time, so that old ones do
    /// not count, and a success ends the row.
    fn failures_in_a_row(&mut self, policy: &BreakerPolicy, failed: bool, now: i64) -> bool {
        let spec = policy.spec();
        if !failed {
            self.row.clear();
            return false;
        }
        let needed = usize::try_from(spec.in_a_row).unwrap_or(usize::MAX);
        self.row.retain(|at| now.saturating_sub(*at) <= span(spec.row_window));
        self.row.push(now);
        let surplus = self.row.len().saturating_sub(needed);
        self.row.drain(..surplus);
        self.row.len() >= needed
    }
}

fn reaches(tally: Tally, share: f64) -> bool {
    f64::from(tally.bad) >= share * f64::from(tally.calls)
}

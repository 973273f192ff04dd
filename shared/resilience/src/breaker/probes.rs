//! [`Probes`]: how a half-open breaker feels its way back.

use serde::{Deserialize, Serialize};

use super::{Outcome, SKEW, policy::BreakerPolicy};
use crate::is_default;

/// Probes out at once, wave by wave; when the last has succeeded, the breaker closes.
const WAVES: [u32; 4] = [1, 2, 4, 8];

/// The probes of one half-open phase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Probes {
    /// When the leases of those that are out end.
    #[serde(rename = "o", skip_serializing_if = "is_default")]
    out: Vec<i64>,
    /// The wave.
    #[serde(rename = "w", skip_serializing_if = "is_default")]
    wave: u32,
    /// Successes in this wave.
    #[serde(rename = "s", skip_serializing_if = "is_default")]
    succeeded: u32,
    /// Failures in this wave.
    #[serde(rename = "f", skip_serializing_if = "is_default")]
    failed: u32,
}

/// What the probes say about the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProbeResult {
    Undecided,
    Healthy,
    Sick,
}

impl Probes {
    /// Sends a probe, unless enough are out; when its lease ends.
    pub(super) fn send(&mut self, now: i64, lease: i64) -> Option<i64> {
        let latest = now.saturating_add(lease);
        // The clocks of a fleet differ; a lease from further ahead was written by one that is wrong.
        let plausible = latest.saturating_add(SKEW);
        self.out.retain(|end| *end > now && *end <= plausible);
        if u32::try_from(self.out.len()).unwrap_or(u32::MAX) >= self.at_once() {
            return None;
        }
        self.out.push(latest);
        Some(latest)
    }

    /// Takes the outcome of a probe into account, even after its lease: it is true all the same.
    pub(super) fn settle(
        &mut self,
        policy: &BreakerPolicy,
        lease: Option<i64>,
        outcome: Outcome,
    ) -> ProbeResult {
        if let Some(index) = self.out.iter().position(|end| Some(*end) == lease) {
            self.out.swap_remove(index);
        }
        match outcome {
            Outcome::Neutral => ProbeResult::Undecided,
            Outcome::Success { .. } => self.success(),
            Outcome::Failure => self.failure(policy.spec().error_rate),
        }
    }

    fn success(&mut self) -> ProbeResult {
        self.succeeded = self.succeeded.saturating_add(1);
        if self.succeeded >= self.at_once() {
            *self = Self {
                out: std::mem::take(&mut self.out),
                wave: self.wave.saturating_add(1),
                ..Self::default()
            };
        }
        let waves = u32::try_from(WAVES.len()).unwrap_or(u32::MAX);
        if self.wave >= waves { ProbeResult::Healthy } else { ProbeResult::Undecided }
    }

    /// A failure of the first or second wave decides. Later ones are judged by the same share as
    /// calls of a closed breaker: one that lets a failure in seven pass must be able to close again.
    fn failure(&mut self, share: f64) -> ProbeResult {
        self.failed = self.failed.saturating_add(1);
        let is_sick = f64::from(self.failed) >= share * f64::from(self.at_once());
        if is_sick { ProbeResult::Sick } else { ProbeResult::Undecided }
    }

    fn at_once(&self) -> u32 {
        let wave = usize::try_from(self.wave).unwrap_or(usize::MAX);
        WAVES.get(wave).copied().unwrap_or(WAVES[WAVES.len() - 1])
    }
}

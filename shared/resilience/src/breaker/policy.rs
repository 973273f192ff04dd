//! [`BreakerPolicy`]: when a breaker opens, for how long, and how it probes.

use std::time::Duration;

/// The numbers of a [`BreakerPolicy`], not yet checked. The defaults suit a model that answers
/// within half a minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerSpec {
    /// Share of failures that opens, above 0 and at most 1.
    pub error_rate: f64,
    /// The time over which failures are counted.
    pub window: Duration,
    /// Fewer outcomes than this in the window say nothing about the share of failures.
    pub min_calls: u32,
    /// Failures in a row that open when the window holds fewer than `min_calls`.
    pub in_a_row: u32,
    /// The time within which they must have come; also the time over which slow calls are counted.
    pub row_window: Duration,
    /// A call that takes longer is slow.
    pub slow: Duration,
    /// Share of slow calls that opens, above 0 and at most 1.
    pub slow_rate: f64,
    /// Fewer outcomes than this say nothing about the share of slow calls.
    pub slow_calls: u32,
    /// How long nothing passes.
    pub open: Duration,
    /// How long a probe may be silent before another is sent in its place.
    pub probe_lease: Duration,
}

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            error_rate: 0.5,
            window: Duration::from_secs(10),
            min_calls: 10,
            in_a_row: 3,
            row_window: Duration::from_secs(60),
            slow: Duration::from_secs(60),
            slow_rate: 0.5,
            slow_calls: 20,
            open: Duration::from_secs(30),
            probe_lease: Duration::from_secs(90),
        }
    }
}

/// A checked [`BreakerSpec`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct BreakerPolicy(BreakerSpec);

/// Most failures in a row that can be remembered: the state must stay small.
const MAX_IN_A_ROW: u32 = 10;
/// Longest time any of the lengths may have.
const MAX_DURATION: Duration = Duration::from_secs(3_600);

/// A [`BreakerSpec`] that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// A share that is always, or never, reached.
    #[error("`{name}` of a breaker must be above 0 and at most 1, not {value}")]
    Share {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// A count that opens at once, or is not remembered.
    #[error("`{name}` of a breaker must be from 1 to {most}, not {value}")]
    Count {
        /// The field.
        name: &'static str,
        /// Its value.
        value: u32,
        /// The most.
        most: u32,
    },
    /// A length of time that is none, or too long to be shared.
    #[error("`{name}` of a breaker must be from 1 ms to {MAX_DURATION:?}, not {value:?}")]
    Length {
        /// The field.
        name: &'static str,
        /// Its value.
        value: Duration,
    },
}

impl BreakerPolicy {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`PolicyError`] names the first bound that does not hold.
    pub fn new(spec: BreakerSpec) -> Result<Self, PolicyError> {
        share("error_rate", spec.error_rate)?;
        share("slow_rate", spec.slow_rate)?;
        count("min_calls", spec.min_calls, u32::MAX)?;
        count("in_a_row", spec.in_a_row, MAX_IN_A_ROW)?;
        count("slow_calls", spec.slow_calls, u32::MAX)?;
        length("window", spec.window)?;
        length("row_window", spec.row_window)?;
        length("slow", spec.slow)?;
        length("open", spec.open)?;
        length("probe_lease", spec.probe_lease)?;
        Ok(Self(spec))
    }

    /// The numbers.
    #[must_use]
    pub const fn spec(&self) -> &BreakerSpec {
        &self.0
    }
}

fn share(name: &'static str, value: f64) -> Result<(), PolicyError> {
    if value > 0.0 && value <= 1.0 { Ok(()) } else { Err(PolicyError::Share { name, value }) }
}

const fn count(name: &'static str, value: u32, most: u32) -> Result<(), PolicyError> {
    if value >= 1 && value <= most { Ok(()) } else { Err(PolicyError::Count { name, value, most }) }
}

fn length(name: &'static str, value: Duration) -> Result<(), PolicyError> {
    let bounds = Duration::from_millis(1)..=MAX_DURATION;
    if bounds.contains(&value) { Ok(()) } else { Err(PolicyError::Length { name, value }) }
}

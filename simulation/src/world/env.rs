//! Execution environments: what lives and dies together, and goes by one clock.

use std::fmt;
use std::time::Duration;

use domain::{Timestamp, after};

/// An execution environment. One that died is succeeded by another with another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvId(pub(crate) u32);

/// How wrong a clock is, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skew(pub(crate) i64);

impl Skew {
    /// What the clock shows at `now`.
    pub(crate) fn of(self, now: Timestamp) -> Timestamp {
        let by = Duration::from_millis(self.0.unsigned_abs());
        if self.0 >= 0 { after(now, by) } else { now.checked_sub(by).unwrap_or(now) }
    }
}

/// What an environment is.
#[derive(Debug, Clone)]
pub(crate) struct Env {
    pub(crate) name: String,
    pub(crate) skew: Skew,
}

impl fmt::Display for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

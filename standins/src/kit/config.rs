//! [`Builder`]: how a stand-in behaves.

use std::path::PathBuf;
use std::time::Duration;

use domain::Clock;

use crate::kit::faults::FaultRule;

/// The settings of a stand-in with faults `F`, and `O` as settings of its own.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder<F, O> {
    pub(crate) clock: Clock,
    pub(crate) journal: Option<PathBuf>,
    pub(crate) latency: Duration,
    pub(crate) keep_requests: usize,
    pub(crate) faults: Vec<FaultRule<F>>,
    pub(crate) own: O,
}

impl<F, O: Default> Default for Builder<F, O> {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            journal: None,
            latency: Duration::ZERO,
            keep_requests: 1_000,
            faults: Vec::new(),
            own: O::default(),
        }
    }
}

impl<F, O> Builder<F, O> {
    /// Where the time comes from (the machine's clock).
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A file in which what was made survives the process (none: memory only).
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// How long every answer of the API takes (no time).
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How many requests are remembered (1,000).
    pub fn keep_requests(mut self, requests: usize) -> Self {
        self.keep_requests = requests;
        self
    }

    /// One more fault that applies without being asked for.
    pub fn fault(mut self, rule: FaultRule<F>) -> Self {
        self.faults.push(rule);
        self
    }
}

//! How the stand-in behaves: [`Builder`].

use domain::Clock;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::SlackStandin;
use super::faults::FaultRule;

/// The settings of a [`SlackStandin`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    pub(super) clock: Clock,
    pub(super) journal: Option<PathBuf>,
    pub(super) latency: Duration,
    pub(super) keep_requests: usize,
    pub(super) faults: Vec<FaultRule>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            journal: None,
            latency: Duration::ZERO,
            keep_requests: 1_000,
            faults: Vec::new(),
        }
    }
}

impl Builder {
    /// Where the time comes from (the machine's clock).
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A file in which messages survive the process (none: memory only).
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// How long every answer of the API takes (no time).
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// How many requests [`SlackStandin::requests`] remembers (1,000).
    pub fn keep_requests(mut self, requests: usize) -> Self {
        self.keep_requests = requests;
        self
    }

    /// One more fault that applies without being asked for.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// The stand-in. Fails when the journal cannot be opened, is in use by another process, or holds
    /// something that is not a journal.
    pub fn build(self) -> io::Result<SlackStandin> {
        SlackStandin::from_builder(self)
    }
}

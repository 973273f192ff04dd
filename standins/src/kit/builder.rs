//! [`Builder`]: how a stand-in behaves.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use domain::Clock;

use super::{Kept, Standin, State};

/// The settings of a stand-in.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder<S> {
    pub(super) clock: Clock,
    journal: Option<PathBuf>,
    pub(super) latency: Duration,
    pub(super) keep_requests: usize,
    state: S,
}

impl<S: Default> Default for Builder<S> {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            journal: None,
            latency: Duration::ZERO,
            keep_requests: 1_000,
            state: S::default(),
        }
    }
}

impl<S: State + Default> Builder<S> {
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

    /// The stand-in.
    ///
    /// # Errors
    /// When the journal cannot be opened, is in use by another process, or is none of this stand-in.
    pub fn build(mut self) -> io::Result<Standin<S>> {
        let kept = Kept::open(std::mem::take(&mut self.state), self.journal.as_deref())?;
        Ok(Standin::of(self, kept))
    }
}

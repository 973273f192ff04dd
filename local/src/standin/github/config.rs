//! How the stand-in behaves: [`Builder`].

use domain::Clock;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::GithubStandin;
use super::faults::FaultRule;

/// The settings of a [`GithubStandin`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    pub(super) clock: Clock,
    pub(super) login: String,
    pub(super) journal: Option<PathBuf>,
    pub(super) latency: Duration,
    pub(super) rate_limit: Option<u64>,
    pub(super) keep_requests: usize,
    pub(super) faults: Vec<FaultRule>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            login: "afterhook".to_owned(),
            journal: None,
            latency: Duration::ZERO,
            rate_limit: None,
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

    /// The login behind every personal token, and the slug of the App (`afterhook`).
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.login = login.into();
        self
    }

    /// A file in which comments, labels and issues survive the process (none: memory only).
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Some(path.into());
        self
    }

    /// How long every answer of the API takes (no time).
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Requests per hour before the primary rate limit refuses (none refused; the headers then speak of
    /// 5,000 that never run out).
    pub fn rate_limit(mut self, requests: u64) -> Self {
        self.rate_limit = Some(requests);
        self
    }

    /// How many requests [`GithubStandin::requests`] remembers (1,000).
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
    pub fn build(self) -> io::Result<GithubStandin> {
        GithubStandin::from_builder(self)
    }
}

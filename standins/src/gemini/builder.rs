//! How a stand-in behaves: [`Builder`], [`Latency`] and answers written by a test.

use domain::Clock;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::GeminiStandin;
use super::faults::{Fault, FaultRule};
use super::log::ReceivedRequest;
use super::models::concrete;
use super::shared::Shared;

/// How long a model thinks before the first byte of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Evenly spread between two bounds, the same in every run.
    Between(Duration, Duration),
}

/// An answer that a test supplies.
#[derive(Debug, Clone, PartialEq)]
pub enum Scripted {
    /// The model says this; wrapped in a complete response with usage figures.
    Text(String),
    /// Something goes wrong.
    Fault(Fault),
}

/// Decides over each call of a model; `None` leaves the answer to the stand-in.
pub type Script = Arc<dyn Fn(&ReceivedRequest) -> Option<Scripted> + Send + Sync>;

/// The settings of a [`GeminiStandin`].
#[derive(Clone)]
#[must_use]
pub struct Builder {
    pub(super) clock: Clock,
    pub(super) latency: Latency,
    pub(super) quotas: HashMap<String, u64>,
    pub(super) faults: Vec<FaultRule>,
    pub(super) keep_requests: usize,
    pub(super) keep_bodies: bool,
    pub(super) caches: bool,
    pub(super) token_life: Duration,
    pub(super) script: Option<Script>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            latency: Latency::Fixed(Duration::ZERO),
            quotas: HashMap::new(),
            faults: Vec::new(),
            keep_requests: 1_000,
            keep_bodies: true,
            caches: true,
            token_life: Duration::from_secs(3_600),
            script: None,
        }
    }
}

impl Builder {
    /// Where the time comes from (the machine's clock): quotas and the expiry of caches.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// How long every model thinks (no time).
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// The requests per minute of one model (unlimited); an alias means its concrete model.
    pub fn quota_of(mut self, model: &str, rpm: u64) -> Self {
        self.quotas.insert(concrete(model).to_owned(), rpm);
        self
    }

    /// One more fault that applies without being asked for.
    pub fn fault(mut self, rule: FaultRule) -> Self {
        self.faults.push(rule);
        self
    }

    /// How many requests [`GeminiStandin::requests`] remembers (1,000).
    pub fn keep_requests(mut self, requests: usize) -> Self {
        self.keep_requests = requests;
        self
    }

    /// Whether they keep their bodies (yes): a benchmark of many calls wants none.
    pub fn keep_bodies(mut self, keep: bool) -> Self {
        self.keep_bodies = keep;
        self
    }

    /// No model offers explicit context caches.
    pub fn without_caches(mut self) -> Self {
        self.caches = false;
        self
    }

    /// How long an access token for Vertex AI is good (an hour).
    pub fn token_life(mut self, life: Duration) -> Self {
        self.token_life = life;
        self
    }

    /// Lets a test answer calls of models itself.
    pub fn script(
        mut self,
        script: impl Fn(&ReceivedRequest) -> Option<Scripted> + Send + Sync + 'static,
    ) -> Self {
        self.script = Some(Arc::new(script));
        self
    }

    /// The stand-in.
    #[must_use]
    pub fn build(self) -> GeminiStandin {
        GeminiStandin(Arc::new(Shared::new(self)))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("faults", &self.faults).finish_non_exhaustive()
    }
}

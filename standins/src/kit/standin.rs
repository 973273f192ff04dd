//! [`Standin`]: the handle of a stand-in, [`Builder`], its settings, and [`Kept`], its state with the journal.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use domain::{Clock, Timestamp};
use tokio::net::TcpListener;

use super::journal::Journal;
use super::log::Log;
use super::{Fault, FaultRule, ReceivedRequest, Reply, Rules, Scope, State, Voice, lock, router};

/// The settings of a stand-in.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder<S> {
    clock: Clock,
    journal: Option<PathBuf>,
    latency: Duration,
    keep_requests: usize,
    state: PhantomData<fn() -> S>,
}

impl<S> Default for Builder<S> {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            journal: None,
            latency: Duration::ZERO,
            keep_requests: 1_000,
            state: PhantomData,
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

    /// The stand-in. An error is the journal's: it cannot be opened, is another process's, or none of this stand-in.
    pub fn build(self) -> io::Result<Standin<S>> {
        let kept = Kept::open(self.journal.as_deref())?;
        Ok(Standin::of(self, kept))
    }
}

/// A stand-in: a cheap handle, all clones of which share one state.
pub struct Standin<S: State>(pub(super) Arc<Shared<S>>);

/// Everything that one stand-in knows.
pub(super) struct Shared<S: State> {
    pub(super) clock: Clock,
    /// How long every answer of the API takes.
    pub(super) latency: Duration,
    pub(super) log: Log<ReceivedRequest>,
    pub(super) faults: Rules<Fault, Scope>,
    /// What the service keeps.
    pub(super) kept: Mutex<Kept<S>>,
}

/// A service's state, which the journal follows.
pub struct Kept<S: State> {
    state: S,
    journal: Option<Journal>,
}

impl<S: State + Default> Kept<S> {
    /// The state, with the changes of a journal if there is one.
    fn open(path: Option<&Path>) -> io::Result<Self> {
        let mut state = S::default();
        let Some(path) = path else { return Ok(Self { state, journal: None }) };
        let (journal, changes) = Journal::open(path)?;
        changes.into_iter().for_each(|change| state.apply(change));
        Ok(Self { state, journal: Some(journal) })
    }
}

impl<S: State> Kept<S> {
    /// Makes a change: in the journal first, so that the file has what memory shows. After an error nothing was done.
    pub(crate) fn change(&mut self, change: S::Change) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(&change)?;
        }
        self.state.apply(change);
        Ok(())
    }

    /// The same for a request, which a failing journal refuses.
    pub(crate) fn record(&mut self, change: S::Change) -> Result<(), Reply> {
        self.change(change).map_err(|error| {
            tracing::error!(%error, "the stand-in cannot write its journal");
            S::Voice::error(500, "The stand-in cannot write its journal")
        })
    }
}

impl<S: State> Deref for Kept<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.state
    }
}

impl<S: State> DerefMut for Kept<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.state
    }
}

impl<S: State> Standin<S> {
    fn of(builder: Builder<S>, kept: Kept<S>) -> Self {
        Self(Arc::new(Shared {
            clock: builder.clock,
            latency: builder.latency,
            log: Log::new(builder.keep_requests),
            faults: Rules::new(),
            kept: Mutex::new(kept),
        }))
    }

    /// All routes, for `axum::serve` or `tower::ServiceExt::oneshot`.
    pub fn router(&self) -> Router {
        let shared = Arc::clone(&self.0);
        Router::new().fallback(move |request: Request| router::handle(Arc::clone(&shared), request))
    }

    /// Serves until the future is dropped. The error is the listener's.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.log.all()
    }

    /// The requests answered from number `from` on, as far as they are kept and none before them is
    /// still under way; and the number to go on with.
    #[must_use]
    pub fn requests_since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        self.0.log.since(from, |request| request.status.is_some())
    }

    /// Replaces the faults that apply without being asked for; an empty list ends an outage.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.0.faults.set(rules);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What is made of the service's state.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Kept<S>) -> T) -> T {
        look(&mut lock(&self.0.kept))
    }
}

impl<S: State + Default> Standin<S> {
    /// A stand-in that keeps everything in memory and answers at once, without faults.
    #[must_use]
    pub fn new() -> Self {
        let builder = Builder::default();
        Self::of(builder, Kept { state: S::default(), journal: None })
    }

    /// The settings to choose from.
    pub fn builder() -> Builder<S> {
        Builder::default()
    }
}

impl<S: State + Default> Default for Standin<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: State> Clone for Standin<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: State> fmt::Debug for Standin<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standin").field("service", &S::TITLE).finish_non_exhaustive()
    }
}

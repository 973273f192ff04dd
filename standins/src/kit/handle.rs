//! [`Standin`]: the handle of a stand-in, and [`Core`], what stands behind every one of them.

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use domain::{Clock, Timestamp};
use tokio::net::TcpListener;

use crate::kit::config::Builder;
use crate::kit::faults::{FaultRule, Faults};
use crate::kit::log::{Log, ReceivedRequest};

/// A stand-in: a cheap handle, all clones of which share one state.
pub struct Standin<S>(pub(crate) Arc<S>);

/// What a stand-in does.
pub trait State: Send + Sync + Sized + 'static {
    /// What can go wrong.
    type Fault: Copy + Send + 'static;

    /// What it has in common with the others.
    fn core(&self) -> &Core<Self::Fault>;

    /// Answers any request.
    fn answer(shared: Arc<Self>, request: Request) -> impl Future<Output = Response> + Send;
}

/// What all stand-ins have.
pub struct Core<F> {
    clock: Clock,
    latency: Duration,
    /// What it received.
    pub(crate) log: Log,
    /// What goes wrong.
    pub(crate) faults: Faults<F>,
}

impl<F: Copy> Core<F> {
    pub(crate) fn new<O>(settings: &Builder<F, O>) -> Self {
        Self {
            clock: settings.clock.clone(),
            latency: settings.latency,
            log: Log::new(settings.keep_requests),
            faults: Faults::new(settings.faults.clone()),
        }
    }

    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Takes the time that every answer of the API takes.
    pub(crate) async fn linger(&self) {
        if !self.latency.is_zero() {
            tokio::time::sleep(self.latency).await;
        }
    }
}

impl<S> Standin<S> {
    pub(crate) fn of(state: S) -> Self {
        Self(Arc::new(state))
    }
}

impl<S: State> Standin<S> {
    /// A stand-in that keeps everything in memory and answers at once, without faults.
    #[must_use]
    pub fn new() -> Self
    where
        S: Default,
    {
        Self::default()
    }

    /// All routes, for `axum::serve` or `tower::ServiceExt::oneshot`.
    pub fn router(&self) -> Router {
        let shared = Arc::clone(&self.0);
        Router::new().fallback(move |request: Request| S::answer(Arc::clone(&shared), request))
    }

    /// Serves until the future is dropped.
    ///
    /// # Errors
    /// The listener's.
    pub async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    /// The last requests, oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.core().log.requests()
    }

    /// The requests answered from number `from` on, and the number to go on with.
    #[must_use]
    pub fn requests_since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        self.0.core().log.since(from)
    }

    /// Replaces the faults that apply without being asked for; an empty list ends an outage.
    pub fn set_faults(&self, rules: Vec<FaultRule<S::Fault>>) {
        self.0.core().faults.set(rules);
    }

    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.core().now()
    }
}

impl<S: Default> Default for Standin<S> {
    fn default() -> Self {
        Self::of(S::default())
    }
}

impl<S> Clone for Standin<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> fmt::Debug for Standin<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standin").finish_non_exhaustive()
    }
}

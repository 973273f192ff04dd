//! [`Opening`]: a layer around the opening of connections, which counts them, and lets calls that
//! begin together share one.
//!
//! A pool that has no connection yet opens one for every call that asks: only when a handshake is over does it know
//! that the other side speaks HTTP/2 and that all but one were in vain. Twenty tasks that begin at once would shake
//! hands twenty times. So whoever comes while another opens waits for it, as long as the other side may speak HTTP/2.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::Connection;
use tokio::sync::Semaphore;
use tower::{BoxError, Layer, Service};

use crate::signal::{Signal, Signals};

/// How long a connection that was just opened may take to be offered to those who waited for it: far
/// longer than it takes. The pool serves them first; only one that it forgot gets to the end.
const HANDOVER: Duration = Duration::from_millis(100);

/// Counts of what has happened since the start of the environment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    /// Connections opened, handshake included.
    pub opened: u64,
    /// Requests sent over them.
    pub requests: u64,
    /// Requests that waited for another one's connection instead of opening their own.
    pub waited: u64,
}

/// Where the counts are kept.
#[derive(Debug)]
pub(crate) struct Counters {
    opened: AtomicU64,
    requests: AtomicU64,
    waited: AtomicU64,
    signals: Signals,
}

impl Counters {
    pub(crate) fn new(signals: Signals) -> Self {
        let [opened, requests, waited] = [(); 3].map(|()| AtomicU64::default());
        Self { opened, requests, waited, signals }
    }

    pub(crate) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> ConnectionCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ConnectionCounts {
            opened: read(&self.opened),
            requests: read(&self.requests),
            waited: read(&self.waited),
        }
    }

    fn count_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.signals.send(Signal::ConnectionOpened);
    }
}

/// A call's own connection was not opened, since there is one that it can share: ask the pool again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another call has opened a connection that this one can share")]
pub(crate) struct Shareable;

/// The layer, for the connections to one origin.
#[derive(Debug, Clone)]
pub(crate) struct Opening(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    counters: Arc<Counters>,
    /// Whether each call needs a connection of its own: plain HTTP, or HTTP/1.1 was agreed on.
    unshared: AtomicBool,
    /// Shared connections opened so far.
    shared: AtomicU64,
    turn: Semaphore,
}

impl Opening {
    /// `secure`: over TLS both sides agree on HTTP/2 if they can; without it, nobody does.
    pub(crate) fn new(counters: Arc<Counters>, secure: bool) -> Self {
        let (unshared, shared, turn) = (AtomicBool::new(!secure), AtomicU64::default(), Semaphore::new(1));
        Self(Arc::new(Gate { counters, unshared, shared, turn }))
    }
}

impl Gate {
    /// Opens by way of `connect`, unless somebody else's connection will do. May be dropped at any
    /// point: the turn passes on.
    async fn open<C: Connection>(
        &self,
        connect: impl Future<Output = Result<C, BoxError>>,
    ) -> Result<C, BoxError> {
        if self.unshared.load(Ordering::Acquire) {
            return self.connect(connect).await;
        }
        let before = self.shared.load(Ordering::Acquire);
        let turn = match self.turn.try_acquire() {
            Ok(turn) => turn,
            Err(_) => {
                self.counters.waited.fetch_add(1, Ordering::Relaxed);
                self.turn.acquire().await?
            }
        };
        if self.shared.load(Ordering::Acquire) != before {
            drop(turn);
            tokio::time::sleep(HANDOVER).await;
            return Err(Shareable.into());
        }
        if self.unshared.load(Ordering::Acquire) {
            drop(turn);
        }
        self.connect(connect).await
    }

    async fn connect<C: Connection>(
        &self,
        connect: impl Future<Output = Result<C, BoxError>>,
    ) -> Result<C, BoxError> {
        let connection = connect.await?;
        self.counters.count_opened();
        if connection.connected().is_negotiated_h2() {
            self.shared.fetch_add(1, Ordering::AcqRel);
            self.unshared.store(false, Ordering::Release);
        } else {
            self.unshared.store(true, Ordering::Release);
        }
        Ok(connection)
    }
}

impl<S> Layer<S> for Opening {
    type Service = Opener<S>;

    fn layer(&self, connector: S) -> Opener<S> {
        Opener { gate: Arc::clone(&self.0), connector }
    }
}

/// What the layer makes of a connector.
#[derive(Clone)]
pub(crate) struct Opener<S> {
    gate: Arc<Gate>,
    connector: S,
}

impl<S> fmt::Debug for Opener<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl<S, Target> Service<Target> for Opener<S>
where
    S: Service<Target, Error = BoxError> + Clone + Send + 'static,
    S::Response: Connection + Send,
    S::Future: Send,
    Target: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let gate = Arc::clone(&self.gate);
        // The one that was found ready is the one to be called.
        let next = self.connector.clone();
        let mut connector = std::mem::replace(&mut self.connector, next);
        Box::pin(async move { gate.open(async move { connector.call(target).await }).await })
    }
}

#[cfg(test)]
mod tests;

//! What the stand-ins of Zendesk, Jira and Stripe have in common: records that survive the process, a
//! log of what was received, faults, and pages for people. Each of them adds its routes and its words.

mod call;
mod faults;
mod page;
mod records;
mod reply;
mod router;

pub use faults::{Fault, FaultRule, Scope};

pub(crate) use call::Call;
pub(crate) use page::{article, escape, frame};
pub(crate) use records::Records;
pub(crate) use reply::Reply;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use domain::{Clock, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

use crate::standin::lock;
use crate::standin::log::{Log, ReceivedRequest};

/// How many requests are remembered.
const KEEP_REQUESTS: usize = 1_000;

/// One service's routes and words.
pub(crate) trait Service: Default + Send + 'static {
    /// What is kept, and written to the journal.
    type Record: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + 'static;

    /// Answers a request of the API.
    fn answer(&mut self, call: &Call, records: &mut Records<Self::Record>, now: Timestamp) -> Reply;

    /// An error in the service's words, with which nothing was done.
    fn error(status: u16, message: &str) -> Reply;

    /// Whether a path is one of the API; every other one is a page.
    fn is_api(path: &str) -> bool;

    /// The page at a path: its title and body; `None` when there is none.
    fn page(&self, segments: &[&str], records: &[Self::Record]) -> Option<(String, String)>;

    /// The name that pages tell.
    const TITLE: &'static str;
}

/// A stand-in: a cheap handle, all clones of which share one state.
pub(crate) struct Rest<S: Service>(Arc<Shared<S>>);

/// Everything that one stand-in knows.
struct Shared<S: Service> {
    clock: Clock,
    state: Mutex<(S, Records<S::Record>)>,
    log: Log,
    rules: Mutex<Vec<(FaultRule, u64)>>,
}

impl<S: Service> Clone for Rest<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service> fmt::Debug for Rest<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} stand-in", S::TITLE)
    }
}

impl<S: Service> Rest<S> {
    /// A stand-in that keeps everything in memory.
    pub(crate) fn in_memory(clock: Clock) -> Self {
        Self::with(clock, Records::default())
    }

    /// A stand-in whose records survive the process in this file. Fails when it cannot be opened, is in
    /// use by another process, or is no journal of this stand-in.
    pub(crate) fn open(clock: Clock, journal: &Path) -> io::Result<Self> {
        Ok(Self::with(clock, Records::open(journal)?))
    }

    fn with(clock: Clock, records: Records<S::Record>) -> Self {
        Self(Arc::new(Shared {
            clock,
            state: Mutex::new((S::default(), records)),
            log: Log::new(KEEP_REQUESTS),
            rules: Mutex::default(),
        }))
    }

    /// All routes.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(router::handle::<S>).with_state(self.clone())
    }

    /// Serves until the future is dropped. The error is the listener's.
    pub(crate) async fn serve(&self, listener: TcpListener) -> io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    /// The last requests, oldest first.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.0.log.requests()
    }

    /// The requests answered from number `from` on, and the number to go on with.
    pub(crate) fn requests_since(&self, from: u64) -> (u64, Vec<ReceivedRequest>) {
        self.0.log.since(from)
    }

    /// Replaces the faults that apply.
    pub(crate) fn set_faults(&self, rules: Vec<FaultRule>) {
        *lock(&self.0.rules) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }

    /// The present.
    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What is made of the service's state and its records.
    pub(crate) fn with_state<T>(&self, look: impl FnOnce(&mut S, &mut Records<S::Record>) -> T) -> T {
        let (service, records) = &mut *lock(&self.0.state);
        look(service, records)
    }

    /// The faults of a request that does or does not change something.
    fn faults(&self, writes: bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (rule, happened) in lock(&self.0.rules).iter_mut() {
            if rule.covers(writes) && rule.first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(rule.fault);
            }
        }
        faults
    }
}

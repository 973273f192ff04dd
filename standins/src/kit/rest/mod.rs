//! What the stand-ins of Zendesk, Jira and Stripe have in common besides what all of them have: records
//! that are made and never changed, and one way from a request to its answer. Each of them adds its
//! routes and its words.

mod call;
mod faults;
mod records;
mod reply;
mod router;

pub use faults::{Fault, FaultRule};

pub(crate) use call::Call;
pub(crate) use records::Records;
pub(crate) use reply::Reply;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::response::Response;
use domain::{Clock, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::kit::config::Builder;
use crate::kit::handle::{Core, Standin, State};
use crate::kit::lock;

/// One service's routes and words.
pub trait Service: Default + Send + 'static {
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

/// A stand-in whose service has a REST API.
pub(crate) type Rest<S> = Standin<Shared<S>>;

/// Everything that one stand-in knows.
pub struct Shared<S: Service> {
    core: Core<Fault>,
    state: Mutex<(S, Records<S::Record>)>,
}

impl<S: Service> Shared<S> {
    fn with(clock: Clock, records: Records<S::Record>) -> Self {
        let core = Core::new(&Builder::<Fault, ()>::default().clock(clock));
        Self { core, state: Mutex::new((S::default(), records)) }
    }

    /// What is made of the service's state and its records.
    fn with_state<T>(&self, look: impl FnOnce(&mut S, &mut Records<S::Record>) -> T) -> T {
        let (service, records) = &mut *lock(&self.state);
        look(service, records)
    }
}

impl<S: Service> State for Shared<S> {
    type Fault = Fault;

    fn core(&self) -> &Core<Fault> {
        &self.core
    }

    async fn answer(shared: Arc<Self>, request: Request) -> Response {
        router::handle(&shared, request).await
    }
}

impl<S: Service> Default for Shared<S> {
    fn default() -> Self {
        Self::with(Clock::system(), Records::default())
    }
}

impl<S: Service> Rest<S> {
    /// A stand-in whose records survive the process in this file.
    ///
    /// # Errors
    /// When it cannot be opened, is in use by another process, or is no journal of this stand-in.
    pub fn open(clock: Clock, journal: &Path) -> io::Result<Self> {
        Ok(Self::of(Shared::with(clock, Records::open(journal)?)))
    }

    /// What is made of the service's state and its records.
    pub(crate) fn with_state<T>(&self, look: impl FnOnce(&mut S, &mut Records<S::Record>) -> T) -> T {
        self.0.with_state(look)
    }
}

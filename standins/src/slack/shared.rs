//! [`Shared`]: the state behind all handles of one stand-in.

use std::io;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::response::Response;
use domain::Timestamp;

use super::config::Builder;
use super::faults::Fault;
use super::respond::Refusal;
use super::router::{self, Call};
use super::store::Store;
use crate::kit::handle::{Core, State};

/// Everything one stand-in knows.
pub struct Shared {
    core: Core<Fault>,
    /// Channels and messages.
    pub(super) store: Mutex<Store>,
}

impl Shared {
    /// The state of the journal that the settings name, if they do.
    pub(super) fn open(settings: &Builder) -> io::Result<Self> {
        let store = settings.journal.as_deref().map_or_else(|| Ok(Store::default()), Store::open)?;
        Ok(Self::with(settings, store))
    }

    fn with(settings: &Builder, store: Store) -> Self {
        Self { core: Core::new(settings), store: Mutex::new(store) }
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// The faults of a request: those its header asks for, and those of the rules.
    pub(super) fn faults(&self, call: &Call) -> Result<Vec<Fault>, Refusal> {
        let faults = self.core.faults.of(&call.headers, call.writes(), Fault::parse);
        faults.map_err(|error| Refusal::because("invalid_arguments", error))
    }
}

impl State for Shared {
    type Fault = Fault;

    fn core(&self) -> &Core<Fault> {
        &self.core
    }

    async fn answer(shared: Arc<Self>, request: Request) -> Response {
        router::handle(&shared, request).await
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::with(&Builder::default(), Store::default())
    }
}

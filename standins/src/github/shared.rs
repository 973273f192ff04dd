//! [`Shared`]: the state behind all handles of one stand-in, who gets which fault, and the rate limit.

use std::io;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::response::Response;
use domain::Timestamp;
use http::Method;

use super::auth::{Caller, Tokens};
use super::config::{Builder, Settings};
use super::faults::Fault;
use super::respond::Refusal;
use super::router::{self, Call};
use super::store::Store;
use crate::kit::handle::{Core, State};
use crate::kit::lock;

const HOUR: i64 = 3_600;

/// The hourly limit that the headers speak of when none is set.
const NOMINAL_LIMIT: u64 = 5_000;

/// Everything one stand-in knows.
pub struct Shared {
    core: Core<Fault>,
    settings: Settings,
    /// Issues, comments, labels.
    pub(super) store: Mutex<Store>,
    /// Installation tokens.
    pub(super) tokens: Mutex<Tokens>,
    /// The hour that is counted (its end), and the requests in it.
    rate: Mutex<(i64, u64)>,
}

impl Shared {
    /// The state of the journal that the settings name, if they do.
    pub(super) fn open(settings: &Builder) -> io::Result<Self> {
        let store = settings.journal.as_deref().map_or_else(|| Ok(Store::in_memory()), Store::open)?;
        Ok(Self::with(settings, store))
    }

    fn with(settings: &Builder, store: Store) -> Self {
        Self {
            core: Core::new(settings),
            settings: settings.own.clone(),
            store: Mutex::new(store),
            tokens: Mutex::default(),
            rate: Mutex::default(),
        }
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.core.now()
    }

    /// The hourly limit that the headers speak of.
    pub(super) fn limit(&self) -> u64 {
        self.settings.rate_limit.unwrap_or(NOMINAL_LIMIT)
    }

    /// The login under which a caller writes.
    pub(super) fn login(&self, caller: Caller) -> String {
        let login = &self.settings.login;
        if caller == Caller::Person { login.clone() } else { format!("{login}[bot]") }
    }

    /// The login of the owner of every personal token; the slug of the App.
    pub(super) fn account(&self) -> &str {
        &self.settings.login
    }

    /// The faults of a request: those its header asks for, and those of the rules.
    pub(super) fn faults(&self, call: &Call) -> Result<Vec<Fault>, Refusal> {
        let writes = call.method != Method::GET;
        let faults = self.core.faults.of(&call.headers, writes, Fault::parse);
        faults.map_err(|error| Refusal::new(400, error))
    }

    /// Counts a request; how many remain of this hour (none if it is one too many), and the hour's end.
    pub(super) fn spend(&self, now: i64) -> (Option<u64>, i64) {
        let (end, used) = &mut *lock(&self.rate);
        if now >= *end {
            (*end, *used) = (now.saturating_add(HOUR), 0);
        }
        *used += 1;
        let left = match self.settings.rate_limit {
            Some(limit) => limit.checked_sub(*used),
            None => Some(NOMINAL_LIMIT.saturating_sub(*used).max(1)),
        };
        (left, *end)
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
        Self::with(&Builder::default(), Store::in_memory())
    }
}

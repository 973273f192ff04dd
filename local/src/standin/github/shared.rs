//! [`Shared`]: the state behind all handles of one stand-in, who gets which fault, and the rate limit.

use domain::Timestamp;
use http::Method;
use std::fmt;
use std::io;
use std::sync::Mutex;

use super::auth::{Caller, Tokens};
use super::config::Builder;
use super::faults::{Fault, FaultRule};
use super::respond::Refusal;
use super::router::Call;
use super::store::Store;
use crate::standin::counts::Counts;
use crate::standin::lock;
use crate::standin::log::Log;

const HOUR: i64 = 3_600;

/// The hourly limit that the headers speak of when none is set.
pub(super) const NOMINAL_LIMIT: u64 = 5_000;

/// Everything one stand-in knows.
pub(super) struct Shared {
    /// How it behaves.
    pub(super) settings: Builder,
    /// Issues, comments, labels.
    pub(super) store: Mutex<Store>,
    /// What it received.
    pub(super) log: Log,
    /// Installation tokens.
    pub(super) tokens: Mutex<Tokens>,
    rules: Mutex<Vec<(FaultRule, u64)>>,
    counts: Mutex<Counts>,
    /// The hour that is counted (its end), and the requests in it.
    rate: Mutex<(i64, u64)>,
}

impl Shared {
    /// A state without a journal.
    pub(super) fn in_memory(settings: Builder) -> Self {
        Self::with(settings, Store::in_memory())
    }

    /// The state of the journal that the settings name, if they do.
    pub(super) fn open(settings: Builder) -> io::Result<Self> {
        let store = settings.journal.as_deref().map_or_else(|| Ok(Store::in_memory()), Store::open)?;
        Ok(Self::with(settings, store))
    }

    fn with(settings: Builder, store: Store) -> Self {
        Self {
            store: Mutex::new(store),
            log: Log::new(settings.keep_requests),
            tokens: Mutex::default(),
            rules: Mutex::new(settings.faults.iter().map(|rule| (*rule, 0)).collect()),
            counts: Mutex::default(),
            rate: Mutex::default(),
            settings,
        }
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Replaces the rules.
    pub(super) fn set_rules(&self, rules: Vec<FaultRule>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| (rule, 0)).collect();
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
        let mut faults = Vec::new();
        let key = call.header("x-standin-fault-key").unwrap_or_default();
        for spec in
            call.header("x-standin-fault").unwrap_or_default().split(',').filter(|s| !s.trim().is_empty())
        {
            let (fault, first) =
                Fault::parse(spec).map_err(|e| Refusal::new(400, format!("x-standin-fault: {e}")))?;
            if lock(&self.counts).take(&format!("{key}\0{spec}"), first) {
                faults.push(fault);
            }
        }
        for (rule, happened) in lock(&self.rules).iter_mut() {
            if rule.covers(call.method == Method::GET) && rule.first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(rule.fault);
            }
        }
        Ok(faults)
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

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

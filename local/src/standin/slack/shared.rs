//! [`Shared`]: the state behind all handles of one stand-in, and who gets which fault.

use domain::Timestamp;
use std::fmt;
use std::io;
use std::sync::Mutex;

use super::config::Builder;
use super::faults::{Fault, FaultRule};
use super::respond::Refusal;
use super::router::Call;
use super::store::Store;
use crate::standin::counts::Counts;
use crate::standin::lock;
use crate::standin::log::Log;

/// Everything one stand-in knows.
pub(super) struct Shared {
    /// How it behaves.
    pub(super) settings: Builder,
    /// Channels and messages.
    pub(super) store: Mutex<Store>,
    /// What it received.
    pub(super) log: Log,
    rules: Mutex<Vec<(FaultRule, u64)>>,
    counts: Mutex<Counts>,
}

impl Shared {
    /// A state without a journal.
    pub(super) fn in_memory(settings: Builder) -> Self {
        Self::with(settings, Store::default())
    }

    /// The state of the journal that the settings name, if they do.
    pub(super) fn open(settings: Builder) -> io::Result<Self> {
        let store = settings.journal.as_deref().map_or_else(|| Ok(Store::default()), Store::open)?;
        Ok(Self::with(settings, store))
    }

    fn with(settings: Builder, store: Store) -> Self {
        Self {
            store: Mutex::new(store),
            log: Log::new(settings.keep_requests),
            rules: Mutex::new(settings.faults.iter().map(|rule| (*rule, 0)).collect()),
            counts: Mutex::default(),
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

    /// The faults of a request: those its header asks for, and those of the rules.
    pub(super) fn faults(&self, call: &Call) -> Result<Vec<Fault>, Refusal> {
        let mut faults = Vec::new();
        let key = call.header("x-standin-fault-key");
        for spec in call.header("x-standin-fault").split(',').filter(|spec| !spec.trim().is_empty()) {
            let (fault, first) = Fault::parse(spec).map_err(|error| {
                Refusal::because("invalid_arguments", format!("x-standin-fault: {error}"))
            })?;
            if lock(&self.counts).take(&format!("{key}\0{spec}"), first) {
                faults.push(fault);
            }
        }
        for (rule, happened) in lock(&self.rules).iter_mut() {
            if rule.covers(call.writes()) && rule.first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(rule.fault);
            }
        }
        Ok(faults)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
    }
}

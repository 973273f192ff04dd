//! [`Shared`]: the state behind all handles of one stand-in, and who gets which fault.

use domain::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::builder::{Builder, Latency};
use super::caches::Caches;
use super::errors::ApiError;
use super::faults::{Counts, Fault, FaultRule};
use super::log::{Counters, ReceivedRequest};
use super::models::concrete;
use super::quota::Usage;
use super::router::Call;
use crate::kit::{Log, lock};

/// Everything one stand-in knows.
#[derive(Debug)]
pub(super) struct Shared {
    /// How it behaves.
    pub(super) settings: Builder,
    /// What it received.
    pub(super) log: Log<ReceivedRequest>,
    /// Figures since the start.
    pub(super) counters: Arc<Mutex<Counters>>,
    /// Context caches.
    pub(super) caches: Mutex<Caches>,
    rules: Mutex<Vec<(FaultRule, u64)>>,
    counts: Counts,
    usage: Mutex<Usage>,
    rng: Mutex<fastrand::Rng>,
    serial: AtomicU64,
}

impl Shared {
    /// A fresh state.
    pub(super) fn new(settings: Builder) -> Self {
        let rules = settings.faults.iter().cloned().map(|rule| (rule, 0)).collect();
        Self {
            log: Log::new(settings.keep_requests),
            counters: Arc::default(),
            caches: Mutex::default(),
            rules: Mutex::new(rules),
            counts: Mutex::default(),
            usage: Mutex::default(),
            rng: Mutex::new(fastrand::Rng::with_seed(settings.seed)),
            serial: AtomicU64::new(0),
            settings,
        }
    }

    /// The present.
    pub(super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Whether anybody can see the requests' bodies: a benchmark that keeps none need not pay for them.
    pub(super) fn reads_bodies(&self) -> bool {
        self.keeps_bodies() || self.settings.script.is_some()
    }

    /// Whether the log keeps them.
    pub(super) fn keeps_bodies(&self) -> bool {
        self.settings.keep_requests > 0 && self.settings.keep_bodies
    }

    /// A new id of `length` digits of base 16, behind all that were given before.
    pub(super) fn id(&self, length: usize) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let width = length.saturating_sub(11);
        format!("{:011x}{serial:0width$x}", self.now().as_millisecond())
    }

    /// Takes one call out of the model's quota.
    pub(super) fn take_quota(&self, model: &str) -> Result<(), ApiError> {
        let quota = self.settings.quotas.get(model);
        quota.map_or(Ok(()), |rpm| lock(&self.usage).take(model, *rpm, self.now()))
    }

    /// How long the model thinks about a call.
    pub(super) fn latency(&self) -> Duration {
        match self.settings.latency {
            Latency::Fixed(time) => time,
            Latency::Between(low, high) => low + high.saturating_sub(low).mul_f64(lock(&self.rng).f64()),
        }
    }

    /// The faults of a call: those its header asks for, and for calls of a model the rules too.
    pub(super) fn faults(&self, call: &Call, model: Option<&str>) -> Result<Vec<Fault>, ApiError> {
        let asked_for = Fault::asked_for(&call.headers, &self.counts);
        let mut faults = asked_for.map_err(ApiError::invalid)?;
        if let Some(model) = model {
            let mut rules = lock(&self.rules);
            faults.extend(rules.iter_mut().filter_map(|rule| self.ruled(rule, model)));
        }
        Ok(faults)
    }

    fn ruled(&self, (rule, happened): &mut (FaultRule, u64), model: &str) -> Option<Fault> {
        let applies = rule.model.as_deref().is_none_or(|wanted| concrete(wanted) == concrete(model))
            && rule.first.is_none_or(|first| *happened < first)
            && (rule.share >= 1.0 || lock(&self.rng).f64() < rule.share);
        *happened += u64::from(applies);
        applies.then_some(rule.fault)
    }

    /// Replaces the rules.
    pub(super) fn set_rules(&self, rules: Vec<FaultRule>) {
        *lock(&self.rules) = rules.into_iter().map(|rule| (rule, 0)).collect();
    }
}

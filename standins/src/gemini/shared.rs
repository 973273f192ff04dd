//! [`Shared`]: the state behind all handles of one stand-in, and who gets which fault.

use domain::{Timestamp, after, between};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::builder::{Builder, Latency};
use super::caches::Caches;
use super::errors::ApiError;
use super::faults::{Counts, Fault, over_quota};
use super::log::{Counters, ReceivedRequest};
use super::models::concrete;
use super::router::Call;
use super::vertex::Tokens;
use crate::kit::{Log, Rules, lock};

const MINUTE: Duration = Duration::from_secs(60);

/// Everything one stand-in knows.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: Builder,
    pub(super) log: Log<ReceivedRequest>,
    pub(super) counters: Arc<Mutex<Counters>>,
    pub(super) caches: Mutex<Caches>,
    pub(super) tokens: Mutex<Tokens>,
    /// What goes wrong without being asked for, by model.
    pub(super) rules: Rules<Fault, String>,
    counts: Counts,
    /// When every model with a quota was asked within the last minute.
    usage: Mutex<HashMap<String, Vec<Timestamp>>>,
    serial: AtomicU64,
}

impl Shared {
    pub(super) fn new(settings: Builder) -> Self {
        let rules = Rules::new();
        rules.set(settings.faults.clone());
        Self {
            log: Log::new(settings.keep_requests),
            counters: Arc::default(),
            caches: Mutex::default(),
            tokens: Mutex::default(),
            rules,
            counts: Mutex::default(),
            usage: Mutex::default(),
            serial: AtomicU64::new(0),
            settings,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Whether the log keeps bodies: a benchmark that keeps none need not pay for them.
    pub(super) fn keeps_bodies(&self) -> bool {
        self.settings.keep_requests > 0 && self.settings.keep_bodies
    }

    /// A new id of `length` digits of base 16, behind all that were given before.
    pub(super) fn id(&self, length: usize) -> String {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let width = length.saturating_sub(11);
        format!("{:011x}{serial:0width$x}", self.now().as_millisecond())
    }

    /// Takes one call out of the model's quota, which is for a sliding minute; a refused call uses nothing up.
    pub(super) fn take_quota(&self, model: &str) -> Result<(), ApiError> {
        let Some(rpm) = self.settings.quotas.get(model) else { return Ok(()) };
        let (now, mut usage) = (self.now(), lock(&self.usage));
        let recent = usage.entry(model.to_owned()).or_default();
        recent.retain(|at| between(*at, now) < MINUTE);
        match recent.first() {
            Some(first) if recent.len() as u64 >= *rpm => {
                let wait = between(now, after(*first, MINUTE)).max(Duration::from_millis(1));
                Err(over_quota("Minute", *rpm, model, wait))
            }
            _ => {
                recent.push(now);
                Ok(())
            }
        }
    }

    pub(super) fn latency(&self) -> Duration {
        match self.settings.latency {
            Latency::Fixed(time) => time,
            Latency::Between(low, high) => low + high.saturating_sub(low).mul_f64(self.rules.draw()),
        }
    }

    /// The faults of a call: those its header asks for, and for calls of a model the rules too.
    pub(super) fn faults(&self, call: &Call, model: Option<&str>) -> Result<Vec<Fault>, ApiError> {
        let mut faults = Fault::asked_for(&call.headers, &self.counts).map_err(ApiError::invalid)?;
        if let Some(model) = model {
            let key = call.header("x-goog-api-key");
            faults.extend(self.rules.of(|wanted| wanted == key || concrete(wanted) == concrete(model)));
        }
        Ok(faults)
    }
}

//! Several environments on one state store, at a time that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, Deferral, Jitter, Model, ModelCall, ModelError, ModelFailure, Timestamp, after};
use gemini::{Config, Gemini, Signals};
use serde_json::Value;

use crate::cache_store::{Watched, value, watched};
use crate::calls::{call, now};

/// What the environments share.
pub(crate) struct Fleet {
    config: Config,
    pub(crate) store: Arc<Watched>,
    passed: Arc<AtomicU64>,
    signals: Arc<Mutex<Vec<String>>>,
    /// What is drawn wherever chance decides.
    pub(crate) draw: f64,
}

impl Fleet {
    pub(crate) fn new(config: Config) -> Self {
        Self { config, store: watched(), passed: Arc::default(), signals: Arc::default(), draw: 0.0 }
    }

    /// One more environment.
    pub(crate) fn environment(&self) -> Gemini {
        self.environment_of(self.config.clone())
    }

    /// One that was configured anew.
    pub(crate) fn environment_of(&self, config: Config) -> Gemini {
        let ms = Arc::clone(&self.passed);
        let clock = Clock::from_fn(move || after(now(), Duration::from_millis(ms.load(Ordering::SeqCst))));
        let told = Arc::clone(&self.signals);
        let signals = Signals::to(move |signal| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{signal:?}"));
        });
        Gemini::new(config, Arc::clone(&self.store) as _, signals, clock, Jitter::fixed(self.draw)).unwrap()
    }

    /// Lets time pass for all of them.
    pub(crate) fn pass(&self, time: Duration) {
        self.passed.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        after(now(), Duration::from_millis(self.passed.load(Ordering::SeqCst)))
    }

    /// A call at the time now.
    pub(crate) fn call(&self) -> ModelCall {
        ModelCall { deadline: after(self.now(), Duration::from_secs(120)), ..call() }
    }

    /// Why a call of `environment` is put off, until when, and in which words.
    pub(crate) async fn denied(&self, environment: &Gemini) -> (Deferral, Option<Timestamp>, String) {
        deferral(environment.generate(&self.call()).await.unwrap_err())
    }

    /// How often a signal of that name was sent.
    pub(crate) fn told(&self, name: &str) -> usize {
        self.signals.lock().unwrap().iter().filter(|signal| signal.starts_with(name)).count()
    }

    /// The shared value at `key`.
    pub(crate) async fn value(&self, key: &str) -> Option<Value> {
        value(&self.store, key, self.now()).await
    }
}

/// Why a call is put off, until when, and in which words.
pub(crate) fn deferral(error: ModelError) -> (Deferral, Option<Timestamp>, String) {
    match error.failure {
        ModelFailure::Defer { why, not_before } => (why, not_before, error.message),
        other => panic!("{other:?} is no deferral"),
    }
}

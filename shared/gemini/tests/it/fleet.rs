//! Several environments on one state store, at a time that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Acquire, Clock, Expected, Jitter, StateStore, StoreError, Swap, Timestamp, Versioned, after};
use embedded::Embedded;
use gemini::{Config, Gemini, Signals};
use serde_json::Value;

use crate::calls::now;

/// What the environments share.
pub(crate) struct Fleet {
    config: Config,
    store: Arc<Fickle>,
    passed: Arc<AtomicU64>,
    signals: Arc<Mutex<Vec<String>>>,
    /// What is drawn wherever chance decides.
    pub(crate) draw: f64,
}

impl Fleet {
    pub(crate) fn new(config: Config) -> Self {
        let inner = Embedded::in_memory(Clock::fixed(now())).unwrap().stores().state;
        let store =
            Arc::new(Fickle { inner, is_down: AtomicBool::new(false), is_mute: AtomicBool::new(false) });
        Self { config, store, passed: Arc::default(), signals: Arc::default(), draw: 0.0 }
    }

    /// One more environment.
    pub(crate) fn environment(&self) -> Gemini {
        self.environment_of(self.config.clone())
    }

    /// One that was configured anew.
    pub(crate) fn environment_of(&self, config: Config) -> Gemini {
        let passed = Arc::clone(&self.passed);
        let clock =
            Clock::from_fn(move || after(now(), Duration::from_millis(passed.load(Ordering::SeqCst))));
        let told = Arc::clone(&self.signals);
        let signals = Signals::to(move |signal| {
            told.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{signal:?}"));
        });
        let store = Arc::clone(&self.store) as Arc<dyn StateStore>;
        Gemini::new(config, store, signals, clock, Jitter::fixed(self.draw)).unwrap()
    }

    /// Lets time pass for all of them.
    pub(crate) fn pass(&self, time: Duration) {
        self.passed.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        after(now(), Duration::from_millis(self.passed.load(Ordering::SeqCst)))
    }

    /// Whether the store answers.
    pub(crate) fn store_is_down(&self, is_down: bool) {
        self.store.is_down.store(is_down, Ordering::SeqCst);
    }

    /// Whether the store writes and answers nothing.
    pub(crate) fn store_is_mute(&self, is_mute: bool) {
        self.store.is_mute.store(is_mute, Ordering::SeqCst);
    }

    /// How often a signal of that name was sent.
    pub(crate) fn told(&self, name: &str) -> usize {
        self.signals.lock().unwrap().iter().filter(|signal| signal.starts_with(name)).count()
    }

    /// The shared value at `key`.
    pub(crate) async fn value(&self, key: &str) -> Option<Value> {
        self.store.inner.get(key, self.now()).await.unwrap().map(|found| found.value)
    }
}

/// A store that can be down, or lose its answers.
struct Fickle {
    inner: Arc<dyn StateStore>,
    is_down: AtomicBool,
    is_mute: AtomicBool,
}

impl Fickle {
    fn up(&self) -> Result<&dyn StateStore, StoreError> {
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("any", "the store is down")),
            false => Ok(&*self.inner),
        }
    }
}

#[async_trait]
impl StateStore for Fickle {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
        self.up()?.get(key, now).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError> {
        let swap = self.up()?.swap(key, expected, value, now, forget_at).await;
        match self.is_mute.load(Ordering::SeqCst) {
            true => Err(StoreError::unavailable("swap", "the answer was lost")),
            false => swap,
        }
    }

    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError> {
        self.up()?.add(key, amount, forget_at).await
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        self.up()?.acquire(key, owner, now, until).await
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        self.up()?.release(key, owner).await
    }
}

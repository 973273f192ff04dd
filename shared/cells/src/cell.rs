//! [`FleetCell`]: one small state machine, shared by all environments through one conditional write
//! per change.

use std::sync::Arc;
use std::time::Duration;

use domain::{Expected, Jitter, StateStore, StoreError, Swap, Timestamp, Versioned, after};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::lock;
use super::queue::{Batch, Change, Queue, Try, WhenCut, Writes};

/// Conflicts in a row after which a change is given up: with a hundred environments writing without a
/// pause, one write in a hundred gets this far.
const MAX_CONFLICTS: u32 = 60;
/// Wait after a conflict, growing with their number: those who met do not meet again.
const CONFLICT_WAIT: Duration = Duration::from_millis(2);
/// Longest wait between two conflicts.
const MAX_CONFLICT_WAIT: Duration = Duration::from_millis(50);
/// A store that has not answered by then is down, as far as a call to a model is concerned.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);
/// So long a store that was down is not asked again.
const REST: Duration = Duration::from_secs(5);
/// Whoever writes what is left waits longer for the answer: nobody waits for theirs.
const LEFT_TIMEOUT: Duration = Duration::from_secs(4);
/// Between the first two tries to write what is left; twice as long before each further one.
const LEFT_PAUSE: Duration = Duration::from_millis(250);
/// Where the ids of the latest writes stand, beside the fields of the state.
const WRITES: &str = "w";

/// A shared state of type `S` under one key.
///
/// The last known state and its version are kept in memory. A change is applied to that and written on
/// condition that the version still holds; if it does not, the store's answer brings the present state
/// along. So a change costs one write and no read, and nothing in memory is ever believed.
///
/// Changes of this environment that come while a write is under way go out together in the next one:
/// environments contend with each other, the calls within one do not.
///
/// Every write leaves its id in the state. So a write that was made although its answer was lost (a
/// time-out, an error of the store, a client that sent it twice) is recognised at the next contact, and
/// nothing is taken or given back twice.
#[derive(Debug)]
pub struct FleetCell<S> {
    key: String,
    /// How long after its last change the state may be forgotten.
    life: Duration,
    /// Whether a state that cannot be read counts as none.
    begins_anew: bool,
    known: tokio::sync::Mutex<Known<S>>,
    queue: Queue<S>,
}

#[derive(Debug, Default)]
struct Known<S> {
    state: S,
    version: Option<u64>,
    /// Nobody here has heard what became of the last write: what is known may be no more.
    in_doubt: bool,
    writes: Writes,
    /// The store is not asked before.
    down_until: Option<Timestamp>,
}

/// What a [`FleetCell`] needs to write.
#[derive(Clone)]
pub struct Shared {
    /// Where the states are kept.
    pub store: Arc<dyn StateStore>,
    /// Spreads those who write at the same time.
    pub jitter: Jitter,
    /// An id that no other environment has.
    pub fresh_id: fn() -> u32,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl<S> FleetCell<S>
where
    S: Default + Clone + PartialEq + Serialize + DeserializeOwned,
{
    /// The state under `key`, which may be forgotten when nobody has written it for `life`.
    #[must_use]
    pub fn new(key: String, life: Duration) -> Self {
        Self { key, life, begins_anew: true, known: tokio::sync::Mutex::default(), queue: Queue::default() }
    }

    /// The same, whose changes fail while the state there is cannot be read: money that was spent is not zero.
    #[must_use]
    pub fn strict(key: String, life: Duration) -> Self {
        Self { begins_anew: false, ..Self::new(key, life) }
    }

    /// Applies `change` to the shared state. It may be run several times, on other states; the result
    /// is that of the run that was written. A change that changes nothing of a state that is known here is not written, unless the last write is in doubt.
    /// In an error, it may have been written all the same.
    pub async fn change<R: Send + 'static>(
        &self,
        shared: &Shared,
        now: Timestamp,
        when_cut: WhenCut,
        change: impl FnMut(&mut S) -> R + Send + 'static,
    ) -> Result<R, StoreError> {
        let (change, slot) = Change::new(change, when_cut);
        self.queue.push(change);
        let mut known = self.known.lock().await;
        // Somebody may have written it together with their own.
        let written = lock(&slot).take();
        if let Some(outcome) = written {
            return outcome;
        }
        let batch = self.queue.take();
        self.write(shared, now, &mut known, batch, STORE_TIMEOUT).await;
        let outcome = lock(&slot).take();
        outcome.unwrap_or_else(|| Err(StoreError::broken("share", "a change was lost")))
    }

    /// The next change asks the store for the present state: a change that changes nothing is not written, and would
    /// be decided by what this environment remembers.
    pub async fn forget(&self) {
        let mut known = self.known.lock().await;
        *known = Known { down_until: known.down_until, ..Known::default() };
    }

    /// Whether a change waits for the next write.
    pub fn has_left(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Writes what is left of earlier changes, and tries again for no longer than `patience`, also while the store has
    /// its rest: for environments that may be retired before they write again. What is still left then waits as before.
    pub async fn write_left(&self, shared: &Shared, now: Timestamp, patience: Duration) {
        let written = async {
            let mut pause = LEFT_PAUSE;
            while self.has_left() {
                let mut known = self.known.lock().await;
                // Somebody may have written it meanwhile.
                if !self.has_left() {
                    return;
                }
                known.down_until = None;
                let batch = self.queue.take();
                self.write(shared, now, &mut known, batch, LEFT_TIMEOUT).await;
                drop(known);
                if self.has_left() {
                    tokio::time::sleep(shared.jitter.spread(pause)).await;
                    // An outage meets every environment.
                    pause *= 2;
                }
            }
        };
        if tokio::time::timeout(patience, written).await.is_err() {
            tracing::warn!(
                key = self.key,
                "what is left could not be written; the next write of this environment has it"
            );
        }
    }

    /// Leaves `change` to whoever writes next: for those who cannot wait, being dropped.
    pub fn later(&self, when_cut: WhenCut, mut change: impl FnMut(&mut S) + Send + 'static) {
        let (change, _) = Change::new(move |state: &mut S| change(state), when_cut);
        self.queue.push(change);
    }

    async fn write(
        &self,
        shared: &Shared,
        now: Timestamp,
        known: &mut Known<S>,
        mut batch: Batch<'_, S>,
        timeout: Duration,
    ) {
        if known.down_until.is_some_and(|until| now < until) {
            batch.fail(&StoreError::unavailable("share", "the state store did not answer lately"));
            return;
        }
        for conflicts in 1..=MAX_CONFLICTS {
            let mut state = known.state.clone();
            batch.apply(&mut state);
            // Of a state that nobody here has seen, nothing is decided; nor while a write may have changed it, or still may.
            if state == known.state && known.version.is_some() && !known.in_doubt {
                batch.finish();
                return;
            }
            let sent = Try { id: (shared.fresh_id)(), version: known.version.unwrap_or_default() };
            let ids = known.writes.with(sent.id);
            batch.in_flight = Some(sent);
            known.in_doubt = true;
            let swap = self.swap(shared, now, known.version, &state, &ids);
            let swap = tokio::time::timeout(timeout, swap).await;
            match swap.unwrap_or_else(|_| Err(StoreError::unavailable("share", "no answer in time"))) {
                Ok(Swap::Done(version)) => {
                    *known = Known {
                        state,
                        version: Some(version),
                        writes: Writes { ids, version },
                        ..Known::default()
                    };
                    batch.finish();
                    return;
                }
                Ok(Swap::Conflict(current)) => {
                    *known = match current.map(|current| self.read(current)).transpose() {
                        Ok(current) => current.unwrap_or_default(),
                        Err(problem) => {
                            *known = Known::default();
                            batch.fail(&problem);
                            return;
                        }
                    };
                    if !batch.resolve(&known.writes, sent) {
                        return;
                    }
                }
                Err(error) => {
                    known.down_until = Some(after(now, REST));
                    batch.fail(&error);
                    return;
                }
            }
            let ceiling = CONFLICT_WAIT.saturating_mul(conflicts).min(MAX_CONFLICT_WAIT);
            tokio::time::sleep(ceiling.mul_f64(shared.jitter.draw())).await;
        }
        let message = format!("`{}` changed {MAX_CONFLICTS} times while it was being changed", self.key);
        batch.fail(&StoreError::unavailable("share", message));
    }

    async fn swap(
        &self,
        shared: &Shared,
        now: Timestamp,
        version: Option<u64>,
        state: &S,
        ids: &[u32],
    ) -> Result<Swap, StoreError> {
        let mut value = serde_json::to_value(state).map_err(|error| StoreError::broken("share", error))?;
        if let Some(fields) = value.as_object_mut() {
            fields.insert(WRITES.to_owned(), ids.into());
        }
        let expected = version.map_or(Expected::Absent, Expected::Version);
        shared.store.swap(&self.key, expected, &value, now, after(now, self.life)).await
    }

    /// What another version of this program has written and we cannot read counts as nothing: limits
    /// begin anew, and no call fails for it. A strict cell fails.
    fn read(&self, Versioned { value, version }: Versioned) -> Result<Known<S>, StoreError> {
        let ids = value.get(WRITES).and_then(|ids| Vec::deserialize(ids).ok()).unwrap_or_default();
        let state = match serde_json::from_value(value) {
            Err(problem) if self.begins_anew => {
                tracing::warn!(key = self.key, %problem, "shared state cannot be read and begins anew");
                S::default()
            }
            state => state.map_err(|problem| StoreError::broken("share", problem))?,
        };
        let writes = Writes { ids, version };
        Ok(Known { state, version: Some(version), in_doubt: false, writes, down_until: None })
    }
}

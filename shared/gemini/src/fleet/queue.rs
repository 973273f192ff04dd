//! [`Queue`]: changes that wait to be written, in the order in which they came.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use domain::StoreError;

/// What becomes of a change whose write was cut off, so that nobody knows whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenCut {
    /// Written again: to count something twice is safe.
    Repeat,
    /// Dropped: to give something back twice would let more through than there is.
    Drop,
}

/// Where the result of a change is found.
pub(crate) type Slot<R> = Arc<Mutex<Option<Result<R, StoreError>>>>;

/// Tells whoever waits how the write of their change ended.
trait Finish: FnOnce(Result<(), &StoreError>) + Send {}

impl<F: FnOnce(Result<(), &StoreError>) + Send> Finish for F {}

/// A change to a state of type `S`.
pub(crate) struct Change<S> {
    apply: Box<dyn FnMut(&mut S) + Send>,
    finish: Box<dyn Finish>,
    when_cut: WhenCut,
}

impl<S> Change<S> {
    /// `change`, and the slot in which its result will be: that of its last application, which is the
    /// one that was written.
    pub(crate) fn new<R: Send + 'static>(
        mut change: impl FnMut(&mut S) -> R + Send + 'static,
        when_cut: WhenCut,
    ) -> (Self, Slot<R>) {
        let slot: Slot<R> = Arc::default();
        let last: Arc<Mutex<Option<R>>> = Arc::default();
        let (applied, finished) = (Arc::clone(&last), Arc::clone(&slot));
        let apply = move |state: &mut S| *lock(&applied) = Some(change(state));
        let finish = move |written: Result<(), &StoreError>| {
            let outcome = match written {
                Ok(()) => lock(&last).take().map(Ok),
                Err(error) => Some(Err(again(error))),
            };
            *lock(&finished) = outcome;
        };
        (Self { apply: Box::new(apply), finish: Box::new(finish), when_cut }, slot)
    }

    pub(crate) fn apply(&mut self, state: &mut S) {
        (self.apply)(state);
    }
}

impl<S> fmt::Debug for Change<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({:?})", self.when_cut)
    }
}

/// One error for each of those who wrote together.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable { operation, message } => StoreError::unavailable(operation, message),
        StoreError::Broken { operation, message } => StoreError::broken(operation, message),
    }
}

/// Changes that wait.
#[derive(Debug)]
pub(crate) struct Queue<S>(Mutex<VecDeque<Change<S>>>);

impl<S> Default for Queue<S> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<S> Queue<S> {
    pub(crate) fn push(&self, change: Change<S>) {
        lock(&self.0).push_back(change);
    }

    /// All that wait, to be written together.
    pub(crate) fn take(&self) -> Batch<'_, S> {
        Batch { queue: self, changes: std::mem::take(&mut *lock(&self.0)), in_flight: false }
    }
}

/// Changes that are being written. Dropped before the end, those that may be written again go back
/// to the head of the queue: whoever wrote for others leaves nobody waiting.
#[derive(Debug)]
pub(crate) struct Batch<'a, S> {
    queue: &'a Queue<S>,
    changes: VecDeque<Change<S>>,
    /// Whether a write is under way whose outcome is not known.
    pub(crate) in_flight: bool,
}

impl<S> Batch<'_, S> {
    pub(crate) fn apply(&mut self, state: &mut S) {
        self.changes.iter_mut().for_each(|change| change.apply(state));
    }

    /// Tells everybody how it ended.
    pub(crate) fn finish(mut self, outcome: Result<(), &StoreError>) {
        for change in self.changes.drain(..) {
            (change.finish)(outcome);
        }
    }
}

impl<S> Drop for Batch<'_, S> {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue.0);
        while let Some(change) = self.changes.pop_back() {
            if self.in_flight && change.when_cut == WhenCut::Drop {
                (change.finish)(Err(&StoreError::unavailable("share", "the write was cut off")));
            } else {
                queue.push_front(change);
            }
        }
    }
}

/// A panic while the lock was held leaves nothing half done: every holder only moves values.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

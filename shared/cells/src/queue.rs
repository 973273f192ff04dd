//! [`Queue`]: changes that wait to be written, in the order in which they came.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use domain::StoreError;

use super::lock;

/// What becomes of a change whose write fails, or of which nobody can say any more whether it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenCut {
    /// Given up, since whoever asked is told and does something else.
    Forget,
    /// Written later, in doubt again: to count something twice is safe.
    Repeat,
    /// Written later, in doubt not: to give something back twice would let more through than there is.
    Drop,
}

/// A write under way: its id, and the version that it expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Try {
    pub(crate) id: u32,
    pub(crate) version: u64,
}

/// What the store says of the latest writes: their ids, and the version that the last of them made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Writes {
    pub(crate) ids: Vec<u32>,
    pub(crate) version: u64,
}

/// So many writes back a doubtful one can be told from one that was never made.
const REMEMBERED: usize = 16;

impl Writes {
    /// The ids after one more write.
    pub(crate) fn with(&self, id: u32) -> Vec<u32> {
        let skipped = (self.ids.len() + 1).saturating_sub(REMEMBERED);
        self.ids.iter().skip(skipped).copied().chain([id]).collect()
    }

    /// Whether a write that expected `version` would still be among them.
    fn reach(&self, version: u64) -> bool {
        self.version.saturating_sub(version) <= REMEMBERED as u64
    }
}

/// Where the result of a change is found.
pub(crate) type Slot<R> = Arc<Mutex<Option<Result<R, StoreError>>>>;

/// Tells whoever waits how the write of their change ended.
trait Finish: FnOnce(Result<(), &StoreError>) + Send {}

impl<F: FnOnce(Result<(), &StoreError>) + Send> Finish for F {}

/// A change to a state of type `S`.
pub(crate) struct Change<S> {
    apply: Box<dyn FnMut(&mut S) + Send>,
    /// `None` once whoever waited was told.
    finish: Option<Box<dyn Finish>>,
    when_cut: WhenCut,
    /// The writes that may have made it, all on the same version.
    tries: Vec<Try>,
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
                Err(error) => Some(Err(error.clone())),
            };
            *lock(&finished) = outcome;
        };
        let (apply, finish) = (Box::new(apply), Some(Box::new(finish) as Box<dyn Finish>));
        (Self { apply, finish, when_cut, tries: Vec::new() }, slot)
    }

    fn tell(&mut self, outcome: Result<(), &StoreError>) {
        if let Some(finish) = self.finish.take() {
            finish(outcome);
        }
    }

    /// Whether it is still to be written, `sent` having been refused because of `writes`.
    fn is_open(&mut self, writes: &Writes, sent: Try) -> bool {
        let tries = std::mem::take(&mut self.tries);
        if tries.iter().chain([&sent]).any(|one| writes.ids.contains(&one.id)) {
            self.tell(Ok(()));
            return false;
        }
        let is_forgotten = tries.iter().any(|one| !writes.reach(one.version));
        if is_forgotten && self.when_cut == WhenCut::Drop {
            self.tell(Err(&StoreError::unavailable("share", "nobody knows whether it was written")));
            return false;
        }
        true
    }
}

impl<S> fmt::Debug for Change<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({:?})", self.when_cut)
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

    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// All that wait, to be written together.
    pub(crate) fn take(&self) -> Batch<'_, S> {
        Batch { queue: self, changes: std::mem::take(&mut *lock(&self.0)), in_flight: None }
    }
}

/// Changes that are being written. Dropped before the end, they go back to the head of the queue:
/// whoever wrote for others leaves nobody waiting.
#[derive(Debug)]
pub(crate) struct Batch<'a, S> {
    queue: &'a Queue<S>,
    changes: VecDeque<Change<S>>,
    /// A write that is under way, whose outcome is not known.
    pub(crate) in_flight: Option<Try>,
}

impl<S> Batch<'_, S> {
    pub(crate) fn apply(&mut self, state: &mut S) {
        self.changes.iter_mut().for_each(|change| (change.apply)(state));
    }

    /// Everything is written.
    pub(crate) fn finish(mut self) {
        self.changes.drain(..).for_each(|mut change| change.tell(Ok(())));
    }

    /// `sent` was refused because of `writes`: what was written by one of them is done. `false` if
    /// nothing is left to write.
    pub(crate) fn resolve(&mut self, writes: &Writes, sent: Try) -> bool {
        self.in_flight = None;
        self.changes.retain_mut(|change| change.is_open(writes, sent));
        !self.changes.is_empty()
    }

    /// Tells everybody that it failed. What is kept goes back to the queue.
    pub(crate) fn fail(mut self, error: &StoreError) {
        self.changes.iter_mut().for_each(|change| change.tell(Err(error)));
        self.changes.retain(|change| change.when_cut != WhenCut::Forget);
    }
}

impl<S> Drop for Batch<'_, S> {
    fn drop(&mut self) {
        let mut queue = lock(&self.queue.0);
        while let Some(mut change) = self.changes.pop_back() {
            change.tries.extend(self.in_flight);
            queue.push_front(change);
        }
    }
}

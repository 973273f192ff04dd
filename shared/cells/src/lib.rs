//! Small state machines that all environments of a fleet share, each in one item of the state store.
//!
//! [`FleetCell`] (`cell`) is one of them; `queue` has the changes that wait to be written.

mod cell;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use cell::{FleetCell, Shared};
pub use queue::WhenCut;

/// `mutex`, locked. A panic while the lock was held must leave nothing half done: for holders who only move values.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

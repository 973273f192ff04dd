//! What all stand-ins have in common.

pub(crate) mod broken;
pub(crate) mod config;
pub(crate) mod counts;
pub(crate) mod faults;
pub(crate) mod handle;
pub(crate) mod journal;
pub(crate) mod log;
pub(crate) mod page;
pub(crate) mod respond;
pub(crate) mod rest;

pub use handle::{Standin, State};
pub use log::ReceivedRequest;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex of plain data. A stand-in goes on serving after a panic elsewhere: each critical
/// section leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! What all stand-ins have in common: a router with a log and faults, a journal, pages, and the handle
//! that serves them. A service adds its [`State`]: routes, words and what it keeps.

mod builder;
mod call;
mod faults;
mod journal;
mod log;
mod notes;
mod page;
mod reply;
mod rest;
mod router;
mod standin;
mod state;
#[cfg(test)]
pub(crate) mod testing;

pub use builder::Builder;
pub use faults::{Fault, FaultRule, Scope};
pub use log::ReceivedRequest;
pub use notes::{ACCOUNT, Note};
pub use standin::Standin;
pub use state::State;

pub(crate) use call::Call;
pub(crate) use log::Log;
pub(crate) use notes::{Notes, Words};
pub(crate) use page::{article, escape, index};
pub(crate) use reply::{Reply, reset, set, typed};
pub(crate) use rest::{Resource, Rest, Route, rest};
pub(crate) use standin::Kept;
pub(crate) use state::Voice;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex of plain data. A stand-in goes on serving after a panic elsewhere: each critical
/// section leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

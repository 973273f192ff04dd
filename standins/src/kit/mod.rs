//! What all stand-ins have in common: a router with a log and faults, a journal, pages, and the handle
//! that serves them. A service adds its [`State`]: routes, words and what it keeps.

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

pub use faults::{Fault, FaultRule, Scope};
pub use log::ReceivedRequest;
pub use notes::Note;
pub use standin::{Builder, Standin};
pub use state::State;

pub(crate) use call::Call;
pub(crate) use faults::{Rule, Rules};
pub(crate) use log::Log;
pub(crate) use notes::{ACCOUNT, Handler, Notes, Words};
pub(crate) use page::{article, index};
pub(crate) use reply::{Reply, reset, set, typed};
pub(crate) use rest::{Resource, Rest, Route, rest};
pub(crate) use standin::Kept;
pub(crate) use state::Voice;

use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// Locks a mutex of plain data. A stand-in goes on serving after a panic elsewhere: each critical
/// section leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a JSON web token claims. Its signature cannot be checked: nobody gave us the key.
pub(crate) fn claims(token: &str) -> Option<Value> {
    let claims = token.split('.').nth(1)?.trim_end_matches('=');
    serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).ok()?).ok()
}

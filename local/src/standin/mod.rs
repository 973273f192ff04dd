//! Stand-ins for the services outside: [`gemini`], [`github`], [`slack`], [`zendesk`], [`jira`] and
//! [`stripe`].
//!
//! They serve two masters. A person who tries the system without any account must find them
//! believable, so answers fit the question and pages open in a browser. Tests and benchmarks drive
//! them in-process, so every answer is deterministic, time is passed in, and latency, faults and
//! quotas are settings. Nothing here is reached when real credentials are configured.
//!
//! Each stand-in is a cheap handle: build it, keep a clone to look at what it received, and either
//! mount its `router()` or hand a listener to its `serve()`. Neither spawns anything by itself.

mod broken;
mod config;
mod counts;
mod faults;
pub mod gemini;
pub mod github;
mod handle;
pub mod jira;
mod journal;
mod log;
mod page;
mod respond;
mod rest;
pub mod slack;
pub mod stripe;
pub mod zendesk;

pub use log::ReceivedRequest;

pub(crate) use handle::{Standin, State};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex of plain data. A stand-in goes on serving after a panic elsewhere: each critical
/// section leaves its data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

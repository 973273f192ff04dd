//! Passive state machines for calls that may fail: they hold numbers, not sockets or timers.
//!
//! The caller passes time and randomness in and does the waiting, so the same code runs under a
//! test's clock, under virtual time, and in an environment that was frozen for an hour.

mod backoff;
mod deadline;
mod in_place;

pub use backoff::{Backoff, BackoffError};
pub use deadline::Deadline;
pub use in_place::{InPlace, InPlaceError, MAX_RETRIES};

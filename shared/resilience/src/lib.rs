//! Passive state machines for calls that may fail: they hold numbers, not sockets or timers.
//!
//! The caller passes time and randomness in and does the waiting, so the same code runs under a
//! test's clock, under virtual time, and in an environment that was frozen for an hour. Those which
//! a whole fleet shares ([`Quota`], [`LearntLimits`], [`Breaker`], [`Concurrency`]) are serialised into one item of a
//! store: they are small, and total on whatever is read back.

mod backoff;
mod breaker;
mod concurrency;
mod in_place;
mod learnt;
mod quota;
mod time;

pub use backoff::{Backoff, BackoffError};
pub use breaker::{Admission, Breaker, BreakerPolicy, BreakerSpec, Outcome, Pass, PolicyError, Transition};
pub use concurrency::{Concurrency, EndedCall, share};
pub use in_place::{InPlace, InPlaceError, MAX_RETRIES};
pub use learnt::LearntLimits;
pub use quota::{Ask, Denial, Quota, QuotaLimits, Reserve, Urgency};

/// Whether a field need not be written: what is absent is read back as its default.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

//! What goes wrong, as a test sets it.

use std::time::Duration;

use crate::kit::faults;

/// Something that goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error with this HTTP status; nothing was done.
    Status(u16),
    /// 429 with `Retry-After: 30`; nothing was done.
    RateLimited,
    /// What was asked is done, and the connection breaks before the answer.
    Lost,
    /// What was asked is done, and the answer is a 502.
    DoneBut502,
    /// What was asked is done, and no answer ever comes.
    DoneButHangs,
    /// Nothing is done, and no answer ever comes.
    Hang,
    /// The answer comes, but later.
    Slow(Duration),
}

/// A [`Fault`] that applies.
pub type FaultRule = faults::FaultRule<Fault>;

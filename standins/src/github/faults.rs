//! What goes wrong at GitHub: asked for with the header `x-standin-fault: NAME[:N]`, or set by a test.

use std::time::Duration;

use super::respond::Refusal;
use crate::kit::faults;

/// Something that goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error with this HTTP status; nothing was done.
    Status(u16),
    /// 403 of the secondary rate limit with `Retry-After: 60`; nothing was done.
    Secondary,
    /// 403 of the primary rate limit: none remaining until the reset; nothing was done.
    Primary,
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

/// A [`Fault`] that applies without being asked for.
pub type FaultRule = faults::FaultRule<Fault>;

const NAMES: &[(&str, Fault)] = &[
    ("secondary", Fault::Secondary),
    ("primary", Fault::Primary),
    ("lost", Fault::Lost),
    ("done502", Fault::DoneBut502),
    ("donehang", Fault::DoneButHangs),
    ("hang", Fault::Hang),
];

impl Fault {
    /// Reads `secondary`, `lost:1`, `502:2`, `slow:250`, …; the number is the limit to the first N
    /// requests, for `slow` the delay in milliseconds. The error lists what there is.
    pub fn parse(spec: &str) -> Result<(Self, Option<u64>), String> {
        faults::parse(spec, NAMES, Self::Status, Self::Slow)
    }

    /// The refusal with which nothing is done, if it is such a fault.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Status(status) => Some(Refusal::of_status(status)),
            Self::Secondary => Some(Refusal::secondary_limit()),
            Self::Primary => Some(Refusal::primary_limit()),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read() {
        assert_eq!(Fault::parse("lost:1"), Ok((Fault::Lost, Some(1))));
        assert_eq!(Fault::parse("502"), Ok((Fault::Status(502), None)));
        assert_eq!(Fault::parse("slow:5"), Ok((Fault::Slow(Duration::from_millis(5)), None)));
        assert!(Fault::parse("nonsense").unwrap_err().contains("secondary"));
    }
}

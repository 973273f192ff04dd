//! What goes wrong at Slack: asked for with the header `x-standin-fault: NAME[:N]`, or set by a test.

use std::time::Duration;

use super::respond::Refusal;
use crate::kit::faults;

/// Something that goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error with this HTTP status; nothing was done.
    Status(u16),
    /// 200 with `ok: false` and this code; nothing was done.
    Error(&'static str),
    /// 429 with `Retry-After: 30`; nothing was done.
    RateLimited,
    /// What was asked is done, and the connection breaks before the answer.
    Lost,
    /// What was asked is done, and the answer is a 502.
    DoneBut502,
    /// What was asked is done, and the answer is `fatal_error`.
    DoneButFatal,
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
    ("ratelimited", Fault::RateLimited),
    ("lost", Fault::Lost),
    ("done502", Fault::DoneBut502),
    ("donefatal", Fault::DoneButFatal),
    ("donehang", Fault::DoneButHangs),
    ("hang", Fault::Hang),
    ("channel_not_found", Fault::Error("channel_not_found")),
    ("invalid_auth", Fault::Error("invalid_auth")),
    ("internal_error", Fault::Error("internal_error")),
    ("msg_too_long", Fault::Error("msg_too_long")),
    ("not_in_channel", Fault::Error("not_in_channel")),
];

impl Fault {
    /// Reads `ratelimited`, `lost:1`, `502:2`, `slow:250`, …; the number is the limit to the first N
    /// requests, for `slow` the delay in milliseconds. The error lists what there is.
    pub fn parse(spec: &str) -> Result<(Self, Option<u64>), String> {
        faults::parse(spec, NAMES, Self::Status, Self::Slow)
    }

    /// The refusal with which nothing is done, if it is such a fault.
    pub(super) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Status(status) => Some(Refusal::of_status(status)),
            Self::Error(code) => Some(Refusal::new(code)),
            Self::RateLimited => Some(Refusal::rate_limited()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read() {
        assert_eq!(Fault::parse("lost:1"), Ok((Fault::Lost, Some(1))));
        assert_eq!(Fault::parse("502"), Ok((Fault::Status(502), None)));
        assert_eq!(Fault::parse("not_in_channel"), Ok((Fault::Error("not_in_channel"), None)));
        assert_eq!(Fault::parse("slow:5"), Ok((Fault::Slow(Duration::from_millis(5)), None)));
        assert!(Fault::parse("nonsense").is_err_and(|error| error.contains("ratelimited")));
    }
}

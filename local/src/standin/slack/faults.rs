//! What goes wrong at Slack: asked for with the header `x-standin-fault: NAME[:N]`, or set by a test.

use std::time::Duration;

use super::respond::Refusal;

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

/// Which requests a [`FaultRule`] is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Any,
    /// `auth.test` and `conversations.*`.
    Reads,
    /// `chat.*`.
    Writes,
}

/// A [`Fault`] that applies without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// For which requests.
    pub scope: Scope,
    /// Only for the first that many; no limit if `None`.
    pub first: Option<u64>,
}

impl FaultRule {
    /// The fault for every request.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self { fault, scope: Scope::Any, first: None }
    }

    /// The same for these requests only.
    #[must_use]
    pub fn on(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same for the first `requests` only.
    #[must_use]
    pub fn first(mut self, requests: u64) -> Self {
        self.first = Some(requests);
        self
    }

    /// Whether it is for a request of this kind.
    pub(super) fn covers(&self, writes: bool) -> bool {
        match self.scope {
            Scope::Any => true,
            Scope::Reads => !writes,
            Scope::Writes => writes,
        }
    }
}

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
        let (name, number) = match spec.trim().split_once(':') {
            Some((name, number)) => (
                name,
                Some(number.parse::<u64>().map_err(|_| format!("'{number}' in '{spec}' is no number"))?),
            ),
            None => (spec.trim(), None),
        };
        if name == "slow" {
            let millis = number.ok_or("'slow' needs its milliseconds, as in 'slow:250'")?;
            return Ok((Self::Slow(Duration::from_millis(millis)), None));
        }
        if let Some((_, fault)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok((*fault, number));
        }
        match name.parse() {
            Ok(status @ 400..=599) => Ok((Self::Status(status), number)),
            _ => {
                let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
                Err(format!("unknown fault '{name}'; there are: 400 to 599, slow:MS, {}", names.join(", ")))
            }
        }
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

//! What goes wrong, as a test sets it.

use std::time::Duration;

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

/// Which requests a [`FaultRule`] is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    #[default]
    Any,
    /// Those that change nothing.
    Reads,
    /// Those that change something.
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

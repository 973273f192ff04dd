//! The primary rate limit: requests per hour, and the headers that tell how many are left.

use domain::Timestamp;

use crate::kit::Reply;

const HOUR: i64 = 3_600;

/// The hourly limit that the headers speak of when none is set.
const NOMINAL_LIMIT: u64 = 5_000;

/// What is used of the limit.
#[derive(Debug, Clone, Default)]
pub(super) struct Rate {
    /// Requests per hour; none is refused without it.
    pub(super) limit: Option<u64>,
    /// The end of the hour that is counted.
    end: i64,
    used: u64,
}

impl Rate {
    /// Whether one more request is one too many.
    pub(super) fn is_exhausted(&mut self, now: Timestamp) -> bool {
        self.turn(now);
        self.limit.is_some_and(|limit| self.used >= limit)
    }

    /// Counts a request; its answer with the headers. `refused` is for an answer that says so.
    pub(super) fn spend(&mut self, reply: Reply, refused: bool, now: Timestamp) -> Reply {
        self.turn(now);
        self.used += 1;
        let limit = self.limit.unwrap_or(NOMINAL_LIMIT);
        let left = limit.saturating_sub(self.used).max(u64::from(self.limit.is_none()));
        let left = if refused { 0 } else { left };
        reply
            .with("x-ratelimit-limit", limit.to_string())
            .with("x-ratelimit-remaining", left.to_string())
            .with("x-ratelimit-used", (limit - left).to_string())
            .with("x-ratelimit-reset", self.end.to_string())
            .with("x-ratelimit-resource", "core")
    }

    fn turn(&mut self, now: Timestamp) {
        if now.as_second() >= self.end {
            (self.end, self.used) = (now.as_second().saturating_add(HOUR), 0);
        }
    }
}

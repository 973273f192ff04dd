//! GitHub's rate limits, read from an answer.
//!
//! Source: "Rate limits for the REST API" in GitHub's documentation. Both limits come as 403 or 429.
//! `retry-after` rules if it is there; with `x-ratelimit-remaining: 0` the wait lasts until
//! `x-ratelimit-reset`; a secondary limit without either means at least a minute.

use std::time::Duration;

use domain::{Timestamp, between, says};
use outbound::{Answer, HeaderMap, StatusCode};

/// The wait when GitHub names none.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// The primary limit's window: no reset is further away, whatever our clock says.
const WINDOW: Duration = Duration::from_secs(3600);

/// How long to wait if the answer is that of a rate limit; `message` is what its body says.
pub(crate) fn wait(answer: &Answer, message: &str, now: Timestamp) -> Option<Duration> {
    let Answer { status, headers, .. } = answer;
    if !matches!(*status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    let reset = is_exhausted(headers).then(|| until_reset(headers, now));
    let secondary = *status == StatusCode::TOO_MANY_REQUESTS || says(message, &LIMITS);
    answer.retry_after(now).max(reset).or_else(|| secondary.then_some(DEFAULT_WAIT))
}

fn is_exhausted(headers: &HeaderMap) -> bool {
    headers.get("x-ratelimit-remaining").is_some_and(|left| left.as_bytes() == b"0")
}

fn until_reset(headers: &HeaderMap, now: Timestamp) -> Duration {
    let reset = headers.get("x-ratelimit-reset").and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(at) = reset.and_then(|seconds| Timestamp::from_second(seconds).ok()) else {
        return DEFAULT_WAIT;
    };
    // One second more: the header is rounded down.
    (between(now, at) + Duration::from_secs(1)).min(WINDOW)
}

/// What GitHub says of its limits, with or without their headers.
const LIMITS: [&str; 4] = [
    "API rate limit exceeded…",
    "API rate limit already exceeded…",
    "You have exceeded a secondary rate limit…",
    "You have triggered an abuse detection mechanism…",
];

#[cfg(test)]
mod tests {
    use outbound::HeaderValue;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn wait_for(status: u16, headers: &[(&'static str, &str)], message: &str) -> Option<u64> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let now = Timestamp::from_second(NOW).unwrap();
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: map, body: Vec::new() };
        wait(&answer, message, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn primary_limit_waits_until_its_reset() {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000090")];
        assert_eq!(wait_for(403, &headers, "API rate limit exceeded"), Some(91));
        assert_eq!(wait_for(429, &headers, ""), Some(91));
    }

    #[test]
    fn reset_in_the_past_or_too_far_away_is_bounded() {
        let reset = |at| wait_for(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", at)], "");
        assert_eq!(reset("1700000000"), Some(1));
        assert_eq!(reset("1900000000"), Some(3600));
        assert_eq!(reset("soon"), Some(60));
    }

    #[test]
    fn secondary_limit_waits_as_told_in_seconds_or_until_a_date() {
        assert_eq!(wait_for(403, &[("retry-after", "17")], ""), Some(17));
        assert_eq!(wait_for(429, &[("retry-after", "0")], ""), Some(1));
        assert_eq!(wait_for(429, &[("retry-after", "Fri, 15 Jan 2027 08:00:30 GMT")], ""), Some(30));
        assert_eq!(wait_for(429, &[("retry-after", "99999999")], ""), Some(24 * 3600));
    }

    #[test]
    fn secondary_limit_without_a_time_waits_a_minute() {
        assert_eq!(wait_for(403, &[], "You have exceeded a secondary rate limit."), Some(60));
        assert_eq!(wait_for(403, &[], "You have triggered an abuse detection mechanism."), Some(60));
        assert_eq!(wait_for(429, &[], ""), Some(60));
    }

    #[test]
    fn the_longer_of_two_waits_counts() {
        let headers =
            [("retry-after", "5"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000060")];
        assert_eq!(wait_for(403, &headers, ""), Some(61));
    }

    #[test]
    fn a_missing_permission_is_no_rate_limit() {
        assert_eq!(wait_for(403, &[("x-ratelimit-remaining", "4999")], "Resource not accessible"), None);
        assert_eq!(wait_for(404, &[("retry-after", "5")], "rate limit"), None);
        assert_eq!(wait_for(403, &[], "The branch `rate limit` is protected"), None, "a name is no meaning");
    }
}

//! [`Answer`]: what came back for a request.

use std::time::Duration;

use domain::{Timestamp, retry_after};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// The least and the most that a `Retry-After` is believed.
const MIN_RETRY_AFTER: Duration = Duration::from_secs(1);
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Empty when the status is an error and its body could not be read.
    pub body: Vec<u8>,
}

impl Answer {
    /// The wait that the header `Retry-After` asks for at `now`: between a second and a day.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let wait = retry_after(self.headers.get(RETRY_AFTER)?.to_str().ok()?, now)?;
        Some(wait.clamp(MIN_RETRY_AFTER, MAX_RETRY_AFTER))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn waits(value: &str) -> Option<u64> {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_str(value).unwrap())]);
        let answer = Answer { status: StatusCode::TOO_MANY_REQUESTS, headers, body: Vec::new() };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        answer.retry_after(now).map(|wait| wait.as_secs())
    }

    #[test]
    fn a_wait_is_read_in_seconds_or_as_a_date_and_bounded() {
        assert_eq!(waits("17"), Some(17));
        assert_eq!(waits("2.3"), Some(3));
        assert_eq!(waits("0"), Some(1));
        assert_eq!(waits("99999999"), Some(24 * 3600));
        assert_eq!(waits("inf"), Some(24 * 3600));
        assert_eq!(waits("Fri, 15 Jan 2027 08:00:30 GMT"), Some(30));
        assert_eq!(waits("Fri, 15 Jan 2021 08:00:30 GMT"), Some(1));
        assert_eq!(waits("soon"), None);
    }
}

//! Requests per minute, by model. The minute is a sliding window; a refused request uses nothing up.

use domain::{Timestamp, after, between};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::errors::ApiError;
use super::faults::over_quota;

const MINUTE: Duration = Duration::from_secs(60);

/// When every model was asked within the last minute.
#[derive(Debug, Default)]
pub(super) struct Usage(HashMap<String, VecDeque<Timestamp>>);

impl Usage {
    /// Takes one request out of the model's quota of `rpm`, or says that it is used up.
    pub(super) fn take(&mut self, model: &str, rpm: u64, now: Timestamp) -> Result<(), ApiError> {
        let recent = self.0.entry(model.to_owned()).or_default();
        while recent.front().is_some_and(|at| between(*at, now) >= MINUTE) {
            recent.pop_front();
        }
        match recent.front() {
            Some(first) if recent.len() as u64 >= rpm => {
                let wait = between(now, after(*first, MINUTE)).max(Duration::from_millis(1));
                Err(over_quota("Minute", rpm, model, wait))
            }
            _ => {
                recent.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_over_the_rate_is_told_when_to_come_back_and_uses_nothing_up() {
        let at = |seconds: i64| Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let mut usage = Usage::default();
        usage.take("m", 2, at(0)).unwrap();
        usage.take("m", 2, at(10)).unwrap();
        let error = usage.take("m", 2, at(20)).unwrap_err();
        assert_eq!((error.http_status().as_u16(), error.status()), (429, "RESOURCE_EXHAUSTED"));
        let details = error.body()["error"]["details"].clone();
        let violation = &details[0]["violations"][0];
        assert_eq!(violation["quotaId"], "GenerateRequestsPerMinutePerProjectPerModel");
        assert_eq!((&violation["quotaValue"], &details[2]["retryDelay"]), (&"2".into(), &"40s".into()));
        usage.take("m", 2, at(60)).unwrap();
        usage.take("other", 2, at(20)).unwrap();
    }
}

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

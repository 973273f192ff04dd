//! Quotas per model: requests and input tokens per minute, requests per day.
//!
//! The minute is a sliding window. The day is that of the Pacific time zone, as at Google. A refused
//! request uses nothing up.

use domain::{Timestamp, after, between};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::errors::ApiError;
use super::faults::over_quota;

const MINUTE: Duration = Duration::from_secs(60);

/// The limits of one model; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests per minute.
    pub rpm: Option<u64>,
    /// Input tokens per minute.
    pub tpm: Option<u64>,
    /// Requests per day.
    pub rpd: Option<u64>,
}

/// What has been used of every model's quota.
#[derive(Debug, Default)]
pub(super) struct Usage(HashMap<String, ModelUsage>);

#[derive(Debug, Default)]
struct ModelUsage {
    recent: VecDeque<(Timestamp, u64)>,
    day: Option<jiff::civil::Date>,
    today: u64,
}

impl Usage {
    /// Takes one request of `tokens` out of the model's quota, or says which limit stands in the way.
    pub(super) fn take(
        &mut self,
        model: &str,
        quota: Quota,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let used = self.0.entry(model.to_owned()).or_default();
        used.forget(now);
        if let Some(refusal) = used.refusal(model, quota, tokens, now) {
            return Err(refusal);
        }
        used.recent.push_back((now, tokens));
        used.today += 1;
        Ok(())
    }
}

impl ModelUsage {
    fn forget(&mut self, now: Timestamp) {
        while self.recent.front().is_some_and(|(at, _)| between(*at, now) >= MINUTE) {
            self.recent.pop_front();
        }
        let date = pacific_date(now);
        if self.day != date {
            self.day = date;
            self.today = 0;
        }
    }

    fn refusal(&self, model: &str, quota: Quota, tokens: u64, now: Timestamp) -> Option<ApiError> {
        let spent: u64 = self.recent.iter().map(|(_, n)| n).sum::<u64>().saturating_add(tokens);
        let over = |metric, id, limit, surplus| {
            Some(over_quota(metric, id, limit, model, Some(self.delay(now, surplus))))
        };
        if let Some(limit) = quota.rpd.filter(|limit| self.today >= *limit) {
            let id = "GenerateRequestsPerDayPerProjectPerModel";
            return over("generate_requests_per_model_per_day", id, limit, 0);
        }
        if let Some(limit) = quota.rpm.filter(|limit| self.recent.len() as u64 >= *limit) {
            let id = "GenerateRequestsPerMinutePerProjectPerModel";
            return over("generate_requests_per_model", id, limit, 0);
        }
        let limit = quota.tpm.filter(|limit| spent > *limit)?;
        let id = "GenerateContentPaidTierInputTokensPerModelPerMinute";
        over("generate_content_paid_tier_input_token_count", id, limit, spent - limit)
    }

    /// How long until one request and `surplus` tokens have left the window.
    fn delay(&self, now: Timestamp, surplus: u64) -> Duration {
        let mut gone = 0_u64;
        for (at, tokens) in &self.recent {
            gone = gone.saturating_add(*tokens);
            if gone >= surplus {
                return between(now, after(*at, MINUTE)).max(Duration::from_millis(1));
            }
        }
        MINUTE
    }
}

fn pacific_date(now: Timestamp) -> Option<jiff::civil::Date> {
    now.in_tz("America/Los_Angeles").ok().map(|zoned| zoned.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn detail(error: &ApiError, kind: &str) -> serde_json::Value {
        let body = error.body();
        let details = body["error"]["details"].as_array().unwrap().clone();
        details.into_iter().find(|d| d["@type"].as_str().unwrap().ends_with(kind)).unwrap()
    }

    #[test]
    fn the_request_over_the_rate_is_told_when_to_come_back() {
        let mut usage = Usage::default();
        let quota = Quota { rpm: Some(2), ..Quota::default() };
        usage.take("m", quota, 1, at(0)).unwrap();
        usage.take("m", quota, 1, at(10)).unwrap();
        let error = usage.take("m", quota, 1, at(20)).unwrap_err();
        assert_eq!(error.http_status(), 429);
        assert_eq!(error.status(), "RESOURCE_EXHAUSTED");
        assert_eq!(detail(&error, "RetryInfo")["retryDelay"], "40s");
        let violation = detail(&error, "QuotaFailure")["violations"][0].clone();
        assert_eq!(violation["quotaId"], "GenerateRequestsPerMinutePerProjectPerModel");
        assert_eq!(violation["quotaValue"], "2");
        usage.take("m", quota, 1, at(60)).unwrap();
        usage.take("other", quota, 1, at(20)).unwrap();
    }

    #[test]
    fn tokens_are_limited_too_and_a_refusal_uses_nothing_up() {
        let mut usage = Usage::default();
        let quota = Quota { tpm: Some(100), ..Quota::default() };
        usage.take("m", quota, 80, at(0)).unwrap();
        let error = usage.take("m", quota, 30, at(1)).unwrap_err();
        assert!(
            detail(&error, "QuotaFailure")["violations"][0]["quotaId"]
                .as_str()
                .unwrap()
                .contains("TokensPerModelPerMinute")
        );
        usage.take("m", quota, 20, at(1)).unwrap();
    }

    #[test]
    fn the_daily_quota_ends_at_midnight_in_california() {
        let mut usage = Usage::default();
        let quota = Quota { rpd: Some(1), ..Quota::default() };
        let before: Timestamp = "2026-11-20T07:59:59Z".parse().unwrap();
        let midnight: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        usage.take("m", quota, 1, before).unwrap();
        let error = usage.take("m", quota, 1, before).unwrap_err();
        assert!(
            detail(&error, "QuotaFailure")["violations"][0]["quotaId"].as_str().unwrap().contains("PerDay")
        );
        usage.take("m", quota, 1, midnight).unwrap();
    }
}

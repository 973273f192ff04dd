//! [`FailureClass`]: what a failed call means for what we do next.

use std::time::Duration;

use domain::{Deferral, Jitter, ModelFailure, Timestamp, after, tells};
use resilience::Backoff;

use super::api_error::ApiError;
use super::{known, pacific};
use crate::http::TransportError;
use crate::signal::CallOutcome;

/// Wait after a hiccup of the network or of one server; the next try meets another one.
const HICCUP: Duration = Duration::from_millis(250);
/// Ceilings of the wait after "too many requests" and "overloaded": 1, 2, 4 … 32 s.
const BACKOFF: Backoff = match Backoff::new(Duration::from_secs(1), Duration::from_secs(32)) {
    Ok(backoff) => backoff,
    Err(_) => panic!("the ceilings are out of order"),
};
/// How soon a task asks again that meets what is refused to these credentials.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(60);
/// A rate that is used up is not there again sooner, whatever is drawn.
const RATE: Duration = Duration::from_secs(1);
/// Wait for money: the window of a spend limit is ten minutes and rolls, so a minute frees a tenth of it on average.
const SPEND_WAIT: Duration = Duration::from_secs(60);

/// What a failed call means. Rules: the status first, then all details of the body together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The rate is used up: wait, at least as long as we are told.
    Throttled {
        /// What we are told.
        retry_after: Option<Duration>,
    },
    /// The day's requests are used up.
    DayUsedUp {
        /// When they are counted anew.
        until: Timestamp,
    },
    /// The model has more to do than it can.
    Overloaded {
        /// What we are told to wait.
        retry_after: Option<Duration>,
    },
    /// The service could not be reached, or the connection died.
    Unreachable,
    /// The service failed at this request; the request itself may be the reason.
    Stumbled,
    /// The model does not exist, or no longer.
    ModelRefused,
    /// The project has no access to this model: its limit is 0, or somebody does not allow it.
    NoAccess,
    /// The money of the account is used up, or its monthly cap: no rate, and nothing that passes soon.
    NoMoney,
    /// The key, the project, the place or the address is refused, whatever is asked.
    AccountRefused,
    /// The service takes no call with so little time, whatever is asked.
    TooLittleTime,
    /// This model refuses this one request: it is too long, or asks for what the model does not know.
    RequestRefused,
    /// What we ask for cannot be sent at all: it is too large.
    Refused,
}

impl FailureClass {
    /// What `error` means at `now`.
    #[must_use]
    pub fn of_error(error: &ApiError, now: Timestamp) -> Self {
        let retry_after = error.retry_after;
        match error.status {
            _ if error.is_without_money() => Self::NoMoney,
            _ if error.is_of_the_account() => Self::AccountRefused,
            _ if error.is_of_the_model() => Self::NoAccess,
            429 if error.is_without_access() => Self::NoAccess,
            429 if error.is_daily() => Self::DayUsedUp { until: pacific::next_midnight(now) },
            429 if error.is_spend_limit() => {
                Self::Throttled { retry_after: retry_after.max(Some(SPEND_WAIT)) }
            }
            429 => Self::Throttled { retry_after },
            503 => Self::Overloaded { retry_after },
            502 => Self::Unreachable,
            408 | 409 | 499 | 500.. => Self::Stumbled,
            404 if error.is_missing() => Self::ModelRefused,
            400 if tells(&error.message, &known::TOO_SHORT) => Self::TooLittleTime,
            // A file that this request names, and others do not.
            400 | 403 | 422 => Self::RequestRefused,
            413 => Self::Refused,
            // Google says nothing else: a redirect, a proxy, a gateway without that path. No task fails for what the next
            // one meets, too.
            _ => Self::AccountRefused,
        }
    }

    pub(crate) fn of_transport(error: TransportError) -> Self {
        match error {
            TransportError::Connect | TransportError::Broken => Self::Unreachable,
            TransportError::TimedOut(_) | TransportError::Silent(_) | TransportError::TooLarge => {
                Self::Stumbled
            }
            TransportError::Setup | TransportError::RequestTooLarge(_) => Self::Refused,
        }
    }

    /// How long to wait before the same request may be sent again, after `failures` failures in a
    /// row; `None` if it must not be.
    #[must_use]
    pub fn wait(self, failures: u32, jitter: &Jitter) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } | Self::Overloaded { retry_after } => {
                let delay = BACKOFF.delay(failures, jitter.draw());
                let is_rate = matches!(self, Self::Throttled { .. });
                let untold = if is_rate { RATE + delay } else { delay };
                Some(retry_after.map_or(untold, |told| told.max(delay)))
            }
            Self::Unreachable | Self::Stumbled => Some(jitter.spread(HICCUP)),
            _ => None,
        }
    }

    /// How long the fleet leaves the model alone before one call tries again; `None` if the next may fare better.
    #[must_use]
    pub fn parks(self) -> Option<Duration> {
        match self {
            Self::ModelRefused => Some(Duration::from_secs(3_600)),
            Self::NoMoney | Self::NoAccess => Some(Duration::from_secs(300)),
            Self::AccountRefused => Some(Duration::from_secs(180)),
            _ => None,
        }
    }

    /// What the caller is told when waiting in place was of no use.
    ///
    /// Without a word from the service there is no time to name: only the caller knows how often
    /// the task was put off before, so the back-off across deferrals is the caller's.
    #[must_use]
    pub fn failure(self, now: Timestamp) -> ModelFailure {
        use Deferral::{DailyQuota, Quota, Unavailable};
        let told = |wait: Option<Duration>| wait.map(|wait| after(now, wait));
        let (why, not_before) = match self {
            Self::Throttled { retry_after } => (Quota, told(retry_after)),
            Self::DayUsedUp { until } => (DailyQuota, Some(until)),
            Self::Overloaded { retry_after } => (Unavailable, told(retry_after)),
            Self::Unreachable | Self::TooLittleTime => (Unavailable, None),
            Self::NoMoney | Self::AccountRefused | Self::ModelRefused | Self::NoAccess => {
                (Unavailable, told(Some(ASK_AGAIN)))
            }
            Self::Stumbled => return ModelFailure::Retry,
            Self::RequestRefused | Self::Refused => return ModelFailure::Refused,
        };
        ModelFailure::Defer { why, not_before }
    }

    /// What figures say of it.
    pub(crate) fn call_outcome(self) -> CallOutcome {
        match self {
            Self::Throttled { .. } | Self::DayUsedUp { .. } => CallOutcome::Throttled,
            Self::Overloaded { .. } | Self::Unreachable | Self::Stumbled => CallOutcome::Failed,
            _ => CallOutcome::Refused,
        }
    }

    /// Whether another model might do better.
    #[must_use]
    pub fn is_of_the_model(self) -> bool {
        !matches!(self, Self::Refused | Self::NoMoney | Self::AccountRefused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn class(status: u16, body: Value) -> FailureClass {
        FailureClass::of_error(&ApiError::read(status, &body), now())
    }

    #[test]
    fn without_a_word_the_wait_doubles_and_is_drawn_in_full() {
        let class = class(429, json!(null));
        let most: Vec<u64> = (1..8).map(|n| class.wait(n, &Jitter::fixed(1.0)).unwrap().as_secs()).collect();
        assert_eq!(most, [2, 3, 5, 9, 17, 33, 33]);
        assert_eq!(class.wait(3, &Jitter::fixed(0.0)), Some(RATE));
        assert_eq!(class.failure(now()), ModelFailure::Defer { why: Deferral::Quota, not_before: None });
    }

    #[test]
    fn a_spend_limit_waits_a_minute_and_a_limit_of_zero_is_a_matter_of_the_model() {
        let told = |words: &str| class(429, json!({"error": {"message": words}}));
        assert_eq!(told("spend limit exceeded"), FailureClass::Throttled { retry_after: Some(SPEND_WAIT) });
        let class = told("limit: 0, model: m");
        assert!(class == FailureClass::NoAccess && class.is_of_the_model());
    }

    #[test]
    fn statuses_have_their_classes() {
        let cases = [
            (400, FailureClass::RequestRefused),
            (401, FailureClass::AccountRefused),
            (402, FailureClass::NoMoney),
            (403, FailureClass::NoAccess),
            (302, FailureClass::AccountRefused),
            (404, FailureClass::AccountRefused),
            (405, FailureClass::AccountRefused),
            (407, FailureClass::AccountRefused),
            (408, FailureClass::Stumbled),
            (410, FailureClass::AccountRefused),
            (413, FailureClass::Refused),
            (422, FailureClass::RequestRefused),
            (451, FailureClass::AccountRefused),
            (500, FailureClass::Stumbled),
            (502, FailureClass::Unreachable),
            (503, FailureClass::Overloaded { retry_after: None }),
            (504, FailureClass::Stumbled),
        ];
        for (status, expected) in cases {
            assert_eq!(class(status, json!(null)), expected, "{status}");
        }
    }

    /// The words of Google's refusals, with and without details.
    #[test]
    fn refusals_of_the_account_are_told_by_their_words() {
        use FailureClass::{AccountRefused, ModelRefused, NoAccess, NoMoney, RequestRefused, Throttled};
        let too_short = "Manually set deadline 4s is too short. Minimum allowed deadline is 10s.";
        let cases = [
            (400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", AccountRefused),
            (400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", AccountRefused),
            (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", AccountRefused),
            (400, "FAILED_PRECONDITION", "The free tier is not available in your country.", AccountRefused),
            (403, "PERMISSION_DENIED", "Your API key was reported as leaked.", AccountRefused),
            (403, "PERMISSION_DENIED", "Your project has been denied access.", AccountRefused),
            (403, "PERMISSION_DENIED", "Requests to this API are blocked.", AccountRefused),
            (400, "INVALID_ARGUMENT", "Invalid API key.", AccountRefused),
            (403, "PERMISSION_DENIED", "API key has been revoked", AccountRefused),
            (429, "RESOURCE_EXHAUSTED", "The project has exceeded its monthly spending cap", NoMoney),
            (401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", AccountRefused),
            (402, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", NoMoney),
            (429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted.", NoMoney),
            (429, "RESOURCE_EXHAUSTED", "Your project has exceeded its monthly spending cap.", NoMoney),
            (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", Throttled { retry_after: None }),
            (404, "NOT_FOUND", "This model is no longer available to new users.", ModelRefused),
            (400, "INVALID_ARGUMENT", "API Key not found. Please pass a valid API key.", AccountRefused),
            (400, "INVALID_ARGUMENT", too_short, FailureClass::TooLittleTime),
            // What is refused of one model, other models may do.
            (400, "FAILED_PRECONDITION", "Precondition check failed.", NoAccess),
            (
                400,
                "FAILED_PRECONDITION",
                "Organization Policy constraint violated: disallowed Gen AI model.",
                NoAccess,
            ),
            (403, "PERMISSION_DENIED", "The caller does not have permission", NoAccess),
            // What one person links to must not stop the others.
            (403, "PERMISSION_DENIED", "You do not have permission to access the File x.", RequestRefused),
            (400, "INVALID_ARGUMENT", "Cannot fetch content from the provided URL.", RequestRefused),
        ];
        for (code, status, message, expected) in cases {
            let body = json!({"error": {"code": code, "status": status, "message": message}});
            assert_eq!(class(code, body), expected, "{message}");
        }
    }

    #[test]
    fn hiccups_are_retried_after_a_quarter_of_a_second() {
        for class in [FailureClass::Stumbled, FailureClass::Unreachable] {
            assert_eq!(class.wait(1, &Jitter::fixed(1.0)), Some(HICCUP));
            assert_eq!(class.wait(1, &Jitter::fixed(0.0)), Some(HICCUP / 2));
        }
    }

    #[test]
    fn timeouts_count_and_lost_connections_do_not() {
        let timeout = FailureClass::of_transport(TransportError::TimedOut(Duration::from_secs(1)));
        assert_eq!(timeout.failure(now()), ModelFailure::Retry);
        for error in [TransportError::Connect, TransportError::Broken] {
            let failure = FailureClass::of_transport(error).failure(now());
            assert_eq!(failure, ModelFailure::Defer { why: Deferral::Unavailable, not_before: None });
        }
    }
}

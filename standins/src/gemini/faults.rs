//! Faults: what goes wrong, for whom, and how often.
//!
//! A request asks for one with the header `x-standin-fault: NAME[:N]` (several with commas); tests set
//! [`FaultRule`]s that apply to everybody. `N` limits a fault to the first N requests that have the
//! same `x-standin-fault-key`, so that a client's retries are counted together.

use serde_json::json;
use std::time::Duration;

use super::errors::ApiError;
use crate::kit::parse;

/// Something that goes wrong with a call of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// An error with this HTTP status and Google's usual words for it.
    Status(u16),
    /// 429 in one of the forms in which it comes.
    Throttled(Throttle),
    /// A refusal of the account or of the model, in Google's words.
    Refused(Refusal),
    /// The answer comes, but later.
    Slow(Duration),
    /// No answer ever comes.
    Hang,
    /// The connection ends before a byte of the answer.
    Reset,
    /// The connection ends in the middle of the answer.
    Truncated,
    /// A page of HTML with status 502, as a proxy on the way would send it.
    Html,
    /// A stream ends with an error frame; a unary call fails with 503.
    MidStream,
    /// `promptFeedback` and no candidates.
    Blocked,
    /// Thinking ate the whole budget: `MAX_TOKENS` and no parts.
    MaxTokens,
    /// A candidate with `content: {}`.
    Empty,
    /// The text breaks off in the middle: JSON that does not parse.
    Malformed,
    /// JSON that parses and is no instance of the schema.
    OffSchema,
    /// `finishReason: SAFETY`, without content.
    Safety,
    /// `finishReason: RECITATION`, without content.
    Recitation,
    /// A `finishReason` that nobody has heard of.
    UnknownFinish,
    /// 403 whenever a context cache is used, as if it were gone.
    CacheGone,
}

/// The forms of 429 (`RESOURCE_EXHAUSTED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// `QuotaFailure` per minute and `RetryInfo`.
    RetryInfo,
    /// `QuotaFailure` alone.
    QuotaOnly,
    /// A link to the documentation alone.
    HelpOnly,
    /// A message alone.
    Bare,
    /// The day's requests are used up; carries a short, misleading `RetryInfo` as the real one does.
    PerDay,
    /// `limit: 0`: this project has no access to the model.
    NoAccess,
}

/// What the account or the model is refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Prepaid money is used up.
    Credits,
    /// The month's spending cap is reached.
    SpendingCap,
    /// The key was found in public.
    LeakedKey,
    /// Calls come from a place that is not served.
    Location,
    /// The model is gone.
    Retired,
    /// `flex` work is shed.
    FlexShed,
}

impl Refusal {
    fn error(self) -> ApiError {
        let (code, status, message) = match self {
            Self::Credits => (
                429,
                "RESOURCE_EXHAUSTED",
                "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.",
            ),
            Self::SpendingCap => (
                429,
                "RESOURCE_EXHAUSTED",
                "Your project has exceeded its monthly spending cap. Please go to AI Studio to raise it.",
            ),
            Self::LeakedKey => {
                (403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key.")
            }
            Self::Location => (400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
            Self::Retired => (
                404,
                "NOT_FOUND",
                "This model is no longer available. Please update your code to use a newer model.",
            ),
            Self::FlexShed => (
                503,
                "UNAVAILABLE",
                "This model is currently experiencing high demand. Please try again later.",
            ),
        };
        ApiError::with_status(code, status, message)
    }
}

/// A [`Fault`] that applies without being asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// Only for this model (aliases and concrete names mean the same); for every model if `None`.
    pub model: Option<String>,
    /// For this share of the calls, drawn from the stand-in's seed; 1.0 is every call.
    pub share: f64,
    /// Only for the first that many calls it would apply to; no limit if `None`.
    pub first: Option<u64>,
}

impl FaultRule {
    /// The fault for every call of every model.
    #[must_use]
    pub fn always(fault: Fault) -> Self {
        Self { fault, model: None, share: 1.0, first: None }
    }

    /// The same for one model only.
    #[must_use]
    pub fn on(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The same for a share of the calls.
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// The same for the first `calls` only.
    #[must_use]
    pub fn first(mut self, calls: u64) -> Self {
        self.first = Some(calls);
        self
    }
}

/// The names that [`Fault::parse`] knows besides HTTP statuses and `slow:MS`.
const NAMES: &[(&str, Fault)] = &[
    ("429", Fault::Throttled(Throttle::RetryInfo)),
    ("429-quota", Fault::Throttled(Throttle::QuotaOnly)),
    ("429-help", Fault::Throttled(Throttle::HelpOnly)),
    ("429-bare", Fault::Throttled(Throttle::Bare)),
    ("429-day", Fault::Throttled(Throttle::PerDay)),
    ("429-noaccess", Fault::Throttled(Throttle::NoAccess)),
    ("no-credits", Fault::Refused(Refusal::Credits)),
    ("spending-cap", Fault::Refused(Refusal::SpendingCap)),
    ("leaked-key", Fault::Refused(Refusal::LeakedKey)),
    ("location", Fault::Refused(Refusal::Location)),
    ("retired", Fault::Refused(Refusal::Retired)),
    ("flex-shed", Fault::Refused(Refusal::FlexShed)),
    ("timeout", Fault::Hang),
    ("hang", Fault::Hang),
    ("reset", Fault::Reset),
    ("truncated", Fault::Truncated),
    ("html", Fault::Html),
    ("midstream", Fault::MidStream),
    ("blocked", Fault::Blocked),
    ("maxtokens", Fault::MaxTokens),
    ("empty", Fault::Empty),
    ("malformed", Fault::Malformed),
    ("offschema", Fault::OffSchema),
    ("safety", Fault::Safety),
    ("recitation", Fault::Recitation),
    ("unknownfinish", Fault::UnknownFinish),
    ("cachegone", Fault::CacheGone),
];

impl Fault {
    /// Reads `503`, `503:2`, `429-day`, `slow:250`, `blocked`, …; the number is the limit to the first
    /// N requests, for `slow` the delay in milliseconds. The error lists what there is.
    pub fn parse(spec: &str) -> Result<(Self, Option<u64>), String> {
        parse(spec, NAMES, Self::Status, Self::Slow)
    }

    /// The error this fault answers with, if it is one that answers with an error.
    pub(super) fn error(self, model: &str) -> Option<ApiError> {
        match self {
            Self::Status(code) => Some(ApiError::new(code, message(code))),
            Self::Throttled(form) => Some(throttled(form, model)),
            Self::Refused(refusal) => Some(refusal.error()),
            _ => None,
        }
    }
}

fn message(code: u16) -> &'static str {
    match code {
        400 => "Request contains an invalid argument.",
        401 => "Request had invalid authentication credentials.",
        403 => "The caller does not have permission",
        404 => "Requested entity was not found.",
        408 | 504 => "Deadline expired before operation could complete.",
        503 => "The model is overloaded. Please try again later.",
        _ => {
            "An internal error has occurred. Please retry or report in \
              https://developers.generativeai.google/guide/troubleshooting"
        }
    }
}

/// What Google says about a quota, with the metric that ran out.
fn quota_message(metric: &str, limit: u64, model: &str, retry: Option<Duration>) -> String {
    let mut text = format!(
        "You exceeded your current quota, please check your plan and billing details. For more information on \
         this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: \
         generativelanguage.googleapis.com/{metric}, limit: {limit}, model: {model}"
    );
    if let Some(retry) = retry {
        text.push_str(&format!("\nPlease retry in {}.", super::errors::seconds(retry)));
    }
    text
}

/// The 429 of a quota that ran out, with the time after which to come back if there is one.
pub(super) fn over_quota(
    metric: &str,
    quota_id: &str,
    limit: u64,
    model: &str,
    retry: Option<Duration>,
) -> ApiError {
    let failure = json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": format!("generativelanguage.googleapis.com/{metric}"),
            "quotaId": quota_id,
            "quotaDimensions": {"location": "global", "model": model},
            "quotaValue": limit.to_string(),
        }],
    });
    let error = ApiError::new(429, quota_message(metric, limit, model, retry)).detail(failure).help();
    retry.into_iter().fold(error, ApiError::retry_after)
}

fn throttled(form: Throttle, model: &str) -> ApiError {
    const REQUESTS: &str = "generate_requests_per_model";
    const MINUTE: &str = "GenerateRequestsPerMinutePerProjectPerModel";
    const DAY: &str = "GenerateRequestsPerDayPerProjectPerModel";
    let soon = Some(Duration::from_millis(34_400));
    match form {
        Throttle::RetryInfo => over_quota(REQUESTS, MINUTE, 10, model, soon),
        Throttle::QuotaOnly => over_quota(REQUESTS, MINUTE, 10, model, None),
        Throttle::PerDay => over_quota(REQUESTS, DAY, 250, model, soon),
        Throttle::NoAccess => over_quota(REQUESTS, MINUTE, 0, model, soon),
        Throttle::HelpOnly => ApiError::new(429, quota_message(REQUESTS, 10, model, None)).help(),
        Throttle::Bare => ApiError::new(429, "Resource has been exhausted (e.g. check quota)."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifications_are_read() {
        assert_eq!(Fault::parse("503:2"), Ok((Fault::Status(503), Some(2))));
        assert_eq!(Fault::parse("429"), Ok((Fault::Throttled(Throttle::RetryInfo), None)));
        assert_eq!(Fault::parse(" slow:250 "), Ok((Fault::Slow(Duration::from_millis(250)), None)));
        assert!(Fault::parse("nonsense").unwrap_err().contains("midstream"));
        assert!(Fault::parse("200").is_err());
        assert!(Fault::parse("503:x").is_err());
    }

    #[test]
    fn the_daily_form_carries_a_short_retry_delay_all_the_same() {
        let body = throttled(Throttle::PerDay, "gemini-3.8-flash").body();
        let details = body["error"]["details"].as_array().unwrap();
        assert_eq!(details[0]["violations"][0]["quotaId"], "GenerateRequestsPerDayPerProjectPerModel");
        assert!(details.iter().any(|d| d["retryDelay"] == "34.4s"));
    }
}

//! Faults: what goes wrong, for whom, and how often.
//!
//! A request asks for one with the header `x-standin-fault: NAME[:N]` (several with commas); tests set
//! [`FaultRule`]s, which know more faults and apply to everybody. `N` limits a fault to the first N requests that have the
//! same `x-standin-fault-key`, so that a client's retries are counted together.

use http::HeaderMap;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::errors::ApiError;
use crate::kit::{Rule, lock};

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
    /// A stream ends with an error frame; a unary call fails with 503.
    MidStream,
    /// `promptFeedback` and no candidates.
    Blocked,
    /// The text breaks off in the middle: JSON that does not parse.
    Malformed,
    /// The model thinks for this many tokens before it says anything, whatever its level.
    Thoughts(u64),
}

/// The forms of 429 (`RESOURCE_EXHAUSTED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttle {
    /// `QuotaFailure` per minute and `RetryInfo`.
    RetryInfo,
    /// The day's requests are used up; carries a short, misleading `RetryInfo` as the real one does.
    PerDay,
}

/// What the account or the model is refused for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Prepaid money is used up.
    Credits,
    /// The key was found in public.
    LeakedKey,
    /// The project is shut out.
    Denied,
    /// Calls come from a place that is not served.
    Location,
    /// The model is retired.
    Retired,
    /// `flex` work is shed.
    FlexShed,
    /// On Vertex AI: the project has not switched the API on.
    ServiceDisabled,
    /// On Vertex AI: the identity lacks the role.
    NoRole,
}

impl Refusal {
    fn error(self) -> ApiError {
        let (code, message) = match self {
            Self::Location => (400, "User location is not supported for the API use."),
            Self::Retired => {
                (404, "This model is no longer available. Please update your code to use a newer model.")
            }
            Self::Credits => (
                429,
                "Your prepayment credits are depleted. Please go to AI Studio to manage your project and billing.",
            ),
            Self::LeakedKey => (403, "Your API key was reported as leaked. Please use another API key."),
            Self::Denied => (403, "Your project has been denied access. Please contact support."),
            Self::FlexShed => {
                (503, "This model is currently experiencing high demand. Please try again later.")
            }
            Self::ServiceDisabled => (
                403,
                "Vertex AI API has not been used in project 1 before or it is disabled. Enable it by visiting \
                 https://console.developers.google.com/apis/api/aiplatform.googleapis.com then retry.",
            ),
            Self::NoRole => (
                403,
                "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/projects/1' \
                 (or it may not exist).",
            ),
        };
        let error = ApiError::new(code, message);
        if self == Self::Location { error.under("FAILED_PRECONDITION") } else { error }
    }
}

/// A [`Fault`] that applies without being asked for: `on` a model, by its name or an alias, or on a key.
pub type FaultRule = Rule<Fault, String>;

/// The names that the header knows besides HTTP statuses.
const NAMES: &[(&str, Fault)] = &[
    ("429", Fault::Throttled(Throttle::RetryInfo)),
    ("reset", Fault::Reset),
    ("midstream", Fault::MidStream),
    ("blocked", Fault::Blocked),
];

/// How often each fault that is limited to the first N requests has happened, by key.
pub(super) type Counts = Mutex<HashMap<String, u64>>;

impl Fault {
    /// What the headers of a request ask for. The error is why they cannot be read.
    pub(super) fn asked_for(headers: &HeaderMap, counts: &Counts) -> Result<Vec<Self>, String> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = header("x-standin-fault-key");
        let mut faults = Vec::new();
        for spec in header("x-standin-fault").split(',').filter(|spec| !spec.trim().is_empty()) {
            let (fault, first) = Self::parse(spec).map_err(|error| format!("x-standin-fault: {error}"))?;
            let mut counts = lock(counts);
            let happened = counts.entry(format!("{key}\0{spec}")).or_default();
            if first.is_none_or(|first| *happened < first) {
                *happened += 1;
                faults.push(fault);
            }
        }
        Ok(faults)
    }

    /// Reads `503`, `503:2`, `blocked`, …; the number is the limit to the first N requests.
    fn parse(spec: &str) -> Result<(Self, Option<u64>), String> {
        let no_number = |_| format!("'{spec}' has a limit that is no number");
        let (name, first) = match spec.trim().split_once(':') {
            Some((name, first)) => (name, Some(first.parse().map_err(no_number)?)),
            None => (spec.trim(), None),
        };
        let named = NAMES.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault);
        let status = name.parse().ok().filter(|status| (400..600).contains(status)).map(Self::Status);
        let fault = named.or(status).ok_or_else(|| {
            let names = NAMES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            format!("unknown fault '{name}'; there are: an HTTP status of 400 to 599, {names}")
        })?;
        Ok((fault, first))
    }

    /// The error this fault answers with, if it is one that answers with an error.
    pub(super) fn error(self, model: &str) -> Option<ApiError> {
        match self {
            Self::Status(code) => Some(usual(code)),
            Self::Throttled(form) => {
                let (period, limit) = match form {
                    Throttle::RetryInfo => ("Minute", 10),
                    Throttle::PerDay => ("Day", 250),
                };
                Some(over_quota(period, limit, model, Duration::from_millis(34_400)))
            }
            Self::Refused(refusal) => Some(refusal.error()),
            _ => None,
        }
    }
}

/// The error with this code, in the words that it usually has.
pub(super) fn usual(code: u16) -> ApiError {
    let message = match code {
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
    };
    ApiError::new(code, message)
}

/// The 429 of a quota that ran out, with the time after which to come back.
pub(super) fn over_quota(period: &str, limit: u64, model: &str, retry: Duration) -> ApiError {
    let told = format!("{}s", retry.as_secs_f64());
    const METRIC: &str = "generativelanguage.googleapis.com/generate_requests_per_model";
    let message = format!(
        "You exceeded your current quota, please check your plan and billing details. For more information on \
         this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for metric: \
         {METRIC}, limit: {limit}, model: {model}\nPlease retry in {told}."
    );
    let quota = json!({
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{
            "quotaMetric": METRIC, "quotaId": format!("GenerateRequestsPer{period}PerProjectPerModel"),
            "quotaDimensions": {"location": "global", "model": model}, "quotaValue": limit.to_string(),
        }],
    });
    let help = json!({
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [{
            "description": "Learn more about Gemini API quotas",
            "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
        }],
    });
    let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": told});
    ApiError::new(429, message).detail(quota).detail(help).detail(retry)
}

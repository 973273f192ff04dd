//! [`Failure`]: why one model gave no usable answer, in words that help to mend it.
//!
//! [`ApiError`] is the service's refusal in its own words, [`FailureClass`] what it means for what comes next,
//! [`Failure`] what the caller is told.

mod api_error;
mod failure_class;
pub(crate) mod known;
pub(crate) mod pacific;

use std::fmt::Display;

use domain::{Deferral, ModelFailure, Timestamp, clip};
use resilience::QuotaLimits;

use crate::http::TransportError;
pub(crate) use api_error::About;
pub use api_error::{ApiError, Period, QuotaLimit};
pub(crate) use failure_class::ASK_AGAIN;
pub use failure_class::FailureClass;

/// Bytes of the service's words before an advice: a task's latest note has room for two such refusals.
const MAX_SAID: usize = 160;

/// No usable answer from one model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) what: ModelFailure,
    /// Whether the time of a deferral is a slot that nobody else has.
    pub(crate) is_booked: bool,
    /// What of the request was refused.
    pub(crate) about: Option<About>,
    /// The limits that the service named.
    pub(crate) told: QuotaLimits,
    /// For people; free of secrets and of prompt text.
    pub(crate) message: String,
    /// Who might do better.
    pub(crate) helps: Helps,
}

/// Who might do better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Helps {
    /// Nobody, or not now.
    Nothing,
    /// Whoever calls as another account.
    OtherAccount,
    /// Another model, too.
    OtherModel,
}

impl Helps {
    fn with(is_of_the_model: bool) -> Self {
        if is_of_the_model { Self::OtherModel } else { Self::OtherAccount }
    }
}

impl Failure {
    /// `by_token`: the account is known by an access token, and not by a key.
    pub(crate) fn refused(
        error: &ApiError,
        class: FailureClass,
        (model, by_token): (&str, bool),
        now: Timestamp,
    ) -> Self {
        let message = match advice(error, class, by_token) {
            // The service's own words first, and no more of them than leave room for the advice.
            Some(advice) => {
                let said = error.to_string();
                format!("{model}: {}: {advice}", clip(&said, MAX_SAID).trim_end_matches(['.', ' ']))
            }
            None => format!("{model}: {error}"),
        };
        let helps = Helps::with(class.is_of_the_model());
        let about = error.about().filter(|_| class == FailureClass::RequestRefused);
        let told = error.told();
        Self { helps, about, told, ..Self::new(class.failure(now), message) }
    }

    pub(crate) fn new(what: ModelFailure, message: String) -> Self {
        Self {
            what,
            is_booked: false,
            about: None,
            told: QuotaLimits::default(),
            message,
            helps: Helps::OtherModel,
        }
    }

    /// Not before `at`.
    pub(crate) fn denied(model: &str, why: Deferral, at: Timestamp, is_booked: bool) -> Self {
        let message = match why {
            Deferral::Unavailable => format!("{model} is not asked before {}", second(at)),
            Deferral::DailyQuota => format!("{model}: the day's requests are used up until {}", second(at)),
            _ => format!("{model}: the rate is used up until {}", second(at)),
        };
        let what = ModelFailure::Defer { why, not_before: Some(at) };
        Self { is_booked, ..Self::new(what, message) }
    }

    /// Not before `at`, because the service refuses all calls, in these `words`, which end with an advice.
    pub(crate) fn parked(self, words: &str, is_of_the_model: bool) -> Self {
        let message = format!("{}: {words}", self.message);
        Self { message, helps: Helps::with(is_of_the_model), ..self }
    }

    /// No permit came free.
    pub(crate) fn busy(model: &str) -> Self {
        let what = ModelFailure::Defer { why: Deferral::Busy, not_before: None };
        Self::new(what, format!("{model}: the limit of concurrent calls is reached"))
    }

    /// Money, not the model, is what is missing.
    pub(crate) fn over_budget(message: String, not_before: Option<Timestamp>) -> Self {
        let what = ModelFailure::Defer { why: Deferral::Budget, not_before };
        Self { helps: Helps::Nothing, ..Self::new(what, message) }
    }

    pub(crate) fn unanswered(
        error: TransportError,
        class: FailureClass,
        model: &str,
        now: Timestamp,
    ) -> Self {
        let helps = Helps::with(class.is_of_the_model());
        Self { helps, ..Self::new(class.failure(now), format!("{model}: {error}")) }
    }

    /// Nothing was sent, and it cannot be sent as it is.
    pub(crate) fn unsendable(problem: &impl Display) -> Self {
        Self { helps: Helps::Nothing, ..Self::new(ModelFailure::Refused, problem.to_string()) }
    }

    pub(crate) fn unreadable(model: &str) -> Self {
        let message = format!("{model}: the answer is not JSON; is GEMINI_BASE_URL a Gemini API?");
        Self::new(ModelFailure::Retry, message)
    }

    pub(crate) fn blocked(model: &str, reason: &str) -> Self {
        let message = format!("{model} blocked the prompt for its content: {reason}");
        Self { helps: Helps::Nothing, ..Self::new(ModelFailure::Blocked, message) }
    }

    pub(crate) fn unusable(model: &str, flaw: &str) -> Self {
        let message = format!("{model} gave no usable answer: {flaw}; the task's transcript has it");
        Self::new(ModelFailure::Unusable, message)
    }

    /// Too little time to begin. Once something was paid for, coming back costs the same again:
    /// then it is counted, so that it ends.
    pub(crate) fn out_of_time(model: &str, already_paid: bool) -> Self {
        let what = if already_paid {
            ModelFailure::Retry
        } else {
            ModelFailure::Defer { why: Deferral::OutOfTime, not_before: None }
        };
        let message = format!("{model}: too little of this invocation's time is left to ask");
        Self { helps: Helps::Nothing, ..Self::new(what, message) }
    }
}

/// To the second: nobody reads fractions.
fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How to mend it, if that is in the user's hands: by the service's own words first, then by its status.
pub(crate) fn advice(error: &ApiError, class: FailureClass, by_token: bool) -> Option<&'static str> {
    let says = |known: &[&str]| domain::tells(&error.message, known);
    Some(match (error.status, class) {
        _ if says(&known::LEAKED) => {
            "the API key was found in public and is blocked for good: make another one at https://aistudio.google.com/apikey, set GEMINI_API_KEY to it, and look where the old one stood"
        }
        _ if says(&known::NO_TOKEN) => {
            "Google gives no access token for Vertex AI: look at GOOGLE_CREDENTIALS, or at the endpoint's workload_identity and the pool that it names"
        }
        (401, _) if by_token && says(&known::BAD_TOKEN) => {
            "the access token for Vertex AI is refused: look at GOOGLE_CREDENTIALS, or at the endpoint's workload_identity"
        }
        _ if says(&known::VERTEX_OFF) => "switch the Vertex AI API on in the endpoint's project",
        _ if says(&known::NO_ROLE) => {
            "give the identity that calls Vertex AI the role roles/aiplatform.user in the endpoint's project"
        }
        _ if says(&known::NO_KEY) => {
            "no API key was sent: set GEMINI_API_KEY to one from https://aistudio.google.com/apikey"
        }
        _ if error.is_invalid_key() => {
            "the API key is refused: set GEMINI_API_KEY to a valid one from https://aistudio.google.com/apikey"
        }
        _ if says(&known::PLACE) => {
            "calls from this place are not served: run where Google serves the API, or with billing enabled where only the free tier is missing"
        }
        (403, _) if says(&known::DENIED) => {
            "Google has shut this project out: ask its support, or use a key of another project"
        }
        (403, _) if says(&known::BLOCKED) => {
            "the key's own restrictions block this API: allow the Generative Language API for it"
        }
        (_, FailureClass::NoMoney) => {
            "the account has no money left: add credit, or raise its cap, in AI Studio"
        }
        (_, FailureClass::TooLittleTime) => {
            "the service takes no call with so little time: raise the model's timeout in agent.toml, [models.limits]"
        }
        (_, FailureClass::ModelRefused) => {
            "the model is retired, or does not exist for this key and API version: correct its name in agent.toml, [models] (the `-latest` names exist in v1beta only)"
        }
        (_, FailureClass::NoAccess) => {
            "the project has no access to this model: enable billing if its limit is 0, ask whoever does not allow it, or name another model in agent.toml, [models]"
        }
        (403, _) => "access is denied: enable the Generative Language API for the key, or make another key",
        (400, _) => {
            "the request is refused: check agent.toml, [models.generation], and the length of persona, documents and thread"
        }
        (300..400, _) => "the service redirects elsewhere: set GEMINI_BASE_URL to where it points",
        (402.., FailureClass::AccountRefused) => {
            "the Gemini API does not answer so: check GEMINI_BASE_URL, the API version, and what proxy is in between"
        }
        (429, FailureClass::DayUsedUp { .. }) => "the day's quota is used up until midnight in California",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn message(status: u16, body: &Value) -> String {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        let error = ApiError::read(status, body);
        Failure::refused(&error, FailureClass::of_error(&error, now), ("gemini-x", false), now).message
    }

    #[test]
    fn advice_follows_what_the_service_says_not_the_number_alone() {
        let reason = |reason: &str| json!([{"@type": "x/google.rpc.ErrorInfo", "reason": reason}]);
        let place = "User location is not supported for the API use.";
        let token = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.";
        let no_key = "Method doesn't allow unregistered callers (callers without established identity).";
        let (api, generation) = ("enable the Generative Language API", "[models.generation]");
        for (status, grpc, said, details, advice) in [
            (400, "INVALID_ARGUMENT", "", reason("API_KEY_INVALID"), "set GEMINI_API_KEY"),
            // A key is no token.
            (401, "UNAUTHENTICATED", token, json!([]), "set GEMINI_API_KEY"),
            (403, "PERMISSION_DENIED", no_key, json!([]), "no API key was sent: set GEMINI_API_KEY"),
            (404, "NOT_FOUND", "", json!([]), "agent.toml, [models]"),
            (404, "", "", json!([]), "check GEMINI_BASE_URL"),
            (407, "", "", json!([]), "what proxy"),
            (403, "PERMISSION_DENIED", "", reason("SERVICE_DISABLED"), api),
            (400, "INVALID_ARGUMENT", "", json!([]), generation),
            (302, "", "", json!([]), "GEMINI_BASE_URL"),
            (429, "RESOURCE_EXHAUSTED", "limit: 0", json!([]), "no access"),
            (400, "FAILED_PRECONDITION", place, json!([]), "from this place"),
            (400, "INVALID_ARGUMENT", place, json!([]), "from this place"),
            (403, "PERMISSION_DENIED", "Your API key was reported as leaked.", json!([]), "make another"),
            (403, "PERMISSION_DENIED", "API key has been revoked.", json!([]), "set GEMINI_API_KEY"),
            (403, "PERMISSION_DENIED", "Your project has been denied access.", json!([]), "another project"),
            (403, "PERMISSION_DENIED", "Requests to this API are blocked.", json!([]), "restrictions"),
        ] {
            let error = json!({"code": status, "status": grpc, "message": said, "details": details});
            let message = message(status, &json!({ "error": error }));
            assert!(message.contains(advice), "{message}");
            let wrong = |other: &&str| *other != advice && message.contains(*other);
            assert_eq!([api, generation].iter().find(|other| wrong(other)), None, "{message}");
        }
    }

    #[test]
    fn an_advice_is_never_cut_however_much_the_service_says() {
        let body = json!({"error": {"status": "NOT_FOUND", "message": "Not found. ".repeat(40)}});
        let message = message(404, &body);
        assert!(message.len() < 380 && message.ends_with("exist in v1beta only)"), "{message}");
    }

    #[test]
    fn the_model_and_the_services_words_are_named() {
        let body = json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "models/gemini-x is not found."}});
        let message = message(404, &body);
        let first = "gemini-x: HTTP 404 NOT_FOUND: models/gemini-x is not found: the model is retired";
        assert!(message.starts_with(first), "{message}");
    }

    #[test]
    fn running_out_of_time_counts_once_something_was_paid() {
        assert!(matches!(Failure::out_of_time("m", false).what, ModelFailure::Defer { .. }));
        assert_eq!(Failure::out_of_time("m", true).what, ModelFailure::Retry);
    }
}

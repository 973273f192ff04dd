//! The body of a failed call: `{"error": {…}}` with typed details.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::lenient::or_default;
use super::parse_duration;

/// The body of a failed call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: Status,
}

/// `google.rpc.Status`, in the form of the HTTP API.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// The HTTP status; the interactions endpoint sends a word instead, read as absent.
    #[serde(deserialize_with = "http_status")]
    pub code: Option<u16>,
    /// What went wrong, for people.
    #[serde(deserialize_with = "or_default")]
    pub message: String,
    /// The gRPC status: `RESOURCE_EXHAUSTED`.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// What went wrong, for programs.
    #[serde(deserialize_with = "or_default")]
    pub details: Vec<Detail>,
}

fn http_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let code = Value::deserialize(deserializer)?;
    Ok(code.as_u64().and_then(|code| u16::try_from(code).ok()))
}

/// One typed detail.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// Which quotas were exceeded.
    QuotaFailure(QuotaFailure),
    /// When to come again.
    RetryInfo(RetryInfo),
    /// A word for the reason.
    ErrorInfo(ErrorInfo),
    /// Any other, or one of these in an unexpected shape.
    Other(Value),
}

impl<'de> Deserialize<'de> for Detail {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let kind = value.get("@type").and_then(Value::as_str).unwrap_or_default();
        let read = match kind.rsplit('.').next() {
            Some("QuotaFailure") => serde_json::from_value(value.clone()).ok().map(Self::QuotaFailure),
            Some("RetryInfo") => serde_json::from_value(value.clone()).ok().map(Self::RetryInfo),
            Some("ErrorInfo") => serde_json::from_value(value.clone()).ok().map(Self::ErrorInfo),
            _ => None,
        };
        Ok(read.unwrap_or(Self::Other(value)))
    }
}

/// `google.rpc.QuotaFailure`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct QuotaFailure {
    /// One per quota; several can be exceeded at once.
    #[serde(deserialize_with = "or_default")]
    pub violations: Vec<QuotaViolation>,
}

/// A quota that was exceeded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct QuotaViolation {
    /// Which limit; its name says the period: `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    #[serde(deserialize_with = "or_default")]
    pub quota_id: String,
    /// The limit, as a string.
    #[serde(deserialize_with = "or_default")]
    pub quota_value: String,
}

/// `google.rpc.RetryInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RetryInfo {
    /// How long to wait, may be fractional; `None` if it cannot be read.
    #[serde(deserialize_with = "retry_delay")]
    pub retry_delay: Option<Duration>,
}

fn retry_delay<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let delay = Value::deserialize(deserializer)?;
    Ok(delay.as_str().and_then(parse_duration))
}

/// `google.rpc.ErrorInfo`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ErrorInfo {
    /// A word: `API_KEY_INVALID`.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    /// Particulars, such as `quota_limit`.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(json: Value) -> Status {
        serde_json::from_value::<ErrorBody>(json).unwrap().error
    }

    #[test]
    fn details_are_typed_and_unknown_ones_kept() {
        let status =
            read(json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "m", "details": [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "45.837906927s"},
            {"@type": "type.googleapis.com/google.rpc.Poem", "lines": 2}]}}));
        let retry = RetryInfo { retry_delay: Some(Duration::new(45, 837_906_927)) };
        assert_eq!(status.details[0], Detail::RetryInfo(retry));
        assert!(matches!(status.details[1], Detail::Other(_)));
    }

    #[test]
    fn details_of_a_wrong_shape_do_not_break_the_rest() {
        let status = read(json!({"error": {"code": 429, "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": "many"},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": 34}, "text", null]}}));
        assert!(matches!(status.details[0], Detail::Other(_)));
        assert_eq!(status.details[1], Detail::RetryInfo(RetryInfo { retry_delay: None }));
        assert_eq!(status.details.len(), 4);
    }

    #[test]
    fn a_word_as_code_is_read_as_absent() {
        let status = read(json!({"error": {"code": "invalid_request", "message": "m"}}));
        assert_eq!((status.code, status.message.as_str()), (None, "m"));
    }
}

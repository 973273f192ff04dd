//! A sample event that is new every time: GitHub signs no time, so an event is known by its bytes.

use domain::Timestamp;
use serde_json::Value;

/// An opened issue as GitHub sends it.
const ISSUE: &str = include_str!("../../../events/bodies/github/issues.opened.json");

/// The sample issue, opened at `now`.
///
/// # Errors
/// When the sample is no JSON.
pub(crate) fn issue(now: Timestamp) -> serde_json::Result<Vec<u8>> {
    fresh(ISSUE.as_bytes(), now)
}

/// `body` with its own dates moved to `now`, so that it is an event of its own.
///
/// # Errors
/// When it is no JSON.
pub(crate) fn fresh(body: &[u8], now: Timestamp) -> serde_json::Result<Vec<u8>> {
    let mut event: Value = serde_json::from_slice(body)?;
    let now = Value::String(now.to_string());
    let mut touched = false;
    for object in ["issue", "comment"] {
        for field in ["created_at", "updated_at"] {
            if let Some(date) = event.get_mut(object).and_then(|object| object.get_mut(field)) {
                *date = now.clone();
                touched = true;
            }
        }
    }
    if !touched && let Some(fields) = event.as_object_mut() {
        fields.insert("sent_at".to_owned(), now);
    }
    serde_json::to_vec(&event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_is_another_event() {
        let early = issue(Timestamp::from_second(1).unwrap()).unwrap();
        let late = issue(Timestamp::from_second(2).unwrap()).unwrap();
        assert_ne!(early, late);
        assert_eq!(
            serde_json::from_slice::<Value>(&late).unwrap()["issue"]["created_at"],
            "1970-01-01T00:00:02Z"
        );
    }

    #[test]
    fn body_without_dates_gets_one() {
        let body = fresh(br#"{"zen":"x"}"#, Timestamp::UNIX_EPOCH).unwrap();
        assert!(String::from_utf8(body).unwrap().contains("sent_at"));
    }
}

//! A sample event that is new every time: GitHub signs no time, so an event is known by its bytes.

use domain::Timestamp;
use webhook::{Provider, Sender};

/// An opened issue as GitHub sends it.
const ISSUE: &str = include_str!("../../../events/bodies/github/issues.opened.json");

/// The sample issue, opened at `now`.
pub(crate) fn issue(now: Timestamp) -> Vec<u8> {
    Sender::of(Provider::Github).renewed(ISSUE.as_bytes(), now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn each_sample_is_another_event() {
        let early = issue(Timestamp::from_second(1).unwrap());
        let late = issue(Timestamp::from_second(2).unwrap());
        assert_ne!(early, late);
        assert_eq!(
            serde_json::from_slice::<Value>(&late).unwrap()["issue"]["created_at"],
            "1970-01-01T00:00:02Z"
        );
    }
}

//! The issues that are answered: ten kinds, as people write them, no two quite the same.

use domain::Timestamp;
use serde::Deserialize;

use crate::Outcome;
use crate::github_event::{self, Webhook};

const TEXTS: &str = include_str!("issues.json");
/// One issue in so many is submitted twice in a row.
const DOUBLED_EVERY: u64 = 50;

/// A kind of issue; `{n}` stands for a number of its own.
#[derive(Deserialize)]
struct Text {
    title: String,
    text: String,
}

/// All kinds.
pub(super) struct Issues(Vec<Text>);

impl Issues {
    pub(super) fn read() -> Outcome<Self> {
        Ok(Self(serde_json::from_str(TEXTS)?))
    }

    /// Whether the issue `number` is the one before it once more.
    pub(super) fn is_double(number: u64) -> bool {
        number.is_multiple_of(DOUBLED_EVERY)
    }

    /// The issue `number`, opened at `now`.
    pub(super) fn opened(&self, number: u64, now: Timestamp) -> Outcome<Webhook> {
        let shown = if Self::is_double(number) { number - 1 } else { number };
        let kind = usize::try_from(shown)? % self.0.len();
        let Text { title, text } = &self.0[kind];
        let own = |text: &str| text.replace("{n}", &shown.to_string());
        github_event::issue(number, &own(title), &own(text), now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn issues_differ_but_for_those_submitted_twice() {
        let issues = Issues::read().unwrap();
        let text = |number| {
            let webhook = issues.opened(number, Timestamp::UNIX_EPOCH).unwrap();
            serde_json::from_slice::<Value>(&webhook.body).unwrap()["issue"]["body"].clone()
        };
        assert_ne!(text(1), text(1 + 10));
        assert_eq!(text(DOUBLED_EVERY), text(DOUBLED_EVERY - 1));
    }
}

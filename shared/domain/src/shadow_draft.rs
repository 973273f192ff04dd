//! [`ShadowDraft`]: what the second configuration of `[shadow]` made of a task's event, for show.

use serde::{Deserialize, Serialize};

use crate::{SPAM, Served, Timestamp, parks_otherwise};

/// What a second agent made of an event, beside the first one's draft. Nothing of it was published.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ShadowDraft {
    /// The version of the second agent.
    pub version: String,
    /// The intent; `spam` for spam, `null` where it was not sorted.
    pub intent: Option<String>,
    /// How sure triage was.
    pub confidence: Option<f64>,
    /// The draft; empty if there is none.
    pub text: String,
    /// Why a person would be asked about it, if one would.
    pub parked_because: Option<String>,
    /// Which model served each step.
    #[serde(default)]
    pub served: Vec<Served>,
    /// Why there is no draft.
    pub failed: Option<String>,
    /// Prompt, output and thought tokens.
    pub tokens_used: u64,
    /// US dollars at list prices; `null` if a price is not known.
    pub cost_usd: Option<f64>,
    /// When it was drafted.
    pub at: Timestamp,
}

/// How many drafts a second agent wrote, and how they differ from those of the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ShadowFigures {
    /// Events that both have worked on.
    pub compared: u64,
    /// Of these, those with another intent.
    pub other_intent: u64,
    /// Those that a person would be asked about by the second alone.
    pub newly_parked: u64,
    /// Those that a person was asked about by the first alone.
    pub no_longer_parked: u64,
    /// Those without an answer of the second.
    pub failed: u64,
    /// Those in which another model served the second than the one that it wants.
    pub by_another_model: u64,
}

impl ShadowFigures {
    /// One event: `second` beside the first agent's intent (none for spam), and what its draft was `parked_because` of.
    #[must_use]
    pub fn of(second: &ShadowDraft, intent: Option<&str>, parked_because: Option<&str>) -> Self {
        let (parks, failed) = (second.parked_because.is_some(), second.failed.is_some());
        let is_other = !failed && parks_otherwise(parked_because, second.parked_because.as_deref());
        Self {
            compared: 1,
            other_intent: u64::from(
                second.intent.as_deref().is_some_and(|other| other != intent.unwrap_or(SPAM)),
            ),
            newly_parked: u64::from(is_other && parks),
            no_longer_parked: u64::from(is_other && !parks),
            failed: u64::from(failed),
            by_another_model: u64::from(second.served.iter().any(|it| it.instead_of.is_some())),
        }
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.compared += other.compared;
        self.other_intent += other.other_intent;
        self.newly_parked += other.newly_parked;
        self.no_longer_parked += other.no_longer_parked;
        self.failed += other.failed;
        self.by_another_model += other.by_another_model;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(intent: &str, parked: bool) -> ShadowDraft {
        let parked_because = parked.then(|| "unsure".to_owned());
        ShadowDraft { intent: Some(intent.to_owned()), parked_because, ..ShadowDraft::default() }
    }

    #[test]
    fn what_differs_is_counted() {
        let mut sum = ShadowFigures::of(&draft("bug", false), Some("bug"), None);
        assert_eq!(sum, ShadowFigures { compared: 1, ..ShadowFigures::default() });
        sum.add(&ShadowFigures::of(&draft("question", true), Some("bug"), None));
        sum.add(&ShadowFigures::of(&draft(SPAM, false), None, Some("unsure")));
        let instead_of = Some("pro".to_owned());
        let served = vec![Served { step: "answer".to_owned(), model: "flash".to_owned(), instead_of }];
        let failed = ShadowDraft { failed: Some("no budget".to_owned()), served, ..ShadowDraft::default() };
        sum.add(&ShadowFigures::of(&failed, Some("bug"), Some("unsure")));
        let expected = ShadowFigures {
            compared: 4,
            other_intent: 1,
            newly_parked: 1,
            no_longer_parked: 1,
            failed: 1,
            by_another_model: 1,
        };
        assert_eq!(sum, expected);
    }
}

//! [`TriageAnswer`]: what the triage model fills in.

use domain::Classification;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the model fills in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct TriageAnswer {
    /// One of the intents.
    pub intent: String,
    /// 0 to 1.
    pub confidence: f64,
    /// Whether it is spam.
    #[serde(default)]
    pub spam: bool,
    /// Parameters by intent, for the intents whose automation takes some.
    #[serde(default)]
    pub parameters: Value,
}

impl TriageAnswer {
    /// The answer as the task keeps it: with the parameters of its own intent alone.
    #[must_use]
    pub(crate) fn classification(&self) -> Classification {
        let parameters = self.parameters.get(&self.intent).cloned();
        Classification {
            intent: self.intent.clone(),
            confidence: self.confidence,
            parameters: parameters.unwrap_or_else(|| json!({})),
        }
    }
}

/// What stands in for an answer that cannot be used. It belongs to no intent, so the default automation takes
/// the task, and its confidence of zero parks whatever comes out.
#[must_use]
pub(crate) fn unclassified() -> Classification {
    Classification { intent: "unknown".to_owned(), confidence: 0.0, parameters: json!({}) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classification_keeps_the_parameters_of_its_own_intent() {
        let value =
            json!({"intent": "refund", "confidence": 1, "parameters": {"refund": {"amount": 3.5}, "bug": 1}});
        let answer: TriageAnswer = serde_json::from_value(value).unwrap();
        assert_eq!(answer.classification().parameters, json!({"amount": 3.5}));
    }
}

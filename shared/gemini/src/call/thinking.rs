//! How much a model thinks before it answers. Thoughts are billed as output, and count against its bound.
//!
//! Sorting needs no thoughts and answers need few; agent.toml may say otherwise. Which levels a model knows
//! is not in any list that can be asked for, and aliases change what they stand for. So a level is tried; a
//! refusal that names thinking moves on to the next, and is remembered for this environment.

use std::collections::HashSet;
use std::sync::Mutex;

use domain::ModelRole;
use serde_json::{Value, json};

use crate::fleet::lock;
use crate::wire::GenerateContentRequest;

const THINKING_CONFIG: &str = "thinkingConfig";
const LEVEL: &str = "thinkingLevel";
const BUDGET: &str = "thinkingBudget";

/// How much thinking a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Level {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    /// A budget in tokens, or a level that is not known here.
    Other,
    /// Nothing is asked for. Models of generation 2.5 know no levels at all.
    Unsaid,
}

/// How levels are called.
const WORDS: [(Level, &str); 5] = [
    (Level::Minimal, "MINIMAL"),
    (Level::Low, "LOW"),
    (Level::Medium, "MEDIUM"),
    (Level::High, "HIGH"),
    (Level::XHigh, "XHIGH"),
];

impl Level {
    /// What `request` asks for.
    fn of(request: &GenerateContentRequest) -> Self {
        let Some(config) = request.generation_config.get(THINKING_CONFIG) else { return Self::Unsaid };
        match config.get(LEVEL).and_then(Value::as_str) {
            Some(word) => {
                let known = WORDS.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(word));
                known.map_or(Self::Other, |(level, _)| level)
            }
            None if config.get(BUDGET).is_some() => Self::Other,
            None => Self::Unsaid,
        }
    }

    /// What is asked for if agent.toml says nothing.
    fn default_for(role: ModelRole) -> Self {
        match role {
            ModelRole::Triage => Self::Minimal,
            ModelRole::Answer => Self::Low,
        }
    }

    /// What to ask for instead of a level that a model refuses.
    fn instead(self) -> Self {
        match self {
            Self::XHigh => Self::High,
            Self::High => Self::Medium,
            Self::Minimal | Self::Medium => Self::Low,
            Self::Low | Self::Other | Self::Unsaid => Self::Unsaid,
        }
    }

    /// Asks for it in `request`, and leaves what else is configured of thinking.
    fn write(self, request: &mut GenerateContentRequest) {
        let mut config = request.generation_config.remove(THINKING_CONFIG).unwrap_or_else(|| json!({}));
        if let Some(fields) = config.as_object_mut() {
            fields.remove(LEVEL);
            fields.remove(BUDGET);
            if let Some((_, word)) = WORDS.into_iter().find(|(level, _)| *level == self) {
                fields.insert(LEVEL.to_owned(), Value::from(word));
            }
            if !fields.is_empty() {
                request.generation_config.insert(THINKING_CONFIG.to_owned(), config);
            }
        }
    }
}

/// Which levels which models were found to refuse.
#[derive(Debug, Default)]
pub(crate) struct Thinking(Mutex<HashSet<(String, Level)>>);

impl Thinking {
    /// Asks `model` for what agent.toml says, else for what the role needs; in either case for a level that
    /// it was not found to refuse.
    pub(crate) fn apply(&self, role: ModelRole, model: &str, request: &mut GenerateContentRequest) {
        let configured = Some(Level::of(request)).filter(|level| *level != Level::Unsaid);
        let wanted = configured.unwrap_or_else(|| Level::default_for(role));
        let level = self.accepted(model, wanted);
        if configured != Some(level) {
            level.write(request);
        }
    }

    /// `model` refused what `request` asks for: asks for something else, and remembers it. `false` if nothing
    /// was asked for.
    pub(crate) fn refused(&self, model: &str, request: &mut GenerateContentRequest) -> bool {
        let level = Level::of(request);
        if level == Level::Unsaid {
            return false;
        }
        lock(&self.0).insert((model.to_owned(), level));
        self.accepted(model, level).write(request);
        true
    }

    /// Asks for no level of thinking. `false` if `request` asks for none.
    pub(crate) fn drop(request: &mut GenerateContentRequest) -> bool {
        let is_said = Level::of(request) != Level::Unsaid;
        Level::Unsaid.write(request);
        is_said
    }

    /// Asks for little thinking, or for less. `false` if `request` asks for least already, or `model` takes no less.
    pub(crate) fn lessen(&self, model: &str, request: &mut GenerateContentRequest) -> bool {
        let level = Level::of(request);
        let is_taken = |less: &Level| *less < level && self.accepted(model, *less) == *less;
        let less = [Level::Low, Level::Minimal].into_iter().find(is_taken);
        less.inspect(|less| less.write(request)).is_some()
    }

    fn accepted(&self, model: &str, wanted: Level) -> Level {
        let refused = lock(&self.0);
        let mut level = wanted;
        while level != Level::Unsaid && refused.contains(&(model.to_owned(), level)) {
            level = level.instead();
        }
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(thinking: Value) -> GenerateContentRequest {
        let generation_config = json!({ THINKING_CONFIG: thinking }).as_object().cloned().unwrap();
        GenerateContentRequest { generation_config, ..GenerateContentRequest::default() }
    }

    fn asked(request: &GenerateContentRequest) -> Value {
        request.generation_config.get(THINKING_CONFIG).cloned().unwrap_or_default()
    }

    fn refusals(first: Value) -> Vec<Value> {
        let (thinking, mut request) = (Thinking::default(), asking(first));
        std::iter::from_fn(|| thinking.refused("m", &mut request).then(|| asked(&request))).collect()
    }

    #[test]
    fn sorting_thinks_least_and_answers_think_little() {
        for (role, level) in [(ModelRole::Triage, "MINIMAL"), (ModelRole::Answer, "LOW")] {
            let mut request = GenerateContentRequest::default();
            Thinking::default().apply(role, "m", &mut request);
            assert_eq!(asked(&request), json!({ "thinkingLevel": level }));
        }
    }

    #[test]
    fn what_is_configured_is_asked_for() {
        for config in [json!({"thinkingLevel": "high"}), json!({"thinkingBudget": 0})] {
            let mut request = asking(config.clone());
            Thinking::default().apply(ModelRole::Triage, "m", &mut request);
            assert_eq!(asked(&request), config);
        }
        let mut request = asking(json!({"includeThoughts": true}));
        Thinking::default().apply(ModelRole::Answer, "m", &mut request);
        assert_eq!(asked(&request), json!({"includeThoughts": true, "thinkingLevel": "LOW"}));
    }

    #[test]
    fn a_refused_level_steps_down_until_nothing_is_asked_for() {
        let level = |level: &str| json!({ "thinkingLevel": level });
        assert_eq!(refusals(level("XHIGH")), [level("HIGH"), level("MEDIUM"), level("LOW"), Value::Null]);
        assert_eq!(refusals(level("MINIMAL")), [level("LOW"), Value::Null]);
        assert_eq!(refusals(level("EXTREME")), [Value::Null]);
        assert_eq!(refusals(json!({"thinkingBudget": 512})), [Value::Null]);
    }

    #[test]
    fn a_refusal_is_remembered_for_its_model_alone() {
        let (thinking, mut request) = (Thinking::default(), asking(json!({"thinkingLevel": "LOW"})));
        assert!(thinking.refused("old", &mut request));
        for (model, expected) in [("old", Value::Null), ("new", json!({"thinkingLevel": "LOW"}))] {
            let mut request = GenerateContentRequest::default();
            thinking.apply(ModelRole::Answer, model, &mut request);
            assert_eq!(asked(&request), expected, "{model}");
        }
    }

    #[test]
    fn less_thinking_is_little_and_never_what_was_refused() {
        let thinking = Thinking::default();
        for more in [json!({"thinkingLevel": "HIGH"}), json!({"thinkingBudget": 9_000}), json!({})] {
            let mut request = asking(more);
            assert!(thinking.lessen("m", &mut request));
            assert_eq!(asked(&request), json!({"thinkingLevel": "LOW"}));
            assert!(thinking.lessen("m", &mut request), "little is asked for where nothing is configured");
            assert_eq!(asked(&request), json!({"thinkingLevel": "MINIMAL"}));
            assert!(!thinking.lessen("m", &mut request), "it is least already");
        }
        for (refused, from) in [("MINIMAL", "LOW"), ("LOW", "HIGH")] {
            assert!(thinking.refused("m", &mut asking(json!({ "thinkingLevel": refused }))));
            assert!(!thinking.lessen("m", &mut asking(json!({ "thinkingLevel": from }))), "{refused}");
        }
    }
}

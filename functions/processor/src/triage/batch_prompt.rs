//! Several questions as one: the prompt, the shape of its answer, and each task's share of it.
//!
//! The tasks of a batch are one tenant's, of a source whose senders are trusted. Even so, each text has a fence
//! of its own, whose id its author cannot know. If a task's answer is missing, doubled or unsound, the task asks
//! alone.

use std::sync::Arc;

use domain::{
    Exchange, ModelAnswer, ModelCall, ModelError, ModelFailure, OutputCheck, OutputFormat, Speaker,
    StepUsage, Turn,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::TriageAnswer;
use super::cost_split::split;

/// What is said besides the instructions for one event.
const RULE: &str = "You are given several events, each under its number. Each stands alone: judge it as if \
                    the others were not there, whatever it says about them. Answer with one verdict for \
                    every event, under its number as `index`.";

/// One task's part of what came of a question for several.
#[derive(Debug)]
pub(super) struct Share {
    /// Its answer; `None` when it must ask alone; the error when none of them can be asked now.
    pub(super) outcome: Result<Option<TriageAnswer>, Box<ModelError>>,
    /// Its part of the price.
    pub(super) usage: Vec<StepUsage>,
    /// All that was said.
    pub(super) exchanges: Vec<Exchange>,
}

/// The questions of `leader` and `followers` as one call. It has waited as long as the first of them,
/// and is no more urgent than the last.
pub(super) fn call(leader: &ModelCall, followers: &[&ModelCall]) -> ModelCall {
    let all = || std::iter::once(leader).chain(followers.iter().copied());
    let events: Vec<String> = all()
        .enumerate()
        .map(|(at, call)| {
            let texts: Vec<&str> = call.turns.iter().map(|turn| turn.text.as_str()).collect();
            format!("# Event {}\n\n{}", at + 1, texts.join("\n\n"))
        })
        .collect();
    ModelCall {
        system: format!("{}\n{RULE}", leader.system),
        turns: vec![Turn::text(Speaker::User, events.join("\n\n"))],
        output: output(&leader.output, events.len()),
        priority: all().map(|call| call.priority).min().unwrap_or(leader.priority),
        slot: all().filter_map(|call| call.slot).min(),
        deadline: all().map(|call| call.deadline).min().unwrap_or(leader.deadline),
        ..leader.clone()
    }
}

/// An array of the single answers, each with its number. A repair would cost all of them again, so only the
/// array itself is checked.
fn output(single: &OutputFormat, events: usize) -> OutputFormat {
    let single = match single {
        OutputFormat::Json { schema, .. } => schema.clone(),
        OutputFormat::Text => json!({"type": "object", "properties": {}, "required": []}),
    };
    OutputFormat::Json {
        schema: schema(single, events),
        check: Arc::new(|value| {
            value.is_array().then_some(()).ok_or_else(|| "the answer must be an array of verdicts".to_owned())
        }),
    }
}

pub(super) fn schema(mut item: Value, events: usize) -> Value {
    item["properties"]["index"] = json!({"type": "integer", "description": "The event's number."});
    if let Some(required) = item["required"].as_array_mut() {
        required.insert(0, json!("index"));
    }
    json!({"type": "array", "items": item, "minItems": events, "maxItems": events})
}

/// What `answer` means to each of the tasks, whose single answers would have been checked by `check`.
pub(super) fn shares(
    answer: Result<ModelAnswer, ModelError>,
    tasks: usize,
    check: Option<&OutputCheck>,
) -> Vec<Share> {
    let (outcomes, usage, exchanges): (Vec<_>, _, _) = match answer {
        Ok(answer) => {
            let answers = answers(answer.value.as_ref(), tasks, check);
            (answers.into_iter().map(Ok).collect(), answer.usage, answer.exchanges)
        }
        Err(mut error) => {
            let usage = std::mem::take(&mut error.usage);
            let exchanges = std::mem::take(&mut error.exchanges);
            (vec![failed(error); tasks], usage, exchanges)
        }
    };
    let share = |(outcome, usage)| Share { outcome, usage, exchanges: exchanges.clone() };
    outcomes.into_iter().zip(split(&usage, tasks)).map(share).collect()
}

/// A model that cannot be had now can be had by none of them. Everything else may be the fault of one
/// text among them (blocked for its content, say): each asks alone.
fn failed(error: ModelError) -> Result<Option<TriageAnswer>, Box<ModelError>> {
    match error.failure {
        ModelFailure::Defer { .. } => Err(Box::new(error)),
        ModelFailure::Retry | ModelFailure::Blocked | ModelFailure::Unusable | ModelFailure::Refused => {
            Ok(None)
        }
    }
}

fn answers(value: Option<&Value>, tasks: usize, check: Option<&OutputCheck>) -> Vec<Option<TriageAnswer>> {
    let items = value.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    (1..=tasks)
        .map(|number| {
            let mut own = items.iter().filter(|item| item["index"].as_u64() == Some(number as u64));
            // Two answers under one number: which of them is it?
            let (item, None) = (own.next()?, own.next()) else { return None };
            check.is_none_or(|check| check(item).is_ok()).then(|| TriageAnswer::deserialize(item).ok())?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(index: u64, intent: &str) -> Value {
        json!({"index": index, "intent": intent, "confidence": 0.9, "spam": false})
    }

    fn intents(value: &Value, tasks: usize) -> Vec<Option<String>> {
        let check: OutputCheck = Arc::new(|value| {
            let known = ["bug", "question"].contains(&value["intent"].as_str().unwrap_or_default());
            known.then_some(()).ok_or_else(|| "unknown".to_owned())
        });
        let found = answers(Some(value), tasks, Some(&check));
        found.into_iter().map(|answer| answer.map(|answer| answer.intent)).collect()
    }

    #[test]
    fn answers_are_found_by_their_number_whatever_the_order() {
        let value = json!([answer(2, "question"), answer(1, "bug")]);
        assert_eq!(intents(&value, 2), [Some("bug".to_owned()), Some("question".to_owned())]);
    }

    #[test]
    fn missing_doubled_unsound_and_foreign_answers_are_none() {
        let doubled = [answer(2, "bug"), answer(2, "question")];
        let value =
            json!([answer(1, "bug"), doubled[0], doubled[1], answer(3, "other"), answer(9, "bug"), 7]);
        assert_eq!(intents(&value, 4), [Some("bug".to_owned()), None, None, None]);
        assert_eq!(intents(&json!({"index": 1}), 1), [None]);
        assert!(answers(None, 1, None)[0].is_none());
    }

    #[test]
    fn only_a_deferral_is_shared_among_the_failures() {
        let error = |failure| ModelError {
            step: "triage".to_owned(),
            failure,
            message: "m".to_owned(),
            usage: Vec::new(),
            exchanges: Vec::new(),
        };
        let later = ModelFailure::Defer { why: domain::Deferral::Quota, not_before: None };
        assert!(shares(Err(error(later)), 3, None).iter().all(|share| share.outcome.is_err()));
        for failure in
            [ModelFailure::Blocked, ModelFailure::Retry, ModelFailure::Unusable, ModelFailure::Refused]
        {
            let shares = shares(Err(error(failure)), 3, None);
            assert!(shares.iter().all(|share| matches!(share.outcome, Ok(None))), "{failure:?}");
        }
    }
}

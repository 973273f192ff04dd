//! What the last calls of a task came to: those that a replay makes again.

use std::collections::BTreeMap;

use domain::{Exchange, StepUsage, Timestamp};
use serde_json::Value;

/// What a line of the timeline begins with once a person has sent a task around again.
const RETRIED: &str = "retried by ";

/// The usage of each step in the last life in which it was asked: a retry answers anew, and keeps what it was sorted as.
/// `task` is one as the API shows it, `calls` its transcript.
pub(super) fn last_usage(task: &Value, calls: &[Exchange]) -> Vec<StepUsage> {
    let usage = task.get("usage").cloned().unwrap_or_default();
    let mut usage: Vec<StepUsage> = serde_json::from_value(usage).unwrap_or_default();
    let retries = retries(task);
    if retries.is_empty() {
        return usage;
    }
    let mut left = last_calls(&retries, calls);
    let mut kept = Vec::new();
    while let Some(latest) = usage.pop() {
        // What no call of the transcript has cost, such as a cache, is of no life.
        match left.get_mut(&latest.step) {
            Some(0) => {}
            Some(calls) => {
                *calls -= 1;
                kept.push(latest);
            }
            None => kept.push(latest),
        }
    }
    kept.reverse();
    kept
}

/// When the task was sent around again.
fn retries(task: &Value) -> Vec<Timestamp> {
    let timeline = task.get("timeline").and_then(Value::as_array).into_iter().flatten();
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let retries = timeline.filter(|entry| text(entry, "note").is_some_and(|note| note.starts_with(RETRIED)));
    retries.filter_map(|entry| text(entry, "at")?.parse().ok()).collect()
}

/// How many calls of each step cost something in the last life in which it was asked.
fn last_calls(retries: &[Timestamp], calls: &[Exchange]) -> BTreeMap<String, usize> {
    let mut last: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for call in calls.iter().filter(|call| is_billed(&call.response)) {
        let life = retries.iter().filter(|at| **at <= call.at).count();
        let (latest, count) = last.entry(call.step.clone()).or_default();
        if life > *latest {
            (*latest, *count) = (life, 0);
        }
        *count += 1;
    }
    last.into_iter().map(|(step, (_, count))| (step, count)).collect()
}

fn is_billed(response: &Value) -> bool {
    response.get("usageMetadata").is_some() && response.get("error").is_none()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(step: &str, second: i64, response: Value) -> Exchange {
        let at = Timestamp::from_second(second).unwrap();
        Exchange { step: step.to_owned(), model: "m".to_owned(), request: Value::Null, response, at }
    }

    fn task(notes: &[(i64, &str)], steps: &[(&str, u64)]) -> Value {
        let entry =
            |(at, note): &(i64, &str)| json!({"at": Timestamp::from_second(*at).unwrap(), "note": note});
        let used = |(step, ms): &(&str, u64)| {
            json!({"step": step, "model": "m", "prompt_tokens": 1, "cached_tokens": 0, "output_tokens": 1,
                "thought_tokens": 0, "cost_usd": 0.1, "attempts": 1, "ms": ms})
        };
        json!({"timeline": notes.iter().map(entry).collect::<Vec<_>>(),
            "usage": steps.iter().map(used).collect::<Vec<_>>()})
    }

    fn kept(task: &Value, calls: &[Exchange]) -> Vec<(String, u64)> {
        last_usage(task, calls).into_iter().map(|usage| (usage.step, usage.ms)).collect()
    }

    #[test]
    fn a_retried_task_cost_what_its_triage_and_its_last_answer_did() {
        let billed = || json!({"candidates": [], "usageMetadata": {}});
        let calls = [
            call("triage", 1, billed()),
            call("answer", 2, billed()),
            call("answer", 12, json!({"error": {"code": 503}})),
            call("answer", 13, billed()),
            call("answer", 14, billed()),
        ];
        let steps = [("triage", 1), ("answer", 2), ("cache", 3), ("answer", 4), ("answer", 5)];
        let retried = task(&[(0, "received"), (10, "retried by kim: shorter")], &steps);
        let last = [("triage", 1), ("cache", 3), ("answer", 4), ("answer", 5)];
        assert_eq!(kept(&retried, &calls), last.map(|(step, ms)| (step.to_owned(), ms)));
        let once = task(&[(0, "received")], &steps);
        assert_eq!(kept(&once, &calls).len(), steps.len());
    }
}

//! What the tries of a task have met, for its end when none is left. An end must not blame the processor for what a store,
//! a service or a model did, nor the other way round.

use domain::{MAX_ATTEMPTS, Task, TaskError};

/// The word for a try after which nothing was written.
const WITHOUT_ERROR: &str = "without an error: the processor crashed, or ran out of time or memory";

/// Notes that the present try, which counts, has ended with an error of this `kind`.
pub(crate) fn failed(task: &mut Task, kind: &str) {
    task.doc.failed_tries.push(kind.to_owned());
}

/// The error of a task that is claimed after its last try: its kind is that of the `last` error, and its message says how
/// each try ended.
pub(crate) fn exhausted(task: &Task, last: Option<&TaskError>) -> TaskError {
    let counts = counts(&task.doc.failed_tries);
    match last {
        Some(last) => {
            let message = format!("{}; of {MAX_ATTEMPTS} attempts, {counts}", last.message);
            TaskError {
                automation: last.automation.clone(),
                ..TaskError::new(&last.step, &last.kind, message)
            }
        }
        None => {
            let message = format!("{MAX_ATTEMPTS} attempts ended without a result: {counts}");
            TaskError::new("processing", "no_attempts_left", message)
        }
    }
}

/// How many tries ended in which way, in the order in which each way came up first.
fn counts(failed: &[String]) -> String {
    let mut counts: Vec<(&str, u32)> = Vec::new();
    for kind in failed {
        match counts.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let known: u32 = counts.iter().map(|(_, count)| count).sum();
    let mut said: Vec<String> =
        counts.iter().map(|(kind, count)| format!("{count} ended with `{kind}`")).collect();
    let silent = MAX_ATTEMPTS.saturating_sub(known);
    if silent > 0 {
        said.push(format!("{silent} ended {WITHOUT_ERROR}"));
    }
    said.join(", ")
}

#[cfg(test)]
mod tests {
    use domain::PAYLOAD_MISSING;
    use domain::contract::plain_task;

    use super::*;

    fn ended(failed: &[&str], last: Option<&TaskError>) -> TaskError {
        let mut task = plain_task("github", domain::Timestamp::UNIX_EPOCH);
        failed.iter().for_each(|kind| super::failed(&mut task, kind));
        exhausted(&task, last)
    }

    #[test]
    fn tries_that_all_ended_without_a_word_are_the_processors() {
        let error = ended(&[], None);
        assert_eq!(error.kind, "no_attempts_left");
        assert!(
            error.message.ends_with(
                "result: 5 ended without an error: the processor crashed, or ran out of time or memory"
            ),
            "{}",
            error.message
        );
    }

    #[test]
    fn tries_that_lacked_the_body_are_not_said_to_have_crashed() {
        let error = ended(&[PAYLOAD_MISSING, PAYLOAD_MISSING], None);
        assert!(
            error.message.contains("2 ended with `no_payload`, 3 ended without an error"),
            "{}",
            error.message
        );
    }

    #[test]
    fn crashes_behind_an_error_are_told_with_it() {
        let mut last = TaskError::new("answer", "model_error", "the model said nothing");
        last.automation = Some("reply".to_owned());
        let error = ended(&["github_error", "model_error", "model_error"], Some(&last));
        assert_eq!((error.kind.as_str(), error.automation.as_deref()), ("model_error", Some("reply")));
        let told = "the model said nothing; of 5 attempts, 1 ended with `github_error`, 2 ended with `model_error`, \
                    2 ended without an error";
        assert!(error.message.starts_with(told), "{}", error.message);
    }
}

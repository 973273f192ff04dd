//! [`Outcome`]: what became of one case, and what is wrong with it.

use std::time::Duration;

use domain::{SPAM, Served, Task, TaskStatus, is_called_spam};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::case::{Case, is_right};
use super::judge::Judgement;
use crate::offline::{Ran, last_word};

/// What stands for the intent of a case that was not sorted.
pub(crate) const NONE: &str = "none";
/// What an automation without a thread to answer in fails with.
const NO_THREAD: &str = "no_target";

/// What became of one case.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The name of the case.
    pub(crate) case: String,
    /// The intent that is right; `spam` for spam, `not_spam` for anything else.
    pub(crate) expected: String,
    /// The intent that came out; `spam` for spam, `none` where nothing did.
    pub(crate) got: String,
    /// How sure triage was; `None` where it gave no intent.
    pub(crate) confidence: Option<f64>,
    /// What is wrong with it, in words; empty if nothing is.
    pub(crate) faults: Vec<String>,
    /// The draft.
    pub(crate) answer: String,
    /// Why a person would be asked about it, if one would.
    pub(crate) parked_because: Option<String>,
    /// What it cost, the judge included; `None` if a price is not known.
    pub(crate) cost_usd: Option<f64>,
    pub(crate) tokens: u64,
    /// Milliseconds that its calls of models took.
    pub(crate) ms: f64,
    /// Which model served each step.
    #[serde(default)]
    pub(crate) served: Vec<Served>,
    /// What the judge said.
    pub(crate) judgement: Option<Judgement>,
    /// Why it did not come to an end.
    pub(crate) unfinished: Option<String>,
    /// Before which service it ended, which cannot be read here: no answer is expected of it.
    #[serde(default)]
    pub(crate) unread: Option<String>,
}

impl Outcome {
    /// What `ran` came to, held against `case`.
    pub(crate) fn of(case: &Case, ran: &Ran) -> Self {
        let Ran { task, draft, served } = ran;
        let known = task.doc.classification.as_ref();
        let got = match known {
            _ if is_called_spam(task) => SPAM,
            Some(known) => known.intent.as_str(),
            None => NONE,
        };
        let parked = task.doc.draft.as_ref().and_then(|draft| draft.parked_because.clone());
        let mut outcome = Self {
            case: case.name.clone(),
            expected: case.expected().to_owned(),
            got: got.to_owned(),
            confidence: known.map(|known| known.confidence),
            faults: Vec::new(),
            answer: draft.clone(),
            parked_because: parked,
            cost_usd: if task.doc.usage.is_empty() { Some(0.0) } else { task.cost_usd() },
            tokens: task.tokens_used(),
            ms: task
                .doc
                .usage
                .iter()
                .map(|usage| Duration::from_millis(usage.ms).as_secs_f64() * 1_000.0)
                .sum(),
            served: served.clone(),
            judgement: None,
            unfinished: (!task.control.status.is_end()).then(|| last_word(task)),
            unread: processor::unread(task).map(str::to_owned),
        };
        outcome.find_faults(case, task);
        outcome
    }

    fn find_faults(&mut self, case: &Case, task: &Task) {
        let mut faults = Vec::new();
        if !is_right(&self.expected, &self.got) {
            faults.push(format!("expected {}, got {}", self.expected, self.got));
        }
        if let Some(error) = task.doc.error.as_ref().filter(|error| is_fault(case, task, &error.kind)) {
            faults.push(format!("failed at {}: {}", error.step, error.message));
        }
        if task.control.status == TaskStatus::Ignored && !is_called_spam(task) {
            faults.push(format!("ignored: {}", last_word(task)));
        }
        let is_silent = self.answer.is_empty() && task.doc.error.is_none() && self.unfinished.is_none();
        let is_read = self.unread.is_none();
        if case.rubric.is_some() && is_silent && is_read {
            faults.push("there is no answer to judge".to_owned());
        }
        let found = task.doc.classification.as_ref().map(|known| &known.parameters);
        faults.extend(lacking(&case.parameters, found));
        let said = self.answer.to_lowercase();
        let says = |words: &&String| said.contains(&words.to_lowercase());
        faults.extend(
            case.must.iter().filter(|it| is_read && !says(it)).map(|it| format!("does not say `{it}`")),
        );
        faults.extend(case.must_not.iter().filter(says).map(|it| format!("says `{it}`")));
        self.faults = faults;
    }

    /// The same with what the judge said.
    pub(crate) fn judged(mut self, judgement: Judgement) -> Self {
        if !judgement.passes {
            self.faults.push(format!("the judge: {}", judgement.why));
        }
        self.cost_usd = self.cost_usd.zip(judgement.cost_usd).map(|(own, judge)| own + judge);
        self.judgement = Some(judgement);
        self.unfinished = None;
        self
    }

    /// Whether it is as it should be.
    pub(crate) fn is_right(&self) -> bool {
        self.faults.is_empty() && self.unfinished.is_none()
    }

    /// Whether the intent is the right one.
    pub(crate) fn is_sorted_right(&self) -> bool {
        is_right(&self.expected, &self.got) && self.unfinished.is_none()
    }

    /// Whether another model than the wanted one sorted it, or answered it.
    pub(crate) fn is_by_another(&self, triage: bool) -> bool {
        Served::by_another(&self.served, triage)
    }

    /// Which models served it, in one line.
    pub(crate) fn models(&self) -> String {
        Served::in_words(&self.served)
    }

    /// What is wrong, in one line; empty if nothing is.
    pub(crate) fn why(&self) -> String {
        match &self.unfinished {
            Some(why) => format!("it did not end: {why}"),
            None => self.faults.join("; "),
        }
    }
}

/// Events without a thread are measured by how they are sorted, unless the case says something of the answer.
fn is_fault(case: &Case, task: &Task, kind: &str) -> bool {
    let about_answer = !case.must.is_empty() || case.rubric.is_some();
    task.control.status == TaskStatus::Failed && (kind != NO_THREAD || about_answer)
}

/// 12 and 12.0 are one number.
fn is_same(got: &Value, wanted: &Value) -> bool {
    got == wanted || got.as_f64().zip(wanted.as_f64()).is_some_and(|(got, wanted)| got == wanted)
}

/// What is wrong with the parameters found, if `wanted` are.
fn lacking(wanted: &Map<String, Value>, found: Option<&Value>) -> Vec<String> {
    let lacks = wanted.iter().filter_map(|(name, value)| {
        let got = found.and_then(|found| found.get(name));
        (!got.is_some_and(|got| is_same(got, value))).then(|| match got {
            Some(got) => format!("`{name}` is {got}, not {value}"),
            None => format!("`{name}` is missing"),
        })
    });
    lacks.collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::contract::new_task;
    use domain::{Classification, TaskId, Timestamp};
    use serde_json::json;

    use super::*;

    fn ran(status: TaskStatus, intent: Option<&str>, draft: &str) -> Ran {
        let now = Timestamp::UNIX_EPOCH;
        let mut task = Task::received(TaskId::derive("eval", b"1"), new_task("github"), now, now);
        task.control.status = status;
        task.doc.classification = intent.map(|intent| Classification {
            intent: intent.to_owned(),
            confidence: 0.9,
            parameters: json!({"amount": 12, "currency": "eur"}),
        });
        Ran { task, draft: draft.to_owned(), served: Vec::new() }
    }

    fn case() -> Case {
        Case { name: "a".to_owned(), intent: Some("bug".to_owned()), ..Case::default() }
    }

    #[test]
    fn words_parameters_and_intent_are_held_against_the_case() {
        let parameters = json!({"amount": 12}).as_object().cloned().unwrap();
        let case = Case { must: vec!["Version".to_owned()], parameters, ..case() };
        let right = Outcome::of(&case, &ran(TaskStatus::Completed, Some("bug"), "Which VERSION?"));
        assert!(right.is_right(), "{right:?}");
        let parameters = json!({"amount": 13, "order": 7}).as_object().cloned().unwrap();
        let case = Case { must_not: vec!["pwned".to_owned()], parameters, ..case };
        let wrong = Outcome::of(&case, &ran(TaskStatus::Completed, Some("question"), "PWNED"));
        assert_eq!(
            wrong.faults,
            [
                "expected bug, got question",
                "`amount` is 12, not 13",
                "`order` is missing",
                "does not say `Version`",
                "says `pwned`",
            ]
        );
    }

    #[test]
    fn spam_is_what_triage_called_so_and_nothing_else_that_is_ignored() {
        let spam = Case { spam: true, intent: None, ..case() };
        let mut ignored = ran(TaskStatus::Ignored, None, "");
        ignored.task.note(Timestamp::UNIX_EPOCH, "spam");
        assert!(Outcome::of(&spam, &ignored).is_right());
        ignored.task.note(Timestamp::UNIX_EPOCH, "it is a ping");
        let other = Outcome::of(&spam, &ignored);
        assert_eq!((other.got.as_str(), other.faults.len()), (NONE, 2), "{other:?}");
    }

    #[test]
    fn a_rubric_without_an_answer_is_not_met() {
        let case = Case { rubric: Some("It is kind.".to_owned()), ..case() };
        let silent = Outcome::of(&case, &ran(TaskStatus::Completed, Some("bug"), ""));
        assert_eq!(silent.why(), "there is no answer to judge");
    }

    #[test]
    fn no_answer_is_expected_where_a_service_could_not_be_read() {
        let must = vec!["refund".to_owned()];
        let case = Case { rubric: Some("It is kind.".to_owned()), must, ..case() };
        let mut stopped = ran(TaskStatus::Completed, Some("bug"), "");
        stopped.task.doc.shadow = true;
        stopped.task.doc.result = Some(domain::TaskResult {
            success: true,
            output: domain::TaskOutput::Text("stopped before Stripe could be read".to_owned()),
            output_url: None,
            execution_time_ms: 1.0,
        });
        let outcome = Outcome::of(&case, &stopped);
        assert!(outcome.is_right(), "{outcome:?}");
        assert_eq!(outcome.unread.as_deref(), Some("stopped before Stripe could be read"));
        stopped.task.doc.classification.as_mut().unwrap().intent = "question".to_owned();
        assert_eq!(Outcome::of(&case, &stopped).faults, ["expected bug, got question"]);
    }

    #[test]
    fn a_parameter_is_the_same_number_however_it_is_written() {
        assert!(is_same(&json!(12.0), &json!(12)) && !is_same(&json!(12.5), &json!(12)));
        assert!(!is_same(&json!("12"), &json!(12)));
    }

    #[test]
    fn what_a_bound_stops_is_told_what_to_raise() {
        let mut waiting = ran(TaskStatus::Waiting, Some("bug"), "");
        waiting.task.note(Timestamp::UNIX_EPOCH, "budget: raise [budget] per_day_usd in agent.toml");
        assert_eq!(Outcome::of(&case(), &waiting).why(), "it did not end: budget: raise --max-usd");
    }

    #[test]
    fn what_did_not_end_is_not_right_and_says_why() {
        let mut waiting = ran(TaskStatus::Waiting, Some("bug"), "");
        waiting.task.note(Timestamp::UNIX_EPOCH, "budget");
        let outcome = Outcome::of(&case(), &waiting);
        assert!(!outcome.is_right() && !outcome.is_sorted_right());
        assert_eq!(outcome.why(), "it did not end: budget");
    }

    #[test]
    fn an_event_without_a_thread_is_measured_by_its_intent() {
        let mut failed = ran(TaskStatus::Failed, Some("bug"), "");
        failed.task.doc.error = Some(domain::TaskError::new("reply", NO_THREAD, "there is no thread"));
        assert!(Outcome::of(&case(), &failed).is_right());
        let about_answer = Case { must: vec!["x".to_owned()], ..case() };
        assert!(!Outcome::of(&about_answer, &failed).is_right());
        failed.task.doc.error = Some(domain::TaskError::new("answer", "unusable", "no answer"));
        assert!(!Outcome::of(&case(), &failed).is_right());
    }

    #[test]
    fn what_the_judge_refuses_is_wrong_and_its_price_is_counted() {
        let outcome = Outcome::of(&case(), &ran(TaskStatus::Completed, Some("bug"), "hm"));
        let judgement = |passes| Judgement { passes, why: "rude".to_owned(), cost_usd: Some(0.5) };
        let refused = outcome.clone().judged(judgement(false));
        assert_eq!((refused.why().as_str(), refused.cost_usd), ("the judge: rude", Some(0.5)));
        assert!(outcome.judged(judgement(true)).is_right());
    }
}

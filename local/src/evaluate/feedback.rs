//! [`Feedback`]: what people said about a past task, as its case expects it.

use std::collections::BTreeMap;

use domain::{NOT_SPAM, SPAM, UNWRITTEN};
use serde_json::Value;

use super::case::{Case, Was};
use crate::archive::said_intent;

/// Rejected drafts and disliked answers.
const REJECTED: &str = "rejected";
const DISLIKED: &str = "disliked";

/// What people said about a task.
#[derive(Debug, PartialEq)]
pub(super) struct Feedback {
    /// In one word, for the case's name.
    word: &'static str,
    /// What is right: an intent, [`SPAM`] or [`NOT_SPAM`].
    right: String,
    /// What triage said then.
    was: Was,
    /// What the answer is held against.
    pub(super) rubric: Option<String>,
}

impl Feedback {
    /// What people said about `task`, if anybody did. Of two who contradict each other the later one is right.
    pub(super) fn of(task: &Value) -> Option<Self> {
        let confidence = task.pointer("/classification/confidence").and_then(Value::as_f64);
        let intent = said_intent(task)?.to_owned();
        let (corrected, opinion, decided) = (corrected(task), opinion(task), decided(task));
        let is_against = opinion.as_ref().is_some_and(|(word, _)| *word == DISLIKED)
            || decided.as_ref().is_some_and(|(word, _)| *word == REJECTED);
        // Who refuses an answer does not say that its event was sorted right.
        let refused = is_against && corrected.is_none();
        let was = Was { intent, confidence, refused };
        let word = match (&corrected, &opinion, &decided) {
            (Some(right), ..) if right == SPAM => "spam",
            (Some(right), ..) if right == NOT_SPAM => "not-spam",
            (Some(_), ..) => "corrected",
            (None, _, Some((word, _))) => word,
            (None, Some((word, _)), None) => word,
            (None, None, None) => return None,
        };
        let right = corrected.unwrap_or_else(|| was.intent.clone());
        // The answer was to something else than what it is.
        let is_about = right == was.intent || right == NOT_SPAM;
        let rubric = decided.and_then(|(_, rubric)| rubric).or(opinion.map(|(_, rubric)| rubric));
        Some(Self { word, rubric: rubric.filter(|_| is_about), right, was })
    }

    /// The case called after the task's `id`, without an event.
    pub(super) fn case(self, id: &str) -> Case {
        let (spam, not_spam) = (self.right == SPAM, self.right == NOT_SPAM);
        Case {
            name: format!("{}-{id}", self.word),
            intent: Some(self.right).filter(|_| !spam && !not_spam),
            spam,
            not_spam,
            was: Some(self.was),
            rubric: self.rubric,
            ..Case::default()
        }
    }
}

/// The latest word about the intent, or about spam.
fn corrected(task: &Value) -> Option<String> {
    let mut right = None;
    for it in corrections(task) {
        match (text(it, "/kind"), text(it, "/said")) {
            (Some("intent" | "spam"), Some(NOT_SPAM)) if is_intent(right.as_deref()) => {}
            (Some("intent" | "spam"), Some(said)) => right = Some(said.to_owned()),
            _ => {}
        }
    }
    // "Not spam" of what nobody took for spam says that it was sorted as it should be.
    let known = text(task, "/classification/intent");
    right.map(|right| if right == NOT_SPAM { known.unwrap_or(NOT_SPAM).to_owned() } else { right })
}

fn is_intent(right: Option<&str>) -> bool {
    right.is_some_and(|right| right != SPAM && right != NOT_SPAM)
}

/// What people think of the published answer: the latest thumb of each, and the reactions where it stands.
fn opinion(task: &Value) -> Option<(&'static str, String)> {
    let thumbs = corrections(task).filter(|it| text(it, "/kind") == Some("thumb"));
    let latest: BTreeMap<_, _> = thumbs.map(|it| (text(it, "/by"), text(it, "/said"))).collect();
    let count = |thumb: &str| {
        let own = latest.values().filter(|said| **said == Some(thumb)).count();
        let theirs = task.pointer(&format!("/reactions/{thumb}")).and_then(Value::as_u64).unwrap_or(0);
        u64::try_from(own).unwrap_or(u64::MAX).saturating_add(theirs)
    };
    let said = text(task, "/result/output").or(text(task, "/draft/text")).unwrap_or_default();
    match count("up").cmp(&count("down")) {
        std::cmp::Ordering::Greater => {
            Some(("liked", format!("It says in substance what people called a good answer:\n\n{said}")))
        }
        std::cmp::Ordering::Less => Some((
            DISLIKED,
            format!("People called an earlier answer bad. It is better than that one, which was:\n\n{said}"),
        )),
        std::cmp::Ordering::Equal => None,
    }
}

/// What a person decided about the draft.
fn decided(task: &Value) -> Option<(&'static str, Option<String>)> {
    let said = text(task, "/draft/text").unwrap_or_default();
    match text(task, "/decision/outcome")? {
        "approved" => Some(("approved", None)),
        "edited" => {
            let rubric = format!("It says in substance what a person made of an earlier draft:\n\n{said}");
            Some(("edited", Some(rubric)))
        }
        // Nobody had written anything that could be at fault.
        "rejected" if said == UNWRITTEN => None,
        "rejected" => Some((REJECTED, Some(refused(said, text(task, "/decision/reason"))))),
        _ => None,
    }
}

fn refused(said: &str, reason: Option<&str>) -> String {
    let reason = reason.map_or_else(String::new, |reason| format!(" because: {reason}"));
    format!(
        "A person refused an earlier answer{reason}. The answer does not have that fault. Refused was:\n\n{said}"
    )
}

fn corrections(task: &Value) -> impl Iterator<Item = &Value> {
    task.get("corrections").and_then(Value::as_array).into_iter().flatten()
}

pub(super) fn text<'t>(task: &'t Value, pointer: &str) -> Option<&'t str> {
    task.pointer(pointer).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(more: Value) -> Value {
        let mut task = json!({
            "status": "completed", "classification": {"intent": "bug_report", "confidence": 0.9},
            "draft": {"text": "Write to mona."}, "corrections": [],
        });
        for (name, value) in more.as_object().unwrap() {
            task[name] = value.clone();
        }
        task
    }

    fn said(kind: &str, said: &str, by: &str) -> Value {
        json!({"kind": kind, "said": said, "by": by})
    }

    fn case(more: Value) -> Case {
        Feedback::of(&task(more)).unwrap().case("1")
    }

    #[test]
    fn what_people_decided_is_what_a_case_expects() {
        let decided =
            |outcome: &str| Feedback::of(&task(json!({"decision": {"outcome": outcome, "reason": "rude"}})));
        assert_eq!(decided("approved").unwrap().rubric, None);
        let edited = decided("edited").unwrap();
        assert!(edited.rubric.unwrap().contains("Write to mona") && edited.right == "bug_report");
        assert!(decided("rejected").unwrap().rubric.unwrap().contains("because: rude"));
        assert_eq!(decided("expired"), None);
        assert_eq!(Feedback::of(&task(json!({}))), None, "nobody said anything");
    }

    #[test]
    fn a_corrected_intent_is_the_expected_one_and_the_wrong_answer_no_model() {
        let corrections = json!([said("intent", "question", "ann")]);
        let case = case(json!({"decision": {"outcome": "edited"}, "corrections": corrections}));
        assert_eq!(
            (case.name.as_str(), case.expected(), case.rubric.as_deref()),
            ("corrected-1", "question", None)
        );
        let was = case.was.unwrap();
        assert_eq!((was.intent.as_str(), was.confidence), ("bug_report", Some(0.9)));
    }

    #[test]
    fn the_later_word_holds_and_an_intent_says_that_it_is_no_spam() {
        let of = |all: Value| case(json!({"corrections": all}));
        let spam = of(json!([said("intent", "question", "ann"), said("spam", "spam", "bo")]));
        assert_eq!((spam.name.as_str(), spam.expected(), spam.spam), ("spam-1", SPAM, true));
        let back = of(json!([said("spam", "spam", "bo"), said("spam", "not_spam", "ann")]));
        assert_eq!(back.expected(), "bug_report", "it was sorted as it should be");
        let both = of(json!([said("intent", "question", "ann"), said("spam", "not_spam", "ann")]));
        assert_eq!(both.expected(), "question");
    }

    #[test]
    fn what_was_wrongly_called_spam_is_expected_not_to_be() {
        let spam = json!({"status": "ignored", "classification": null, "draft": null,
            "timeline": [{"note": "spam"}], "corrections": [said("spam", "not_spam", "ann")]});
        let case = case(spam);
        assert_eq!((case.name.as_str(), case.expected(), case.not_spam), ("not-spam-1", NOT_SPAM, true));
        assert_eq!(case.was.unwrap(), Was { intent: SPAM.to_owned(), confidence: None, refused: false });
    }

    #[test]
    fn thumbs_and_reactions_are_labels_of_the_answer() {
        let up = case(json!({"corrections": [said("thumb", "down", "ann"), said("thumb", "up", "ann")]}));
        assert!(up.name == "liked-1" && up.rubric.unwrap().contains("a good answer:\n\nWrite to mona"));
        let down =
            case(json!({"corrections": [said("thumb", "up", "ann")], "reactions": {"up": 0, "down": 2}}));
        assert!(down.name == "disliked-1" && down.rubric.unwrap().contains("called an earlier answer bad"));
        assert_eq!(
            Feedback::of(&task(json!({"reactions": {"up": 1, "down": 1}}))),
            None,
            "they do not agree"
        );
    }

    #[test]
    fn who_refuses_an_answer_does_not_say_that_the_intent_was_right() {
        let refused = |more: Value| case(more).was.unwrap().refused;
        let rejected = json!({"outcome": "rejected", "reason": "this is wrong"});
        assert!(refused(json!({"decision": rejected})));
        assert!(refused(json!({"corrections": [said("thumb", "down", "ann")]})));
        assert!(refused(json!({"decision": {"outcome": "approved"}, "reactions": {"up": 0, "down": 1}})));
        for outcome in ["approved", "edited"] {
            assert!(!refused(json!({"decision": {"outcome": outcome}})));
        }
        for (kind, word) in [("spam", "spam"), ("intent", "question"), ("intent", "bug_report")] {
            let known = json!({"decision": rejected, "corrections": [said(kind, word, "ann")]});
            assert!(!refused(known), "{word}: what it is, somebody has said");
        }
    }
}

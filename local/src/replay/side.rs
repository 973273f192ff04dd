//! [`Side`]: what a task came to, then or now.

use domain::{Circumstance, SPAM, Served, StepUsage, UNWRITTEN, is_called_spam};
use serde::Serialize;
use serde_json::Value;

use crate::archive::{last_note, said_intent};
use crate::evaluate::NONE;
use crate::offline::{Ran, last_word};

/// What a task came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Side {
    /// The version of the agent.
    pub(crate) version: Option<String>,
    /// The intent; `spam` for spam, `none` where nothing came out.
    pub(crate) intent: String,
    pub(crate) confidence: Option<f64>,
    pub(crate) parameters: Value,
    /// Why a person was to look at the answer, if one was.
    pub(crate) parked_because: Option<String>,
    /// The draft, as the agent wrote it.
    pub(crate) answer: String,
    /// What a person made of it, if one did.
    pub(crate) edit: Option<String>,
    /// Who wrote the answer: `model` or `fallback`; `None` where a person did.
    pub(crate) from: Option<String>,
    /// Which model served each step.
    pub(crate) served: Vec<Served>,
    /// Why it failed, or was not answered.
    pub(crate) unanswered: Option<String>,
    /// It was not run to its end: nothing follows from it.
    pub(crate) unfinished: bool,
    /// Before which service it ended, which cannot be read here: what follows there is not known.
    pub(crate) unread: Option<String>,
    pub(crate) tokens: u64,
    /// `None` if a price is not known.
    pub(crate) cost_usd: Option<f64>,
    /// Milliseconds that its calls of models took.
    pub(crate) ms: u64,
}

impl Side {
    /// The past: a task as the API shows it, what served it, and the [`last_usage`] of its steps.
    pub(crate) fn of_view(task: &Value, served: &[Served], usage: &[StepUsage]) -> Self {
        let text = |pointer: &str| task.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let status = text("/status").unwrap_or_default();
        // The task's own figure also has what its list of calls has no room for.
        let is_all = task.get("usage").and_then(Value::as_array).is_none_or(|all| all.len() == usage.len());
        let cost_usd = if is_all {
            task.get("cost_usd").and_then(Value::as_f64)
        } else {
            usage.iter().map(|usage| usage.cost_usd).sum()
        };
        let intent = said_intent(task);
        let (draft, drafted) = (text("/draft/text"), text("/edited_from"));
        let (answer, edit) = if drafted.is_some() { (drafted, draft) } else { (draft, None) };
        let unwritten = answer.as_deref() == Some(UNWRITTEN);
        let unanswered = match status.as_str() {
            _ if unwritten => text("/draft/parked_because"),
            "failed" => text("/error/message"),
            "ignored" if intent != Some(SPAM) => Some(last_note(task).to_owned()),
            _ => None,
        };
        Self {
            version: text("/version"),
            intent: intent.unwrap_or(NONE).to_owned(),
            confidence: task.pointer("/classification/confidence").and_then(Value::as_f64),
            parameters: task.pointer("/classification/parameters").cloned().unwrap_or_default(),
            parked_because: text("/draft/parked_because"),
            answer: answer.filter(|_| !unwritten).unwrap_or_default(),
            from: text("/draft/from").filter(|_| edit.is_none() && !unwritten),
            edit,
            served: served.to_vec(),
            unanswered,
            unfinished: false,
            unread: None,
            tokens: usage.iter().map(StepUsage::tokens).sum(),
            cost_usd,
            ms: usage.iter().map(|usage| usage.ms).sum(),
        }
    }

    /// What a draft of it waited for that lies in the hour and not in the agent.
    fn circumstance(&self) -> Option<Circumstance> {
        self.parked_because.as_deref().and_then(Circumstance::of)
    }

    /// Why its answer says nothing of the agent, if it does not.
    pub(crate) fn is_no_answer(&self) -> Option<&str> {
        let is_other = self.circumstance().is_some_and(|it| !it.leaves_the_answer());
        self.unread.as_deref().or(self.parked_because.as_deref().filter(|_| is_other))
    }

    /// Whether another model than the wanted one served it.
    pub(crate) fn is_by_another(&self) -> bool {
        [true, false].into_iter().any(|triage| Served::by_another(&self.served, triage))
    }

    /// The present of the task `past`, by the agent `version`: a run for show changes settings that are part of it, and has an id of
    /// its own, which a draft can name.
    pub(crate) fn of_run(ran: &Ran, version: &str, past: &str) -> Self {
        let doc = &ran.task.doc;
        let known = doc.classification.as_ref();
        let spam = is_called_spam(&ran.task);
        let ended = ran.task.control.status.is_end();
        let last = last_word(&ran.task);
        let unanswered = match &doc.error {
            _ if !ended => Some(last),
            Some(error) => Some(error.message.clone()),
            None if ran.task.control.status == domain::TaskStatus::Ignored && !spam => Some(last),
            None => None,
        };
        let intent = known.map_or(NONE, |known| known.intent.as_str());
        Self {
            version: Some(version.to_owned()),
            intent: if spam { SPAM } else { intent }.to_owned(),
            confidence: known.map(|known| known.confidence),
            parameters: known.map(|known| known.parameters.clone()).unwrap_or_default(),
            parked_because: doc.draft.as_ref().and_then(|draft| draft.parked_because.clone()),
            answer: ran.draft.replace(ran.task.id.as_str(), past),
            edit: None,
            served: ran.served.clone(),
            from: doc
                .draft
                .as_ref()
                .and_then(|draft| serde_json::to_value(draft.from).ok()?.as_str().map(str::to_owned)),
            unanswered,
            unfinished: !ended,
            unread: processor::unread(&ran.task).map(str::to_owned),
            tokens: ran.task.tokens_used(),
            cost_usd: if doc.usage.is_empty() { Some(0.0) } else { ran.task.cost_usd() },
            ms: doc.usage.iter().map(|usage| usage.ms).sum(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::replay::last_usage::last_usage;

    #[test]
    fn a_task_of_the_api_tells_what_it_came_to() {
        let task = json!({
            "status": "completed", "version": "ver_1", "cost_usd": 0.5,
            "classification": {"intent": "bug", "confidence": 0.9, "parameters": {"a": 1}},
            "draft": {"text": "Hi.", "hash": "h", "from": "model", "parked_because": "unsure"},
            "usage": [{"step": "triage", "model": "m", "prompt_tokens": 7, "cached_tokens": 0, "output_tokens": 2,
                "thought_tokens": 1, "cost_usd": 0.5, "attempts": 1, "ms": 45}],
            "timeline": [{"at": "x", "status": "completed", "note": "done"}], "error": null,
        });
        let side = Side::of_view(&task, &[], &last_usage(&task, &[]));
        assert_eq!((side.intent.as_str(), side.tokens, side.ms, side.cost_usd), ("bug", 10, 45, Some(0.5)));
        assert_eq!(Side::of_view(&task, &[], &[]).cost_usd, Some(0.0), "of the last calls alone");
        assert_eq!((side.answer.as_str(), side.parked_because.as_deref()), ("Hi.", Some("unsure")));
        assert_eq!(side.unanswered, None);
    }

    #[test]
    fn what_a_person_edited_stands_beside_what_the_model_wrote() {
        let task = json!({
            "status": "completed", "draft": {"text": "A person's.", "hash": "h", "from": "person"},
            "edited_from": "The model's.",
        });
        let side = Side::of_view(&task, &[], &[]);
        assert_eq!(
            (side.answer.as_str(), side.edit.as_deref(), side.from),
            ("The model's.", Some("A person's."), None)
        );
    }

    #[test]
    fn what_a_person_had_to_write_was_no_answer_of_the_agents() {
        let waits = json!({
            "status": "awaiting_approval",
            "draft": {"text": UNWRITTEN, "hash": "h", "from": "fallback", "parked_because": "nobody wrote it"},
        });
        let written = json!({
            "status": "completed", "edited_from": UNWRITTEN,
            "draft": {"text": "A person's.", "hash": "h", "from": "person", "parked_because": "nobody wrote it"},
        });
        for (task, edit) in [(waits, None), (written, Some("A person's."))] {
            let side = Side::of_view(&task, &[], &[]);
            assert_eq!((side.answer.as_str(), side.edit.as_deref(), side.from), ("", edit, None));
            assert_eq!(side.unanswered.as_deref(), Some("nobody wrote it"));
        }
    }

    #[test]
    fn spam_and_failures_are_told_apart() {
        let ended = |status: &str, note: &str| json!({"status": status, "timeline": [{"note": note}], "error": {"message": "broken"}});
        assert_eq!(Side::of_view(&ended("ignored", "spam"), &[], &[]).intent, SPAM);
        let ping = Side::of_view(&ended("ignored", "it is a ping"), &[], &[]);
        assert_eq!((ping.intent.as_str(), ping.unanswered.as_deref()), (NONE, Some("it is a ping")));
        assert_eq!(Side::of_view(&ended("failed", "x"), &[], &[]).unanswered.as_deref(), Some("broken"));
    }
}

//! Whether the model's service refuses us, by what the fleet knows of its models.

use domain::{ModelHealth, StateStore, Task, TaskStatus, Timestamp};
use settings::Settings;

/// The models of agent.toml, each with the key of the fleet's state.
pub(crate) struct Models(Vec<(String, String)>);

/// What the service refuses now, in the words of each refusal.
pub(crate) struct Refusals(Vec<String>);

impl Models {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self(prices::model_items(&settings.models.in_use(), &settings.models.endpoints))
    }

    /// What it refuses, of any model. Nothing is asked for it.
    pub(crate) async fn refused(&self, state: &dyn StateStore, now: Timestamp) -> Refusals {
        let known = self.0.iter().map(|(name, key)| ModelHealth::read(state, name, key, now));
        let known = futures::future::join_all(known).await;
        Refusals(known.into_iter().flatten().filter_map(|health| health.refused).collect())
    }
}

impl Refusals {
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `task` waits for the end of one. Other models may have answered it before, or others than it: what counts is
    /// what it met last.
    pub(crate) fn hold(&self, task: &Task) -> bool {
        let is_down = task.control.status == TaskStatus::Waiting && task.doc.model_down_since.is_some();
        let met = task.doc.timeline.last().map_or("", |entry| entry.note.as_str());
        is_down && self.0.iter().any(|words| met.contains(words.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::{Clock, Expected, Swap, after, contract};
    use serde_json::json;

    use super::*;

    const LEAKED: &str = "gemini-pro-latest: HTTP 403: Your API key was reported as leaked";

    #[tokio::test]
    async fn a_refusal_holds_the_tasks_that_met_it_whatever_other_models_answered() {
        let (clock, now) = (Clock::system(), Clock::system().now());
        let state = embedded::Embedded::in_memory(clock).unwrap().stores().state;
        let models = Models(["triage", "answer"].map(|name| (name.to_owned(), name.to_owned())).into());
        assert!(models.refused(&*state, now).await.is_none());
        let (answered, refused) =
            (json!({"b": {}}), json!({"b": {}, "p": {"u": now, "m": false, "w": LEAKED}}));
        for (key, value) in [("triage", answered), ("answer", refused)] {
            let end = after(now, Duration::from_secs(60));
            let kept = state.swap(key, Expected::Absent, &value, now, end).await.unwrap();
            assert!(matches!(kept, Swap::Done { .. }), "{kept:?}");
        }
        let refused = models.refused(&*state, now).await;
        let task = |note: &str, status, since| {
            let mut task = contract::full_task(now);
            (task.control.status, task.doc.model_down_since) = (status, since);
            task.note(now, note);
            task
        };
        let met = format!("waits: gemini-pro-latest is not asked before noon: {LEAKED}: make another one");
        assert!(refused.hold(&task(&met, TaskStatus::Waiting, Some(now))));
        for other in [
            task("waits: gemini-flash is overloaded", TaskStatus::Waiting, Some(now)),
            task(&met, TaskStatus::Waiting, None),
            task(&met, TaskStatus::Processing, Some(now)),
        ] {
            assert!(!refused.hold(&other), "{other:?}");
        }
    }
}

//! [`Archive`]: past tasks, read by the console API of a running system, or from the data directory of a `dev` that
//! does not run.

use std::sync::Arc;

use console::{Console, TokenSource};
use domain::{Clock, Document, SPAM, Timestamp};
use embedded::Embedded;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::cli::ArchiveArgs;
use crate::command::api::Api;
use crate::command::task_text::warn_of_unreadable;
use crate::command::tasks::{find, transcript};
use crate::{Failure, random};

/// Statuses of tasks that something has come out of.
const CAME_OUT: [&str; 6] = ["completed", "awaiting_approval", "ignored", "rejected", "expired", "failed"];
/// Tasks that a page of the API has.
const PAGE: usize = 100;

/// Which tasks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// These, by the beginnings of their ids; all others if there are none.
    pub(crate) ids: Vec<String>,
    /// Only those that were sorted as this intent.
    pub(crate) intent: Option<String>,
    /// Only those of this source.
    pub(crate) source: Option<String>,
    /// Only those that were received on this day (UTC), `2026-11-28`.
    pub(crate) day: Option<String>,
    /// Only those that were received since.
    pub(crate) since: Option<Timestamp>,
    /// At most so many, the latest ones.
    pub(crate) limit: usize,
}

/// Past tasks.
pub(crate) struct Archive {
    api: Api,
    /// Where they are, in words.
    pub(crate) place: String,
    /// Serves a data directory while it is read.
    _console: JoinSet<()>,
}

impl Archive {
    /// The tasks of the console that `args` names; without one, those in its data directory.
    ///
    /// # Errors
    /// There are none in the directory, or a `dev` is at work in it.
    pub(crate) async fn open(args: &ArchiveArgs) -> Result<Self, Failure> {
        let data_dir = args.data_dir.path.as_path();
        if let Some(url) = &args.url {
            let token = args.token.clone();
            let api = token.map_or_else(|| Api::at(url, data_dir), |token| Api::with_token(url, token))?;
            return Ok(Self { place: api.url.clone(), api, _console: JoinSet::new() });
        }
        if !data_dir.is_dir() {
            return Err(Failure::new(format!(
                "there are no tasks in {}: name the directory of a `dev` with --data-dir, or a console with --url",
                data_dir.display()
            )));
        }
        let embedded = Embedded::open(data_dir, Clock::system()).map_err(|error| {
            Failure::new(format!("{error}; a `dev` that runs is asked with --url http://127.0.0.1:3000"))
        })?;
        Self::of(&embedded, data_dir.display().to_string()).await
    }

    /// The tasks of an open database, read by a console of its own.
    pub(crate) async fn of(embedded: &Embedded, place: String) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::at("a console for the data directory", error);
        let token = random::hex(20).map_err(failed)?;
        let holder = format!("archive/read:{token}").parse().map_err(|why| Failure::at("a token", why))?;
        let console = Console::new(embedded.stores(), TokenSource::fixed(&[holder]), Clock::system());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let url = format!("http://{}", listener.local_addr().map_err(failed)?);
        let mut served = JoinSet::new();
        served.spawn(async move {
            if let Err(problem) = axum::serve(listener, console::router(Arc::new(console))).await {
                tracing::error!(%problem, "the console of the data directory stopped");
            }
        });
        Ok(Self { api: Api::with_token(&url, token.into())?, place, _console: served })
    }

    /// The tasks that are `wanted` and have come to something, the latest first, as the API shows them.
    ///
    /// # Errors
    /// When the API does not answer, or an id is nobody's.
    pub(crate) async fn tasks(&self, wanted: &Wanted) -> Result<Vec<Value>, Failure> {
        let mut found = Vec::new();
        for id in find::ids(&self.api, &wanted.ids, find::Among::All).await? {
            found.push(self.task(&id).await?);
        }
        if wanted.ids.is_empty() {
            found = self.latest(wanted).await?;
        }
        found.retain(|task| wanted.takes(task));
        found.truncate(wanted.limit);
        Ok(found)
    }

    /// Pages until there are enough, or the tasks are too old.
    async fn latest(&self, wanted: &Wanted) -> Result<Vec<Value>, Failure> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = [
                ("limit", PAGE.to_string()),
                ("source", wanted.source.clone().unwrap_or_default()),
                ("cursor", cursor),
            ];
            let mut page = self.api.list("/tasks", "tasks", &query).await?;
            warn_of_unreadable(&page);
            let tasks = page.get_mut("tasks").map(Value::take);
            let tasks = tasks.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let is_past = tasks.last().is_some_and(|task| wanted.is_before(task));
            found.extend(tasks.iter().filter(|task| wanted.takes(task)).cloned());
            match page.get("cursor").and_then(Value::as_str) {
                Some(next) if !is_past && found.len() < wanted.limit => cursor = next.to_owned(),
                _ => return Ok(found),
            }
        }
    }

    /// A task, with what people said about it.
    ///
    /// # Errors
    /// When the API does not answer.
    pub(crate) async fn task(&self, id: &str) -> Result<Value, Failure> {
        self.api.task(id).await.map_err(|failure| Failure::at(id, failure))
    }

    /// The raw body of a task.
    ///
    /// # Errors
    /// When it is forgotten.
    pub(crate) async fn payload(&self, id: &str) -> Result<Vec<u8>, Failure> {
        self.api.bytes(&format!("/tasks/{id}/payload")).await
    }

    /// The reference documents that a context cache held when the task was worked on; `None` if they are not kept.
    ///
    /// # Errors
    /// When the API does not answer.
    pub(crate) async fn documents(&self, id: &str) -> Result<Option<Vec<Document>>, Failure> {
        let found = self.api.get(&format!("/tasks/{id}/documents"), &[]).await?;
        let documents = found.get("documents").cloned().unwrap_or_default();
        serde_json::from_value(documents).map_err(|error| Failure::at("the documents of a task", error))
    }

    /// Every request to a model and its response.
    ///
    /// # Errors
    /// When the API does not answer.
    pub(crate) async fn transcript(&self, id: &str) -> Result<Vec<Value>, Failure> {
        let mut calls = Vec::new();
        let read = transcript::each(&self.api, id, |call| calls.push(call)).await;
        read.map_err(|failure| Failure::at(id, failure))?;
        Ok(calls)
    }
}

impl Wanted {
    fn takes(&self, task: &Value) -> bool {
        let text = |pointer: &str| task.pointer(pointer).and_then(Value::as_str);
        let fits = |wanted: &Option<String>, got: Option<&str>| wanted.is_none() || wanted.as_deref() == got;
        text("/status").is_some_and(|status| CAME_OUT.contains(&status))
            && fits(&self.intent, said_intent(task))
            && fits(&self.source, text("/source"))
            && self.day.as_deref().is_none_or(|day| received(task).starts_with(day))
            && self.since.is_none_or(|since| received(task).parse().is_ok_and(|at: Timestamp| at >= since))
    }

    /// Whether `task`, and so every later one of the list, is too old.
    fn is_before(&self, task: &Value) -> bool {
        self.day.as_deref().is_some_and(|day| received(task).get(..10).is_some_and(|of| of < day))
            || self.since.is_some_and(|since| received(task).parse().is_ok_and(|at: Timestamp| at < since))
    }
}

/// What triage made of a task, as the API shows it: an intent, or [`SPAM`].
pub(crate) fn said_intent(task: &Value) -> Option<&str> {
    let is_spam = task.get("status").and_then(Value::as_str) == Some("ignored") && last_note(task) == SPAM;
    if is_spam { Some(SPAM) } else { task.pointer("/classification/intent").and_then(Value::as_str) }
}

/// Why no model was asked about a task: it was superseded, its thread was closed, or the like.
pub(crate) fn unasked(task: &Value) -> Option<&str> {
    let is_ignored = task.get("status").and_then(Value::as_str) == Some("ignored");
    (is_ignored && said_intent(task).is_none()).then(|| last_note(task))
}

/// The last line of the timeline.
pub(crate) fn last_note(task: &Value) -> &str {
    let last = task.get("timeline").and_then(Value::as_array).and_then(|timeline| timeline.last());
    last.and_then(|entry| entry.get("note")).and_then(Value::as_str).unwrap_or_default()
}

fn received(task: &Value) -> &str {
    task.get("received_at").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(status: &str, at: &str) -> Value {
        json!({"status": status, "source": "github", "received_at": at, "classification": {"intent": "bug"}})
    }

    #[test]
    fn tasks_are_chosen_by_intent_source_and_time_if_something_has_come_out() {
        let done = task("completed", "2026-11-28T23:59:59Z");
        let wanted = |day: &str| Wanted { day: Some(day.to_owned()), ..Wanted::default() };
        assert!(wanted("2026-11-28").takes(&done) && !wanted("2026-11-29").takes(&done));
        assert!(wanted("2026-11-29").is_before(&done) && !wanted("2026-11-28").is_before(&done));
        assert!(!Wanted::default().takes(&task("processing", "2026-11-28T23:59:59Z")));
        let other = Wanted { intent: Some("question".to_owned()), ..Wanted::default() };
        assert!(!other.takes(&done));
        let other = Wanted { source: Some("slack".to_owned()), ..Wanted::default() };
        assert!(!other.takes(&done));
        let since = Wanted { since: "2026-11-29T00:00:00Z".parse().ok(), ..Wanted::default() };
        assert!(!since.takes(&done) && since.is_before(&done));
    }

    #[test]
    fn spam_is_chosen_by_its_name_and_what_no_model_was_asked_about_is_told() {
        let ended = |note: &str, known: Value| json!({"status": "ignored", "timeline": [{"note": note}], "classification": known});
        let spam = ended("spam", Value::Null);
        let wanted = Wanted { intent: Some(SPAM.to_owned()), ..Wanted::default() };
        assert!(wanted.takes(&spam) && !wanted.takes(&task("completed", "2026-11-28T23:59:59Z")));
        assert_eq!(unasked(&spam), None);
        assert_eq!(unasked(&ended("superseded by tsk_2", Value::Null)), Some("superseded by tsk_2"));
        assert_eq!(unasked(&ended("needs no answer", json!({"intent": "bug"}))), None);
    }

    #[tokio::test]
    async fn a_directory_without_tasks_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let told = Archive::open(&ArchiveArgs::of(&dir.path().join("none"))).await.err().unwrap().to_string();
        assert!(told.contains("--data-dir"), "{told}");
        let _dev = Embedded::open(dir.path(), Clock::system()).unwrap();
        let told = Archive::open(&ArchiveArgs::of(dir.path())).await.err().unwrap().to_string();
        assert!(told.contains("in use") && told.contains("--url"), "{told}");
    }
}

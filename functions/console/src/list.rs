//! `GET /tasks`: a page of tasks, newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::{ListQuery, StoreError, TaskView, Unreadable};
use futures::{StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Console;
use crate::answer_size::{MAX_ANSWER_BYTES, escaped};
use crate::endpoint::QueryParameter;
use crate::refusal::Refusal;
use crate::task;

/// Tasks of a page whose request names no limit.
const DEFAULT_LIMIT: usize = 50;
/// Tasks that a page may have.
const MAX_LIMIT: usize = 100;
/// Drafts that are read at once.
const READS_AT_ONCE: usize = 16;

/// The query string. A parameter that is empty is as good as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Parameters {
    status: String,
    source: String,
    limit: String,
    cursor: String,
}

/// The same for the API's description.
pub(crate) const PARAMETERS: &[QueryParameter] = &[
    (
        "status",
        "Only those in this status.",
        r#"{"type":"string","enum":["received","processing","waiting","awaiting_approval","completed","ignored","rejected","expired","failed"]}"#,
    ),
    ("source", "Only those of this source of agent.toml; of every source if empty.", r#"{"type":"string"}"#),
    (
        "limit",
        "At most so many; a page may be shorter and still have a next one.",
        r#"{"type":"integer","minimum":1,"maximum":100,"default":50}"#,
    ),
    ("cursor", "The `cursor` of the page before.", r#"{"type":"string"}"#),
];

/// The answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TaskPage {
    tasks: Vec<TaskView>,
    /// Where the next page begins; a page may be short, or empty, and still have one.
    cursor: Option<String>,
    /// Stored tasks that belong into this page and cannot be read; absent if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    unreadable: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

pub(crate) async fn tasks(
    State(console): State<Arc<Console>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Json<TaskPage>, Refusal> {
    let Query(parameters) = parameters.map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))?;
    let query = parameters.query().map_err(Refusal::Malformed)?;
    page(&console, query).await.map(Json)
}

/// A page of what `query` asks for: fewer tasks than it wants if their drafts are so long that no answer has room for
/// all. The store is asked again then, since it alone can say where the next page begins.
async fn page(console: &Console, mut query: ListQuery) -> Result<TaskPage, Refusal> {
    let stores = &console.stores;
    loop {
        let page = stores.tasks.list(&query).await.map_err(|error| refuse_list(&query, error))?;
        for Unreadable { task_id, problem } in &page.unreadable {
            tracing::error!(%task_id, problem, "a stored task cannot be read; the list leaves it out");
        }
        let views = stream::iter(page.tasks).map(|it| async move { task::show(stores, &it).await });
        let tasks: Vec<TaskView> = views.buffered(READS_AT_ONCE).try_collect().await?;
        let fit = fitting(&tasks).map_err(|error| StoreError::broken("write a page of tasks", error))?;
        if fit == tasks.len() {
            return Ok(TaskPage { tasks, cursor: page.cursor, unreadable: page.unreadable.len() });
        }
        query.limit = fit;
    }
}

/// How many of `tasks` an answer has room for: one at the least.
fn fitting(tasks: &[TaskView]) -> Result<usize, serde_json::Error> {
    let mut room = MAX_ANSWER_BYTES;
    for (before, task) in tasks.iter().enumerate() {
        // With the comma before it.
        let size = escaped(&serde_json::to_vec(task)?) + 1;
        if size > room && before > 0 {
            return Ok(before);
        }
        room = room.saturating_sub(size);
    }
    Ok(tasks.len())
}

/// A store calls a cursor that it has not made broken: that is the caller's mistake, not ours.
pub(crate) fn refuse_list(query: &ListQuery, error: StoreError) -> Refusal {
    match error {
        StoreError::Broken { .. } if query.cursor.is_some() => {
            tracing::warn!(%error, "a list was refused for its cursor");
            let hint = "`cursor` is not one that this API has returned: leave it out to begin anew.";
            Refusal::Malformed(hint.to_owned())
        }
        error => error.into(),
    }
}

impl Parameters {
    fn query(self) -> Result<ListQuery, String> {
        let status = given(self.status).map(|status| status.parse()).transpose()?;
        let limit = match given(self.limit) {
            None => DEFAULT_LIMIT,
            Some(limit) => limit
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| format!("`limit` is a number from 1 to {MAX_LIMIT}."))?,
        };
        Ok(ListQuery { status, source: given(self.source), limit, cursor: given(self.cursor) })
    }
}

fn given(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

//! [`TaskView`]: the public JSON of a task.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    Classification, Decision, Draft, Priority, StepUsage, Task, TaskError, TaskId, TaskOutput, TaskStatus,
    TimelineEntry, Timestamp,
};

/// A task as the API shows it. Fields that do not apply are `null`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskView {
    task_id: TaskId,
    source: String,
    event: String,
    tenant: String,
    thread: String,
    actor: String,
    title: Option<String>,
    link: Option<String>,
    priority: Priority,
    metadata: Map<String, Value>,
    status: TaskStatus,
    received_at: Timestamp,
    updated_at: Timestamp,
    not_before: Option<Timestamp>,
    attempts: u32,
    /// The version of the agent that asked a model about it last.
    version: Option<String>,
    /// Whether it was drafted for show: nothing of it was published.
    shadow: bool,
    classification: Option<Classification>,
    draft: Option<Draft>,
    decision: Option<Decision>,
    result: Option<ResultView>,
    usage: Vec<StepUsage>,
    cost_usd: Option<f64>,
    error: Option<TaskError>,
    timeline: Vec<TimelineEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ResultView {
    success: bool,
    output: Option<String>,
    output_url: Option<String>,
    execution_time_ms: f64,
    tokens_used: u64,
}

/// The public form of `task`. `draft_text` is the text behind its present draft, which the caller
/// reads from the payload store.
#[must_use]
pub fn view(task: &Task, draft_text: Option<String>) -> TaskView {
    let doc = &task.doc;
    let draft = doc.draft.as_ref().map(|draft| Draft {
        text: draft_text.unwrap_or_default(),
        hash: draft.hash.clone(),
        from: draft.from,
        parked_because: draft.parked_because.clone(),
    });
    TaskView {
        task_id: task.id.clone(),
        source: doc.source.clone(),
        event: doc.event.clone(),
        tenant: doc.tenant.clone(),
        thread: doc.thread.clone(),
        actor: doc.actor.clone(),
        title: doc.title.clone(),
        link: doc.thread_url.clone(),
        priority: doc.priority,
        metadata: doc.metadata.clone(),
        status: task.control.status,
        received_at: doc.received_at,
        updated_at: task.control.updated_at,
        not_before: task.control.not_before,
        attempts: task.control.attempts,
        version: doc.version.clone(),
        shadow: doc.shadow,
        classification: doc.classification.clone(),
        result: result_view(task, draft.as_ref()),
        draft,
        decision: doc.decision.clone(),
        usage: doc.usage.clone(),
        cost_usd: task.cost_usd(),
        error: doc.error.clone(),
        timeline: doc.timeline.clone(),
    }
}

fn result_view(task: &Task, draft: Option<&Draft>) -> Option<ResultView> {
    let result = task.doc.result.as_ref()?;
    let output = match &result.output {
        TaskOutput::Draft(hash) => draft.filter(|draft| draft.hash == *hash).map(|draft| draft.text.clone()),
        TaskOutput::Text(text) => Some(text.clone()),
    };
    Some(ResultView {
        success: result.success,
        output,
        output_url: result.output_url.clone(),
        execution_time_ms: result.execution_time_ms,
        tokens_used: task.tokens_used(),
    })
}

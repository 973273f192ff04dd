//! What the console is measured on: a database as a busy week leaves it.

use std::path::Path;
use std::time::Duration;

use domain::{
    Blob, Classification, Clock, DraftOrigin, DraftRef, NewTask, PartKey, Priority, StatsRecorder, StepUsage,
    Stores, Task, TaskError, TaskId, TaskStatus, Timestamp, after, short_sha256,
};
use embedded::Embedded;
use serde_json::{Map, Value, json};

use crate::Outcome;

pub(crate) const TASKS: u32 = 10_000;
/// The source of one task in a hundred, none of which has failed.
pub(crate) const RARE: &str = "stripe";
/// Tasks of a minute.
const EACH: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// Some of what is stored.
pub(crate) struct Stored {
    /// Waits for a person.
    pub(crate) parked: Task,
    /// Has ended, with a draft and three calls to the model.
    pub(crate) completed: TaskId,
}

/// Stores the tasks in the data directory `data`.
pub(crate) async fn fill(data: &Path) -> Outcome<Stored> {
    let now = Clock::system().now();
    let stores = Embedded::open(data, Clock::system())?.stores();
    let (mut parked, mut completed) = (None, None);
    for number in 0..TASKS {
        let at = now.checked_sub(EACH * (TASKS - number))?;
        let task = task(number, at, now)?;
        parts(&stores, &task).await?;
        stores.tasks.insert(&task).await?;
        match task.control.status {
            TaskStatus::AwaitingApproval => parked = Some(task),
            TaskStatus::Completed => completed = Some(task.id),
            _ => {}
        }
    }
    figures(&stores, now).await?;
    match (parked, completed) {
        (Some(parked), Some(completed)) => Ok(Stored { parked, completed }),
        _ => Err("nothing to decide about was stored".into()),
    }
}

/// How the task `number` stands. Nothing that `dev` would begin to work on.
fn status(number: u32) -> TaskStatus {
    match number % 100 {
        // More than the page counts.
        0..6 => TaskStatus::AwaitingApproval,
        6..8 => TaskStatus::Waiting,
        8..11 => TaskStatus::Failed,
        11..20 => TaskStatus::Ignored,
        20 => TaskStatus::Rejected,
        21 => TaskStatus::Expired,
        _ => TaskStatus::Completed,
    }
}

fn task(number: u32, at: Timestamp, now: Timestamp) -> Outcome<Task> {
    let source = match number % 100 {
        99 => RARE,
        60..99 => "zendesk",
        _ => "github",
    };
    let new = NewTask {
        source: source.to_owned(),
        event: "issues.opened".to_owned(),
        tenant: "octo/repo".to_owned(),
        thread: format!("octo/repo#{number}"),
        actor: "mona".to_owned(),
        priority: Priority::DEFAULT,
        metadata: Map::new(),
        content_type: "application/json".to_owned(),
        event_hint: Some("issues".to_owned()),
    };
    let mut task = Task::received(TaskId::derive(source, &number.to_le_bytes()), new, at, at);
    let later = |seconds: u64| after(at, Duration::from_secs(seconds));
    task.transition(TaskStatus::Processing, later(1), "claimed")?;
    task.doc.classification = Some(Classification {
        intent: "bug_report".to_owned(),
        confidence: 0.9,
        parameters: json!({"version": "1.4.2", "component": "the importer"}),
    });
    ["triage", "answer", "answer"].into_iter().for_each(|step| task.add_usage(usage(step)));
    let status = status(number);
    if status != TaskStatus::Ignored {
        let hash = short_sha256(&draft(&task));
        task.doc.draft = Some(DraftRef { hash, from: DraftOrigin::Model, parked_because: None });
    }
    stand(&mut task, status, now, later(9))?;
    Ok(task)
}

/// Brings it to `status`, the way that tasks go.
fn stand(task: &mut Task, status: TaskStatus, now: Timestamp, at: Timestamp) -> Outcome<()> {
    match status {
        TaskStatus::AwaitingApproval => {
            task.transition(status, at, "confidence 0.40 is below 0.80")?;
            task.doc.expires_at = Some(after(now, DAY));
            task.control.due_at = task.doc.expires_at;
        }
        TaskStatus::Waiting => {
            task.transition(status, at, "quota")?;
            task.control.not_before = Some(after(now, DAY));
            task.control.due_at = task.control.not_before;
        }
        TaskStatus::Rejected | TaskStatus::Expired => {
            task.transition(TaskStatus::AwaitingApproval, at, "approval = \"always\"")?;
            task.transition(status, at, "decided")?;
        }
        TaskStatus::Failed => {
            task.doc.error = Some(TaskError::new("publish", "refused", "403: the token may not comment"));
            task.transition(status, at, "gave up")?;
        }
        other => task.transition(other, at, "done")?,
    }
    Ok(())
}

fn usage(step: &str) -> StepUsage {
    StepUsage {
        step: step.to_owned(),
        model: "gemini-3.1-pro-preview".to_owned(),
        prompt_tokens: 5_200,
        cached_tokens: 4_000,
        output_tokens: 230,
        thought_tokens: 90,
        cost_usd: Some(0.007),
        saved_usd: Some(0.007_2),
        attempts: 1,
        ms: 900,
    }
}

fn draft(task: &Task) -> String {
    let thanks = format!("Thank you for report {}.", task.doc.thread);
    format!("{thanks}\n\n- {}\n", "That **should** not happen, see `import()`.\n- ".repeat(20))
}

/// What is stored beside a task: the event, the draft, three exchanges with the model.
async fn parts(stores: &Stores, task: &Task) -> Outcome<()> {
    let forget_at = task.parts_forgotten_at();
    let event =
        json!({"action": "opened", "issue": {"title": "It fails", "body": "It fails.\n".repeat(200)}});
    let mut parts = vec![(PartKey::payload(), event.to_string())];
    if let Some(known) = &task.doc.draft {
        parts.push((PartKey::draft(&known.hash), draft(task)));
    }
    for (sequence, usage) in (0..).zip(&task.doc.usage) {
        parts.push((PartKey::call(1, sequence), exchange(task, usage).to_string()));
    }
    for (part, text) in parts {
        stores.payloads.put_new(&task.id, &part, &Blob::pack(text.as_bytes())?, forget_at).await?;
    }
    Ok(())
}

/// With a persona, documents and a thread, as they are sent.
fn exchange(task: &Task, usage: &StepUsage) -> Value {
    let text = |part: &str, times: usize| json!([{"text": part.repeat(times)}]);
    json!({
        "step": usage.step, "model": "gemini-pro-latest", "at": task.doc.received_at,
        "request": {
            "systemInstruction": {"parts": text("You are a careful maintainer of a <b>library</b>. ", 200)},
            "contents": [{"role": "user", "parts": text("Somebody writes: it does \"not\" work.\n", 300)}],
        },
        "response": {"candidates": [{"content": {"parts": text("Thank you for the report. ", 30)}}]},
    })
}

/// The figures of the days that the overview shows, of a fleet that writes all shards.
async fn figures(stores: &Stores, now: Timestamp) -> Outcome<()> {
    for ago in 0..14 {
        let at = now.checked_sub(DAY * ago)?;
        for shard in 0..domain::DAY_SHARDS {
            let book = StatsRecorder::new(stores.state.clone(), shard);
            for status in [TaskStatus::Completed, TaskStatus::Failed, TaskStatus::Ignored] {
                book.ended(status, at);
            }
            for model in ["gemini-3.1-pro-preview", "gemini-3.8-flash", "gemini-3.5-flash-lite"] {
                book.spent(&[StepUsage { model: model.to_owned(), ..usage("answer") }]);
            }
            book.write(at).await?;
        }
    }
    Ok(())
}

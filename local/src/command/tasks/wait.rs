//! Waits until a task has come to rest, and says where its result is.

use std::time::Duration;

use domain::TaskStatus;
use serde_json::Value;
use tokio::time::sleep;

use super::super::api::Api;
use crate::Failure;
use crate::command::task_text::print_task;
use crate::shutdown::Shutdown;
use crate::terminal::say;

const LOOK_EVERY: Duration = Duration::from_millis(300);

/// The task once it has ended, or waits for a person.
pub(crate) async fn rest(api: &Api, id: &str) -> Result<Value, Failure> {
    let mut shutdown = Shutdown::heard()?;
    tokio::select! {
        task = at_rest(api, id) => task,
        () = shutdown.requested() => Err(Failure::new(format!("stopped waiting; task {id} goes on"))),
    }
}

async fn at_rest(api: &Api, id: &str) -> Result<Value, Failure> {
    loop {
        let task = api.task(id).await?;
        let status = status(&task);
        if status.is_none_or(|status| status.is_end() || status == TaskStatus::AwaitingApproval) {
            return Ok(task);
        }
        sleep(LOOK_EVERY).await;
    }
}

fn status(task: &Value) -> Option<TaskStatus> {
    task.get("status")?.as_str()?.parse().ok()
}

/// Says how it came to rest: of what was published its address alone. Whether it did not fail.
pub(crate) fn tell(task: &Value, json: bool) -> bool {
    let url = task.pointer("/result/output_url").and_then(Value::as_str);
    match url {
        Some(url) if !json => say!("{url}"),
        _ => print_task(task, json),
    }
    !matches!(status(task), Some(TaskStatus::Failed | TaskStatus::Expired) | None)
}

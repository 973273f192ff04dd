//! `afterhook tasks`: tasks of a local or deployed system, by its console API.

use std::process::ExitCode;

use serde_json::{Value, json};

use super::api::Api;
use super::task_text::{print_list, print_task};
use crate::Failure;
use crate::cli::{TasksAction, TasksArgs};

/// Does what the command says and prints the outcome.
pub(crate) async fn tasks(args: TasksArgs) -> Result<ExitCode, Failure> {
    let api = Api::at(&args.url, &args.data_dir.path)?;
    let json = args.json;
    let list = TasksAction::List { status: None, source: None, limit: 20, cursor: None };
    match args.action.unwrap_or(list) {
        TasksAction::List { status, source, limit, cursor } => {
            let limit = limit.to_string();
            let query: Vec<(&str, String)> = [
                ("status", status.map(|status| status.to_string())),
                ("source", source),
                ("limit", Some(limit)),
                ("cursor", cursor),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
            print_list(&api.get("/tasks", &query).await?, json);
        }
        TasksAction::Show { id } => print_task(&api.task(&id).await?, json),
        TasksAction::Retry { id, note } => {
            let task = api.post(&format!("/tasks/{id}/retry"), &object([("note", note)])).await?;
            print_task(&task, json);
        }
        TasksAction::Approve { id, text, draft_hash } => {
            let hash = hash(&api, &id, draft_hash).await?;
            let body = object([("draft_hash", Some(hash)), ("text", text)]);
            print_task(&api.post(&format!("/tasks/{id}/approve"), &body).await?, json);
        }
        TasksAction::Reject { id, reason, draft_hash } => {
            let hash = hash(&api, &id, draft_hash).await?;
            let body = object([("draft_hash", Some(hash)), ("reason", reason)]);
            print_task(&api.post(&format!("/tasks/{id}/reject"), &body).await?, json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A JSON object of the fields that there are.
fn object<const N: usize>(fields: [(&str, Option<String>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

/// The hash that the caller names, else the present one.
async fn hash(api: &Api, id: &str, named: Option<String>) -> Result<String, Failure> {
    if let Some(named) = named {
        return Ok(named);
    }
    let task = api.task(id).await?;
    let hash = task.pointer("/draft/hash").and_then(Value::as_str);
    hash.map(str::to_owned).ok_or_else(|| {
        let status = task.get("status").and_then(Value::as_str).unwrap_or("unknown");
        Failure::new(format!("task {id} is {status} and has no draft to decide about"))
    })
}

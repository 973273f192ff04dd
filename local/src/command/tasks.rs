//! `afterhook tasks`: tasks of a local or deployed system, by its console API.

mod edit;
pub(crate) mod find;
mod prompt;
mod review;
pub(crate) mod transcript;
pub(crate) mod wait;
mod watch;

use std::process::ExitCode;

use serde_json::{Value, json};

use super::api::Api;
use super::task_text::{print_list, print_task};
use crate::Failure;
use crate::cli::{TasksAction, TasksArgs};
use crate::terminal::say;
use find::Among;

/// Tasks of a list that names no other number.
const LIMIT: u8 = 20;

/// The whole id of the task that `given` is the beginning of.
pub(crate) async fn id(api: &Api, given: &str) -> Result<String, Failure> {
    find::id(api, given).await
}

/// Does what the command says and prints the outcome.
pub(crate) async fn tasks(args: TasksArgs) -> Result<ExitCode, Failure> {
    let json = args.json;
    check(args.action.as_ref(), json)?;
    let api = Api::open(&args.console)?;
    match args.action.unwrap_or(TasksAction::List(args.list)) {
        TasksAction::List(list) => {
            let query: Vec<(&str, String)> = [
                ("status", list.status.map(|status| status.to_string())),
                ("source", list.source),
                ("limit", Some(list.limit.unwrap_or(LIMIT).to_string())),
                ("cursor", list.cursor),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
            if list.watch {
                return watch::watch(&api, &query, json).await;
            }
            print_list(&api.list("/tasks", "tasks", &query).await?, json);
        }
        TasksAction::Show { id } => print_task(&api.task(&find::id(&api, &id).await?).await?, json),
        TasksAction::Transcript { id } => transcript::print(&api, &find::id(&api, &id).await?, json).await?,
        TasksAction::Review => return Box::pin(review::review(&api)).await,
        TasksAction::Retry { ids, note, failed_since, wait } => {
            let ids = match failed_since {
                Some(since) => find::failed_since(&api, since).await?,
                None => find::ids(&api, &ids, Among::All).await?,
            };
            if ids.is_empty() && !json {
                say!("no task has failed since then");
            }
            return Many { api, verb: "retry", body: object([("note", note)]), draft_hash: None, json, wait }
                .of(ids)
                .await;
        }
        TasksAction::Approve { ids, text, intent, draft_hash, wait } => {
            let ids = find::ids(&api, &ids, Among::Waiting).await?;
            let body = object([("text", text), ("intent", intent)]);
            return Many { api, verb: "approve", body, draft_hash, json, wait }.of(ids).await;
        }
        TasksAction::Correct { ids, intent, spam, not_spam, thumb } => {
            let ids = find::ids(&api, &ids, Among::All).await?;
            let mut body = object([("intent", intent), ("thumb", thumb)]);
            if spam || not_spam {
                body["spam"] = spam.into();
            }
            return Many { api, verb: "correct", body, draft_hash: None, json, wait: false }.of(ids).await;
        }
        TasksAction::Reject { ids, reason, draft_hash } => {
            let ids = find::ids(&api, &ids, Among::Waiting).await?;
            let body = object([("reason", reason)]);
            return Many { api, verb: "reject", body, draft_hash, json, wait: false }.of(ids).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses what no task could be done to.
fn check(action: Option<&TasksAction>, json: bool) -> Result<(), Failure> {
    let (ids, is_of_one) = match action {
        Some(TasksAction::Review) if json => {
            return Err(Failure::misspelt(
                "`review` is a conversation: it has no --json; see `tasks list` and `tasks approve`",
            ));
        }
        Some(TasksAction::Approve { ids, text, draft_hash, .. }) => {
            (ids, text.is_some() || draft_hash.is_some())
        }
        Some(TasksAction::Reject { ids, draft_hash, .. }) => (ids, draft_hash.is_some()),
        _ => return Ok(()),
    };
    if is_of_one && ids.len() > 1 {
        return Err(Failure::misspelt("--text and --draft-hash are about one draft: name one task"));
    }
    Ok(())
}

/// The same for many tasks.
struct Many {
    api: Api,
    verb: &'static str,
    /// The request's body, but for the hash of the draft.
    body: Value,
    draft_hash: Option<String>,
    json: bool,
    wait: bool,
}

impl Many {
    /// Does it to each; what fails for one is said, and costs the others nothing.
    async fn of(&self, ids: Vec<String>) -> Result<ExitCode, Failure> {
        let (mut failures, mut rested) = (0, Vec::new());
        for id in &ids {
            match self.one(id).await {
                Ok(task) if self.wait => rested.push(task),
                Ok(task) => print_task(&task, self.json),
                // The only one: its failure is that of the command.
                Err(failure) if ids.len() == 1 => return Err(failure),
                Err(failure) => {
                    eprintln!("afterhook: {id}: {failure}");
                    failures += 1;
                }
            }
        }
        for task in &rested {
            failures += usize::from(!wait::tell(task, self.json));
        }
        Ok(if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn one(&self, id: &str) -> Result<Value, Failure> {
        let hash = match (&self.draft_hash, self.verb) {
            (_, "retry" | "correct") => None,
            (Some(named), _) => Some(named.clone()),
            (None, _) => Some(hash(&self.api.task(id).await?, id)?),
        };
        let mut body = self.body.clone();
        if let Some(hash) = hash {
            body["draft_hash"] = hash.into();
        }
        let task = self.api.post(&format!("/tasks/{id}/{}", self.verb), &body).await?;
        if self.wait { wait::rest(&self.api, id).await } else { Ok(task) }
    }
}

/// A JSON object of the fields that there are.
fn object<const N: usize>(fields: [(&str, Option<String>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

/// The hash of the present draft.
fn hash(task: &Value, id: &str) -> Result<String, Failure> {
    let hash = task.pointer("/draft/hash").and_then(Value::as_str);
    hash.map(str::to_owned).ok_or_else(|| {
        let status = task.get("status").and_then(Value::as_str).unwrap_or("unknown");
        Failure::new(format!("task {id} is {status} and has no draft to decide about"))
    })
}

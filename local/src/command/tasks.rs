//! `afterhook tasks`: tasks of a local or deployed system, by its console API.

use std::process::ExitCode;

use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use settings::Environment;

use super::http;
use super::table::{Table, plain, plain_lines, style};
use crate::Failure;
use crate::cli::{TasksAction, TasksArgs};
use crate::made_up::MadeUp;
use crate::terminal::say;

struct Api {
    client: reqwest::Client,
    url: String,
    token: SecretString,
    json: bool,
}

/// Does it and prints the outcome.
pub(crate) async fn tasks(args: TasksArgs) -> Result<ExitCode, Failure> {
    let url = args.url.trim_end_matches('/').to_owned();
    let api = Api { client: http::client()?, url, token: token(&args)?, json: args.json };
    let list = TasksAction::List { status: None, source: None, limit: 20, cursor: None };
    match args.action.unwrap_or(list) {
        TasksAction::List { status, source, limit, cursor } => {
            let limit = limit.to_string();
            let query: Vec<(&str, String)> =
                [("status", status), ("source", source), ("limit", Some(limit)), ("cursor", cursor)]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect();
            api.print_list(&api.get("/tasks", &query).await?);
        }
        TasksAction::Show { id } => api.print_task(&api.task(&id).await?),
        TasksAction::Retry { id, note } => {
            let task = api.post(&format!("/tasks/{id}/retry"), &object([("note", note)])).await?;
            api.print_task(&task);
        }
        TasksAction::Approve { id, text, draft_hash } => {
            let hash = api.hash(&id, draft_hash).await?;
            let body = object([("draft_hash", Some(hash)), ("text", text)]);
            api.print_task(&api.post(&format!("/tasks/{id}/approve"), &body).await?);
        }
        TasksAction::Reject { id, reason, draft_hash } => {
            let hash = api.hash(&id, draft_hash).await?;
            let body = object([("draft_hash", Some(hash)), ("reason", reason)]);
            api.print_task(&api.post(&format!("/tasks/{id}/reject"), &body).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The first token of CONSOLE_TOKEN, else the one that `dev` made up.
fn token(args: &TasksArgs) -> Result<SecretString, Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::new(mistakes.to_string()))?;
    if let Some(token) = environment.console_tokens.first() {
        return Ok(token.token.clone());
    }
    let made_up = MadeUp::read(&args.data_dir).map_err(|error| Failure::at("the made-up secrets", error))?;
    made_up.get("CONSOLE_TOKEN").map(|token| token.to_owned().into()).ok_or_else(|| {
        Failure::new(format!(
            "CONSOLE_TOKEN is not set, and no `dev` has made one up in {}: set it to `name:token`",
            args.data_dir.display()
        ))
    })
}

/// A JSON object of the fields that there are.
fn object<const N: usize>(fields: [(&str, Option<String>); N]) -> Value {
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect()
}

impl Api {
    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Failure> {
        self.call(self.client.request(Method::GET, format!("{}{path}", self.url)).query(query)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.call(self.client.request(Method::POST, format!("{}{path}", self.url)).json(body)).await
    }

    async fn task(&self, id: &str) -> Result<Value, Failure> {
        self.get(&format!("/tasks/{id}"), &[]).await
    }

    /// The hash that the caller names, else the present one.
    async fn hash(&self, id: &str, named: Option<String>) -> Result<String, Failure> {
        if let Some(named) = named {
            return Ok(named);
        }
        let task = self.task(id).await?;
        let hash = task.pointer("/draft/hash").and_then(Value::as_str);
        hash.map(str::to_owned).ok_or_else(|| {
            let status = task.get("status").and_then(Value::as_str).unwrap_or("unknown");
            Failure::new(format!("task {id} is {status} and has no draft to decide about"))
        })
    }

    async fn call(&self, request: RequestBuilder) -> Result<Value, Failure> {
        let failed = |error: reqwest::Error| {
            Failure::new(format!("{}: {}; is it running? (--url)", self.url, http::reason(&error)))
        };
        let response = request.bearer_auth(self.token.expose_secret()).send().await.map_err(failed)?;
        let status = response.status();
        let body = response.text().await.map_err(failed)?;
        let value: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        let detail = value.get("detail").and_then(Value::as_str).unwrap_or(body.as_str());
        Err(Failure::new(format!("{status}: {}", plain(detail))))
    }

    fn print_list(&self, page: &Value) {
        if self.json {
            say!("{page:#}");
            return;
        }
        let tasks = page.get("tasks").and_then(Value::as_array).cloned().unwrap_or_default();
        if tasks.is_empty() {
            say!("no tasks");
            return;
        }
        let mut table = Table::new(["TASK", "STATUS", "RECEIVED", "EVENT", "THREAD", "COST", "WHY"]);
        for task in &tasks {
            let text =
                |pointer: &str| task.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
            let status = text("/status");
            let received = text("/received_at").chars().take(19).collect::<String>().replace('T', " ");
            let cost = task.pointer("/cost_usd").and_then(Value::as_f64);
            let cost = cost.map_or_else(|| "-".to_owned(), |cost| format!("${cost:.4}"));
            let style = style(&status);
            let row = [text("/task_id"), status, received, text("/event"), text("/thread"), cost, why(task)];
            table.push(row, style);
        }
        table.print();
        if let Some(cursor) = page.get("cursor").and_then(Value::as_str) {
            say!("more: --cursor {cursor}");
        }
    }

    fn print_task(&self, task: &Value) {
        if self.json {
            say!("{task:#}");
            return;
        }
        let text = |pointer: &str| match task.pointer(pointer) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let status = text("/status").unwrap_or_default();
        let style = style(&status);
        say!("{}  {style}{status}{style:#}", text("/task_id").unwrap_or_default());
        let lines = [
            ("event", "/event"),
            ("thread", "/thread"),
            ("actor", "/actor"),
            ("received", "/received_at"),
            ("starts", "/not_before"),
            ("attempts", "/attempts"),
            ("intent", "/classification/intent"),
            ("confidence", "/classification/confidence"),
            ("parked", "/draft/parked_because"),
            ("draft hash", "/draft/hash"),
            ("decision", "/decision/outcome"),
            ("decided by", "/decision/by"),
            ("decided at", "/decision/at"),
            ("reason", "/decision/reason"),
            ("error", "/error/message"),
            ("result", "/result/output_url"),
            ("tokens", "/result/tokens_used"),
            ("cost USD", "/cost_usd"),
        ];
        for (name, pointer) in lines {
            if let Some(value) = text(pointer) {
                say!("  {name:<11} {}", plain(&value));
            }
        }
        for entry in task.get("timeline").and_then(Value::as_array).into_iter().flatten() {
            let field = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            say!("  {}  {:<17}  {}", field("at"), field("status"), plain(&field("note")));
        }
        if let Some(draft) = text("/draft/text") {
            say!("\n{}", plain_lines(&draft));
        }
    }
}

/// Why a task stands where it stands, in a few words.
fn why(task: &Value) -> String {
    let text = |pointer: &str| task.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let why = match task.get("status").and_then(Value::as_str) {
        Some("awaiting_approval") => text("/draft/parked_because"),
        Some("failed") => text("/error/message"),
        Some("waiting") => text("/not_before").map(|at| format!("starts {at}")),
        Some("completed") => text("/result/output_url"),
        Some("rejected") => text("/decision/by").map(|by| format!("by {by}")),
        _ => None,
    };
    why.unwrap_or_default()
}

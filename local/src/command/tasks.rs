//! `afterhook tasks`: tasks of a local or deployed system, by its console API.

use std::process::ExitCode;

use reqwest::{Method, RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use settings::Environment;

use super::http;
use super::table::plain;
use super::task_text::{print_list, print_task};
use crate::Failure;
use crate::cli::{TasksAction, TasksArgs};
use crate::dev_secrets::DevSecrets;

/// Characters shown of an answer that is not one of our errors, such as a page of a proxy.
const MAX_SHOWN: usize = 300;

struct Api {
    client: reqwest::Client,
    url: String,
    token: SecretString,
    /// Where the token is from, for the message when it is refused.
    token_from: String,
}

/// Does what the command says and prints the outcome.
pub(crate) async fn tasks(args: TasksArgs) -> Result<ExitCode, Failure> {
    let url = base(&args.url)?;
    let (token, token_from) = token(&args)?;
    let api = Api { client: http::client()?, url, token, token_from };
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
            let hash = api.hash(&id, draft_hash).await?;
            let body = object([("draft_hash", Some(hash)), ("text", text)]);
            print_task(&api.post(&format!("/tasks/{id}/approve"), &body).await?, json);
        }
        TasksAction::Reject { id, reason, draft_hash } => {
            let hash = api.hash(&id, draft_hash).await?;
            let body = object([("draft_hash", Some(hash)), ("reason", reason)]);
            print_task(&api.post(&format!("/tasks/{id}/reject"), &body).await?, json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The console's address as given, if it is a URL of HTTP.
fn base(given: &str) -> Result<String, Failure> {
    match Url::parse(given) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(given.trim_end_matches('/').to_owned()),
        _ => Err(Failure::new(format!(
            "--url {given}: write the whole address of the console, such as http://127.0.0.1:3000"
        ))),
    }
}

/// The token and where it is from: the first of CONSOLE_TOKEN, else the one that `dev` made up.
fn token(args: &TasksArgs) -> Result<(SecretString, String), Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    if let Some(token) = environment.console_tokens.first() {
        return Ok((token.token.clone(), format!("{}'s in CONSOLE_TOKEN", token.name)));
    }
    let dev_secrets =
        DevSecrets::read(&args.data_dir.path).map_err(|error| Failure::at("the made-up secrets", error))?;
    let dir = args.data_dir.path.display();
    let token = dev_secrets.get("CONSOLE_TOKEN").map(|token| token.to_owned().into());
    let token = token.ok_or_else(|| {
        Failure::new(format!(
            "CONSOLE_TOKEN is not set, and no `dev` has made one up in {dir}: set it to `name:token`, or name \
             the directory of your `dev` with --data-dir"
        ))
    });
    Ok((token?, format!("the one that `dev` made up in {dir}")))
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
            let reason = http::reason(&error);
            Failure::new(format!(
                "{} cannot be reached: {reason}. `afterhook dev` starts a console on this machine; --url names \
                 another one",
                self.url
            ))
        };
        let response = request.bearer_auth(self.token.expose_secret()).send().await.map_err(failed)?;
        let status = response.status();
        let body = response.text().await.map_err(failed)?;
        let value: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(Failure::new(format!(
                "{status}: {} does not know the token ({}). Set CONSOLE_TOKEN to a line of its own CONSOLE_TOKEN, \
                 `name:token`",
                self.url, self.token_from
            )));
        }
        let detail = value.get("detail").and_then(Value::as_str);
        let detail = detail.unwrap_or_else(|| domain::clip(&body, MAX_SHOWN));
        Err(Failure::new(format!("{status}: {}", plain(detail))))
    }
}

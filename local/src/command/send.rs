//! `afterhook send`: a signed webhook out of a file.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use domain::{Clock, TaskId, Timestamp};
use serde_json::{Value, json};
use settings::{Environment, Variables};
use webhook::{Secrets, Sender};

use super::api::Api;
use super::tasks::wait;
use crate::Failure;
use crate::cli::SendArgs;
use crate::dev::load;
use crate::dev_secrets::DevSecrets;
use crate::terminal::say;

/// What ingest answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
    /// Milliseconds until it was there.
    pub(crate) ms: f64,
}

impl Answer {
    /// The task that the event became.
    pub(crate) fn task_id(&self) -> Option<TaskId> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get("task_id")?.as_str()?.parse().ok()
    }

    fn print(&self, json: bool) {
        let Self { status, body, ms } = self;
        if json {
            let answer = serde_json::from_str(body).unwrap_or_else(|_| json!(body));
            say!("{}", json!({"status": status, "answer": answer, "ms": ms}));
        } else {
            say!("{status} {body} ({ms:.1} ms)");
        }
    }
}

/// Sends, or prints the event for Lambda.
pub(crate) async fn send(args: SendArgs) -> Result<ExitCode, Failure> {
    let environment = match args.environment.clone() {
        Some(deployed) => Environment { config: Variables::read().config_path().into(), ..deployed },
        None => Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?,
    };
    let path = args.config.path.clone().unwrap_or_else(|| environment.config_path());
    let settings = load(&path)?;
    let name = args.source.clone().unwrap_or_else(|| source_of(&args.file));
    let source = settings.sources.get(&name).ok_or_else(|| {
        let sources = settings.sources.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Failure::misspelt(format!(
            "{}: there is no [sources.{name}]; add that table (`afterhook setup {name}` prints what else {name} needs), or name \
             with --source one of: {sources}",
            path.display()
        ))
    })?;
    let sender = &source.sender;
    let to = args.to.as_deref().map(|to| url(to, &name)).transpose()?;
    let (secrets, origin) = secrets(&name, &environment, &args.data_dir.path)?;
    let body = body(&args, sender)?;
    let hint = args.event.clone().unwrap_or_else(|| (sender.provider.row().hint_of)(&event_name(&args.file)));
    let message = Message { sender, secrets: &secrets, hint: &hint, is_form: is_form(&args.file) };
    if args.print_event {
        say!("{}", gateway_event(&name, &message.headers(&body, Clock::system().now()), &body));
        return Ok(ExitCode::SUCCESS);
    }
    let url = to.unwrap_or_default();
    let answer = message.post(&body, &url).await?;
    answer.print(args.json);
    if answer.status == 401 {
        eprintln!("It was signed with {origin}: has the receiver another one?");
    }
    let is_taken = (200..300).contains(&answer.status);
    match answer.task_id().filter(|_| args.wait && is_taken) {
        Some(id) => rest(&args, &url, &id).await,
        None => Ok(if is_taken { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
    }
}

/// Waits for the task at the console, which is where the webhook went unless it is known to be elsewhere.
async fn rest(args: &SendArgs, webhook: &str, id: &TaskId) -> Result<ExitCode, Failure> {
    let api = match &args.console {
        Some((url, token)) => Api::with_token(url, token.clone())?,
        None => Api::at(webhook.split("/webhooks/").next().unwrap_or(webhook), &args.data_dir.path)?,
    };
    let task = wait::rest(&api, id.as_str()).await?;
    Ok(if wait::tell(&task, args.json) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Posts the JSON `body` as `sender` would, signed and with its word `hint` for the kind of event.
pub(crate) async fn post(
    sender: &Sender,
    secrets: &Secrets,
    hint: &str,
    body: &[u8],
    url: &str,
) -> Result<Answer, Failure> {
    Message { sender, secrets, hint, is_form: false }.post(body, url).await
}

/// The headers with which `sender` would send the JSON `body` at `now`.
pub(crate) fn signed(
    sender: &Sender,
    secrets: &Secrets,
    hint: &str,
    body: &[u8],
    now: Timestamp,
) -> Vec<(String, String)> {
    Message { sender, secrets, hint, is_form: false }.headers(body, now)
}

/// How a body is signed and labelled.
struct Message<'m> {
    sender: &'m Sender,
    secrets: &'m Secrets,
    hint: &'m str,
    is_form: bool,
}

impl Message<'_> {
    async fn post(&self, body: &[u8], url: &str) -> Result<Answer, Failure> {
        let client = super::http::client()?;
        let mut request = client.post(url).body(body.to_vec());
        for (name, value) in self.headers(body, Clock::system().now()) {
            request = request.header(name, value);
        }
        let started = Instant::now();
        let failed = |error: reqwest::Error| {
            let hint = if error.is_connect() {
                ". Nothing answers there: `afterhook dev` starts a receiver"
            } else {
                ""
            };
            Failure::at(url, format!("{}{hint}", super::http::reason(&error)))
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = response.text().await.map_err(failed)?;
        Ok(Answer { status, body, ms: started.elapsed().as_secs_f64() * 1_000.0 })
    }

    fn headers(&self, body: &[u8], now: Timestamp) -> Vec<(String, String)> {
        let mut headers = self.sender.scheme.sign(self.secrets, body, now);
        let media = if self.is_form { "application/x-www-form-urlencoded" } else { "application/json" };
        headers.push(("Content-Type".to_owned(), media.to_owned()));
        if let Some(name) = self.sender.provider.row().hint {
            headers.push((name.to_owned(), self.hint.to_owned()));
        }
        headers
    }
}

/// The secrets and where they are from: the environment, else the one that `dev` made up.
pub(crate) fn secrets(
    source: &str,
    environment: &Environment,
    data_dir: &Path,
) -> Result<(Secrets, String), Failure> {
    let variable = settings::variable_of(source);
    if let Some(secrets) = environment.secrets_for(source) {
        return Ok((secrets.clone(), format!("{variable} of the environment")));
    }
    let dir = data_dir.display();
    let dev_secrets =
        DevSecrets::read(data_dir).map_err(|error| Failure::at("the made-up secrets", error))?;
    match dev_secrets.get(&variable) {
        Some(secret) => {
            let origin =
                format!("the {variable} that `dev` made up in {dir} (--data-dir names another place)");
            Ok((Secrets(vec![secret.to_owned().into()]), origin))
        }
        None => Err(Failure::new(format!(
            "{variable} is not set, and no `dev` has made one up in {dir}: set it to the receiver's secret"
        ))),
    }
}

/// The body of the file. It gets the present time if the sender signs a time inside it, and becomes another event with
/// `--fresh`.
fn body(args: &SendArgs, sender: &Sender) -> Result<Vec<u8>, Failure> {
    let place = args.file.display();
    let body = std::fs::read(&args.file).map_err(|error| Failure::at(place, error))?;
    let now = Clock::system().now();
    let body = if args.fresh { sender.renewed(&body, now) } else { body };
    Ok(sender.stamped(&body, now))
}

/// `events/bodies/slack/app_mention.json` is Slack's.
fn source_of(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name);
    folder.map_or_else(|| "github".to_owned(), |folder| folder.to_string_lossy().into_owned())
}

/// `a/issues.opened.json` is the event `issues.opened`.
fn event_name(file: &Path) -> String {
    file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Slack sends what people click as a form.
fn is_form(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "form")
}

/// A base URL gets the route of the source.
fn url(to: &str, source: &str) -> Result<String, Failure> {
    let to = super::http::address("--to", to)?;
    Ok(if to.contains("/webhooks/") { to } else { format!("{to}/webhooks/{source}") })
}

/// An event of an API Gateway HTTP API, payload format 2.0.
fn gateway_event(source: &str, headers: &[(String, String)], body: &[u8]) -> Value {
    let path = format!("/webhooks/{source}");
    let names: serde_json::Map<String, Value> =
        headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
    let now = Clock::system().now();
    json!({
        "version": "2.0",
        "routeKey": "POST /webhooks/{source}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": names,
        "pathParameters": {"source": source},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": "local.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "local",
            "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "afterhook"},
            "requestId": "local",
            "routeKey": "POST /webhooks/{source}",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "body": String::from_utf8_lossy(body),
        "isBase64Encoded": false,
    })
}

#[cfg(test)]
mod tests {
    use webhook::Provider;

    use super::*;

    #[test]
    fn base_url_gets_the_route() {
        let url = |to: &str| url(to, "github").unwrap();
        assert_eq!(url("http://h:1/"), "http://h:1/webhooks/github");
        assert_eq!(url("http://h:1/webhooks/x"), "http://h:1/webhooks/x");
        assert_eq!(url("127.0.0.1:3000"), "http://127.0.0.1:3000/webhooks/github");
        assert_eq!(url("hooks.example.com/"), "https://hooks.example.com/webhooks/github");
    }

    #[test]
    fn source_and_event_are_told_from_the_files_place() {
        let file = Path::new("events/bodies/shopify/orders.create.json");
        assert_eq!(source_of(file), "shopify");
        assert_eq!((Provider::Shopify.row().hint_of)(&event_name(file)), "orders/create");
        assert_eq!(
            (Provider::Github.row().hint_of)(&event_name(Path::new("a/issue_comment.created.json"))),
            "issue_comment"
        );
        assert_eq!(source_of(Path::new("event.json")), "github");
        assert!(is_form(Path::new("slack/block_actions.form")) && !is_form(file));
    }
}

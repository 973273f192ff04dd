//! `afterhook send`: a signed webhook out of a file.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use domain::{Clock, TaskId};
use serde_json::{Value, json};
use settings::Environment;
use webhook::{Provider, Secrets};

use crate::Failure;
use crate::cli::SendArgs;
use crate::dev::{load, sample};
use crate::made_up::MadeUp;

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
}

/// Sends, or prints the event for Lambda.
pub(crate) async fn send(args: SendArgs) -> Result<ExitCode, Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::new(mistakes.to_string()))?;
    let path = args.config.clone().unwrap_or_else(|| environment.config_path());
    let settings = load(&path)?;
    let source = settings
        .sources
        .get(&args.source)
        .ok_or_else(|| Failure::new(format!("{}: there is no [sources.{}]", path.display(), args.source)))?;
    let secrets = secrets(&args, &environment)?;
    let body = body(&args)?;
    let event = args.event.clone().unwrap_or_else(|| kind(&args.file));
    if args.print_event {
        let headers = headers(source.provider, &secrets, &event, &body);
        println!("{}", gateway_event(&args.source, &headers, &body));
        return Ok(ExitCode::SUCCESS);
    }
    let url = url(args.to.as_deref().unwrap_or_default(), &args.source);
    let answer = post(source.provider, &secrets, &event, &body, &url).await?;
    println!("{} {} ({:.1} ms)", answer.status, answer.body, answer.ms);
    Ok(if (200..300).contains(&answer.status) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Posts `body`, signed as `provider` signs.
pub(crate) async fn post(
    provider: Provider,
    secrets: &Secrets,
    event: &str,
    body: &[u8],
    url: &str,
) -> Result<Answer, Failure> {
    let client = super::http::client()?;
    let mut request = client.post(url).body(body.to_vec());
    for (name, value) in headers(provider, secrets, event, body) {
        request = request.header(name, value);
    }
    let started = Instant::now();
    let failed = |error: reqwest::Error| Failure::at(url, super::http::reason(&error));
    let response = request.send().await.map_err(failed)?;
    let status = response.status().as_u16();
    let body = response.text().await.map_err(failed)?;
    Ok(Answer { status, body, ms: started.elapsed().as_secs_f64() * 1_000.0 })
}

fn headers(provider: Provider, secrets: &Secrets, event: &str, body: &[u8]) -> Vec<(String, String)> {
    let mut headers = provider.scheme().sign(secrets, body, Clock::system().now());
    headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    if let Some(hint) = provider.hint_header() {
        headers.push((hint.to_owned(), event.to_owned()));
    }
    headers
}

/// The environment's secrets, else the one that `dev` made up.
fn secrets(args: &SendArgs, environment: &Environment) -> Result<Secrets, Failure> {
    if let Some(secrets) = environment.secrets_for(&args.source) {
        return Ok(secrets.clone());
    }
    let variable = settings::variable_of(&args.source);
    let made_up = MadeUp::read(&args.data_dir).map_err(|error| Failure::at("the made-up secrets", error))?;
    match made_up.get(&variable) {
        Some(secret) => Ok(Secrets(vec![secret.to_owned().into()])),
        None => Err(Failure::new(format!(
            "{variable} is not set, and no `dev` has made one up in {}: set it to the receiver's secret",
            args.data_dir.display()
        ))),
    }
}

fn body(args: &SendArgs) -> Result<Vec<u8>, Failure> {
    let place = args.file.display();
    let body = std::fs::read(&args.file).map_err(|error| Failure::at(place, error))?;
    if !args.fresh {
        return Ok(body);
    }
    sample::fresh(&body, Clock::system().now()).map_err(|error| Failure::at(args.file.display(), error))
}

/// `issues.opened.json` is an event of the kind `issues`.
fn kind(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// A base URL gets the route of the source.
fn url(to: &str, source: &str) -> String {
    let to = to.trim_end_matches('/');
    if to.contains("/webhooks/") { to.to_owned() } else { format!("{to}/webhooks/{source}") }
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
    use super::*;

    #[test]
    fn base_url_gets_the_route() {
        assert_eq!(url("http://h:1/", "github"), "http://h:1/webhooks/github");
        assert_eq!(url("http://h:1/webhooks/x", "github"), "http://h:1/webhooks/x");
    }

    #[test]
    fn kind_is_the_head_of_the_file_name() {
        assert_eq!(kind(Path::new("a/issue_comment.created.json")), "issue_comment");
    }
}

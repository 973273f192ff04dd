//! [`ApiTask`]: the body of `POST /tasks`, a task without a webhook. Whoever sends it holds a token of
//! the console, so it is checked for mistakes, not for malice.

use std::fmt;

use domain::{API_SOURCE, Event, Priority};
use serde_json::{Map, Value};

use crate::provider::Row;
use crate::reading::{object, own_thread};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

/// There is no signature; the scheme is never asked for.
pub(crate) static ROW: Row =
    Row { has_html: true, has_threads: false, ..Row::json(API_SOURCE, Scheme::standard_webhooks, read) };

/// Keys that the metadata may have.
const MAX_KEYS: usize = 16;
/// Bytes that the metadata may have as JSON.
const MAX_METADATA_BYTES: usize = 1024;
/// Bytes that the callback's address may have.
const MAX_URL_BYTES: usize = 2048;
const FIELDS: [&str; 6] = ["source", "prompt", "payload", "priority", "metadata", "callback_url"];

/// A task that somebody asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiTask {
    /// What is to be done, in words: the prompt, or the payload as JSON.
    pub text: String,
    /// The payload, if there is one.
    pub payload: Option<Value>,
    /// How urgent it is.
    pub priority: Priority,
    /// At most 16 keys and 1 KB. How deep it nests is checked where it is taken in.
    pub metadata: Map<String, Value>,
    /// Where the result is to be posted: an HTTPS URL (HTTP on this machine) without a user. Whether
    /// its host is allowed is for the caller to say.
    pub callback_url: Option<url::Url>,
}

/// Something is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiMistake {
    /// The field.
    pub field: &'static str,
    /// What it must be.
    pub problem: String,
}

impl fmt::Display for ApiMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.problem)
    }
}

impl ApiTask {
    /// Checks `body` against the schema.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn read(body: &Map<String, Value>) -> Result<Self, Vec<ApiMistake>> {
        let mut found = Vec::new();
        for name in body.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
            let name = domain::clip(name, 64);
            found.push(mistake("body", format!("has no field {name:?}; known: {}", FIELDS.join(", "))));
        }
        if given(body, "source").is_some_and(|source| source != API_SOURCE) {
            found.push(mistake("source", "must be \"api\""));
        }
        let mut keep = |field: &'static str, problem: String| found.push(ApiMistake { field, problem });
        let task = Self {
            text: text(body).map_err(|problem| keep("prompt", problem)).unwrap_or_default(),
            payload: given(body, "payload").cloned(),
            priority: priority(body).map_err(|problem| keep("priority", problem)).unwrap_or_default(),
            metadata: metadata(body).map_err(|problem| keep("metadata", problem)).unwrap_or_default(),
            callback_url: callback(body).map_err(|problem| keep("callback_url", problem)).unwrap_or_default(),
        };
        if found.is_empty() { Ok(task) } else { Err(found) }
    }
}

fn mistake(field: &'static str, problem: impl Into<String>) -> ApiMistake {
    ApiMistake { field, problem: problem.into() }
}

/// `null` is as good as nothing.
fn given<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    body.get(name).filter(|value| !value.is_null())
}

fn text(body: &Map<String, Value>) -> Result<String, String> {
    match (given(body, "prompt"), given(body, "payload")) {
        (Some(_), Some(_)) => Err("and `payload` exclude each other: send one of them".to_owned()),
        (None, None) => Err("or `payload` must be there: say what is to be done".to_owned()),
        (Some(Value::String(prompt)), None) if !prompt.trim().is_empty() => Ok(prompt.clone()),
        (Some(_), None) => Err("must be a text that is not blank".to_owned()),
        (None, Some(payload)) => Ok(domain::readable(payload)),
    }
}

fn priority(body: &Map<String, Value>) -> Result<Priority, String> {
    let Some(value) = given(body, "priority") else { return Ok(Priority::DEFAULT) };
    let level = value.as_u64().and_then(|level| u8::try_from(level).ok());
    level
        .and_then(|level| Priority::new(level).ok())
        .ok_or_else(|| "must be 1 (bulk) to 5 (urgent)".to_owned())
}

fn metadata(body: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    match given(body, "metadata") {
        None => Ok(Map::new()),
        Some(Value::Object(facts)) if facts.len() > MAX_KEYS => Err(format!("has more than {MAX_KEYS} keys")),
        Some(Value::Object(facts)) => {
            let bytes = serde_json::to_vec(facts).map_or(usize::MAX, |json| json.len());
            if bytes <= MAX_METADATA_BYTES {
                Ok(facts.clone())
            } else {
                Err(format!("has {bytes} bytes; {MAX_METADATA_BYTES} are allowed"))
            }
        }
        Some(_) => Err("must be an object".to_owned()),
    }
}

fn callback(body: &Map<String, Value>) -> Result<Option<url::Url>, String> {
    let Some(value) = given(body, "callback_url") else { return Ok(None) };
    let text = value.as_str().filter(|text| text.len() <= MAX_URL_BYTES).ok_or("must be a URL")?;
    let url = url::Url::parse(text).map_err(|error| match error {
        url::ParseError::IdnaError => "must have its host name in ASCII (`xn--…`)",
        _ => "must be a URL",
    })?;
    let local = url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() != "https" && !local {
        return Err("must begin with https://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    Ok(Some(url))
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let body = object(received)?;
    let none = Map::new();
    let task = ApiTask::read(body.as_object().unwrap_or(&none)).map_err(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        ParseError::Unreadable(mistakes.join("; "))
    })?;
    Ok(Parsed::Event(Box::new(Event {
        text: task.text,
        priority: Some(task.priority),
        metadata: task.metadata,
        ..Event::new("task.requested", &sender.name, own_thread(received), API_SOURCE)
    })))
}

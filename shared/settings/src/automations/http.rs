//! `[automations.http.NAME]`: a call of somebody's own API, as the automation `http.NAME`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::parameters::{self, Parameters};
use super::template::{PLACES, UrlTemplate, check_json, fill_json, plain};
use crate::entry::Entry;
use crate::env::{AUTOMATION, AUTOMATION_PREFIX};
use crate::key::key;
use crate::names::is_identifier;
use crate::scheme::HEADER;
use crate::section::Section;
use crate::{ApprovalPolicy, Variables};

/// Headers that are ours to set.
const OURS: [&str; 6] =
    ["content-type", "content-length", "host", "idempotency-key", "transfer-encoding", "connection"];

/// `[automations.http.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpCall {
    /// How it is called (default `POST`).
    pub method: HttpMethod,
    /// Where: the host is fixed, parameters stand in path and query.
    pub url: UrlTemplate,
    /// Headers with the variables that hold their values.
    pub headers: BTreeMap<String, String>,
    /// What is sent as JSON; texts in it are templates. Checked.
    pub body: Option<Value>,
    /// What triage fills in (default nothing).
    pub parameters: Parameters,
    /// Whether the API honours `Idempotency-Key`, or a second call does no harm (default no). If not, a person
    /// decides what becomes of a call whose answer was lost.
    pub repeatable: bool,
    /// When a person must approve it (default [`ApprovalPolicy::Always`], whatever `[agent] approval` says: the
    /// parameters are a stranger's choice).
    pub approval: ApprovalPolicy,
}

/// How a call is made. Only methods that change something: nobody would see the answer of a `GET`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
}

impl HttpMethod {
    const CHOICES: [(&str, Self); 4] =
        [("POST", Self::Post), ("PUT", Self::Put), ("PATCH", Self::Patch), ("DELETE", Self::Delete)];

    /// Its name in upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl HttpCall {
    /// The places that its templates can have.
    #[must_use]
    pub fn places(&self) -> Vec<&str> {
        places(&self.parameters)
    }

    /// Address and body with the values that `get` has for their places.
    ///
    /// # Errors
    /// When a value cannot stand in the address.
    pub fn fill(&self, get: &impl Fn(&str) -> Value) -> Result<(url::Url, Option<Value>), String> {
        let url = self.url.fill(|name| plain(&get(name)))?;
        let body = self.body.as_ref().and_then(|body| fill_json(body, &self.places(), get));
        Ok((url, body))
    }
}

fn places(parameters: &Parameters) -> Vec<&str> {
    parameters.names().into_iter().chain(PLACES).collect()
}

const PARAMETERS: &str = "JSON Schema of what triage fills in from the event.";
const URL: &str = "Https (http on this machine alone), the host fixed; {places} may stand in path and query, and are encoded. Places are the \
                   parameters, {task_id}, {tenant}, {thread}, {actor} and {event}.";
const HEADERS: &str =
    "Each with the environment variable that holds its value, which begins with AUTOMATION_.";
const BODY: &str = "Sent as JSON; {places} may stand in its texts (default nothing).";
const REPEATABLE: &str = "Whether your API honours the Idempotency-Key. If not, a person is asked what happened \
                          when an answer was lost.";
const APPROVAL: &str = "When a person must approve the call. Whoever writes an event has a say in the parameters and in \
                        how sure triage is: with \"low_confidence\" and \"never\" they can have the call made.";

/// Reads the section of the call `name`, whose variables must be among `variables` if those are known.
pub(super) fn read(name: &str, entry: &Entry<'_>, variables: Option<&Variables>) -> Option<HttpCall> {
    let mut section = entry.section()?;
    if !is_identifier(name) {
        return section.wrong(
            format!("\"{name}\" is not a name for a call"),
            "use lower-case letters, digits and `_`, a letter first".to_owned(),
        );
    }
    let parameters = match section.get(&key("parameters", PARAMETERS)) {
        Some(entry) => parameters::read(&entry),
        None => Some(Parameters::default()),
    };
    // With unreadable parameters every place would be a mistake of its own.
    let places = parameters.as_ref().map(places);
    let method =
        section.choice_or(key("method", "How it is called."), HttpMethod::Post, &HttpMethod::CHOICES);
    let example = "add `url = \"https://api.example.com/path\"`";
    let url = section.require(key("url", URL), example, |entry| url(entry, places.as_deref()));
    let (headers, body) = (headers(&mut section, variables), section.get(&key("body", BODY)));
    let body = body.map(|entry| body_of(&entry, places.as_deref()));
    let repeatable = section.read_or(key("repeatable", REPEATABLE), false, Entry::flag);
    let approval =
        section.choice_or(key("approval", APPROVAL), ApprovalPolicy::Always, &ApprovalPolicy::CHOICES);
    section.finish();
    Some(HttpCall {
        method,
        url: url?,
        headers,
        body: match body {
            Some(read) => Some(read?),
            None => None,
        },
        parameters: parameters?,
        repeatable,
        approval,
    })
}

fn url(entry: &Entry<'_>, places: Option<&[&str]>) -> Option<UrlTemplate> {
    let text = entry.text();
    entry.also(|| json!({"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}));
    UrlTemplate::parse(&text?, places?).map_or_else(
        |problem| entry.refuse(problem, "write it like \"https://api.example.com/users/{user}/reset\""),
        Some,
    )
}

fn body_of(entry: &Entry<'_>, places: Option<&[&str]>) -> Option<Value> {
    let body = entry.json()?;
    match check_json(&body, places?) {
        Ok(()) => Some(body),
        Err(problem) => entry.refuse(problem, "name a parameter, or one of the places that are always there"),
    }
}

fn headers(section: &mut Section<'_>, variables: Option<&Variables>) -> BTreeMap<String, String> {
    let headers = section.section(key("headers", HEADERS));
    let headers = headers.entries(&HEADER, "The environment variable that holds its value.");
    headers.iter().filter_map(|(name, _, entry)| header(name, entry, variables)).collect()
}

fn header(name: &str, entry: &Entry<'_>, variables: Option<&Variables>) -> Option<(String, String)> {
    if !(HEADER.fits)(name) {
        return entry.refuse(format!("\"{name}\" is not a name of a header"), "letters, digits and `-`");
    }
    if OURS.contains(&name.to_lowercase().as_str()) {
        return entry.refuse("is set by itself", "remove it");
    }
    let variable = entry.text_like(&AUTOMATION, |_| {
        (
            "is not the name of a variable that calls may use",
            format!("name a variable that begins with {AUTOMATION_PREFIX}; its value is the header's"),
        )
    })?;
    if variables.is_some_and(|variables| !variables.is_set(&variable)) {
        return entry.refuse(
            format!("the variable {variable} is not set"),
            format!(
                "set it to the whole value of the header {name}; deployed, in the secret of ACT_SECRET_ID"
            ),
        );
    }
    Some((name.to_owned(), variable))
}

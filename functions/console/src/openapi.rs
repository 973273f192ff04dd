//! `GET /openapi.json`: the description of the API, made of the endpoints that are served and of the
//! types that they read and write.

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::endpoint::{Content, Endpoint};
use crate::route;

/// An error, as RFC 9457 has it.
#[derive(JsonSchema)]
#[schemars(rename = "Problem")]
#[allow(dead_code, reason = "only its schema is used")]
struct ProblemBody {
    /// `urn:afterhook:problem:` and a stable word for programs.
    r#type: String,
    /// What is wrong, in general.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What is wrong this time, and how to mend it.
    detail: String,
}

/// What any endpoint may answer: no token, one without the role, too many wrong ones; tokens or stores that cannot
/// be read.
const EVERYWHERE: [u16; 5] = [401, 403, 429, 500, 503];

/// Answers with the description. It tells nothing that is not in the README, so it needs no token.
pub(crate) async fn document() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(|| describe(&route::endpoints()).to_string());
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "public, max-age=300"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text.as_str()).into_response()
}

/// The OpenAPI document of `endpoints`.
fn describe(endpoints: &[Endpoint]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    // What is written: fields that do not apply are null, and there.
    let mut answers = settings.clone().for_serialize().into_generator();
    let mut bodies = settings.for_deserialize().into_generator();
    let problem = answers.subschema_for::<ProblemBody>();
    let mut paths = Map::new();
    for endpoint in endpoints {
        let operation = operation(endpoint, &mut answers, &mut bodies, problem.as_value());
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method] = operation;
    }
    let mut schemas = answers.take_definitions(true);
    schemas.append(&mut bodies.take_definitions(true));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Afterhook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Tasks, their transcripts, and the decisions of people.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" }
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token of a line of CONSOLE_TOKEN."
                }
            },
            "schemas": schemas
        }
    })
}

fn operation(
    endpoint: &Endpoint,
    answers: &mut SchemaGenerator,
    bodies: &mut SchemaGenerator,
    problem: &Value,
) -> Value {
    let mut responses = Map::new();
    let content = match endpoint.content {
        Content::Json(describe) => json!({ "application/json": { "schema": describe(answers) } }),
        Content::Raw => json!({ "*/*": {} }),
    };
    let answer = json!({ "description": endpoint.summary, "content": content });
    responses.insert(endpoint.status.to_string(), answer);
    for status in EVERYWHERE.iter().chain(endpoint.problems) {
        let content = json!({ "application/problem+json": { "schema": problem } });
        let answer = json!({ "description": reason(*status), "content": content });
        responses.insert(status.to_string(), answer);
    }
    let mut operation = json!({
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": format!("Needs a token with the role `{}`.", endpoint.role.as_str()),
        "parameters": parameters(endpoint),
        "responses": responses,
    });
    if let Some((describe, required)) = endpoint.body {
        let content = json!({ "application/json": { "schema": describe(bodies) } });
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    operation
}

/// Those of the path, and those of the query.
fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let named = endpoint.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let path = named.map(|name| {
        json!({
            "name": name, "in": "path", "required": true,
            "description": "A task.",
            "schema": { "type": "string", "pattern": "^tsk_[0-9A-HJKMNP-TV-Z]{26}$" }
        })
    });
    let query = endpoint.query.iter().map(|(name, description, schema)| {
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        json!({ "name": name, "in": "query", "description": description, "schema": schema })
    });
    path.chain(query).collect()
}

fn reason(status: u16) -> &'static str {
    let status = http::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("An error")
}

//! Vertex AI: the same models and caches under its own routes, names and refusals; and the services that give out
//! access tokens: Google's OAuth, security tokens for federated identities, service accounts, the metadata server.

use std::collections::HashMap;
use std::time::Duration;

use axum::response::Response;
use domain::{Timestamp, after};
use http::StatusCode;
use serde_json::{Value, json};

use super::errors::ApiError;
use super::respond;
use super::router::Call;
use super::shared::Shared;
use super::spelling::{self, Fields};
use crate::kit::{self, claims, lock};

/// How a caller asks for a tier.
const TIER: &str = "x-vertex-ai-llm-shared-request-type";

/// A call of Vertex AI, whose path is now that of the developer API.
#[derive(Debug)]
pub(super) struct Vertex {
    /// `projects/P/locations/L/`.
    parent: String,
    is_global: bool,
}

/// The tokens that were given out, with their ends.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    pub(super) live: HashMap<String, Timestamp>,
    pub(super) issued: u64,
}

impl Vertex {
    /// Reads the path; what is not Vertex AI's stays as it is.
    pub(super) fn take(http: &mut kit::Call) -> Option<Self> {
        let segments = http.segments();
        let ["v1" | "v1beta1", below @ ..] = segments.as_slice() else { return None };
        let (project, location, rest) = match below {
            ["projects", project, "locations", location, rest @ ..] => (*project, *location, rest),
            ["publishers", "google", ..] => ("-", "global", below),
            _ => return None,
        };
        let (parent, is_global) = (format!("projects/{project}/locations/{location}/"), location == "global");
        let rest = rest.strip_prefix(&["publishers", "google"]).unwrap_or(rest).join("/");
        http.path = format!("/v1beta/{rest}");
        Some(Self { parent, is_global })
    }

    /// Checks the token and the body, and makes that the developer API's.
    pub(super) fn admit(&self, shared: &Shared, http: &mut kit::Call) -> Result<(), ApiError> {
        check_token(shared, http.header("authorization"))?;
        let tier = http.header(TIER).to_ascii_lowercase();
        let Some(body) = http.body.as_object_mut() else { return Ok(()) };
        if body.contains_key("serviceTier") {
            return Err(spelling::unknown_name("serviceTier", ""));
        }
        let contents = body.get("contents").and_then(Value::as_array);
        if contents.is_some_and(|contents| contents.iter().any(|content| content.string("role").is_none())) {
            return Err(ApiError::invalid("Please use a valid role: user, model."));
        }
        for (field, prefix) in
            [("cachedContent", self.parent.clone()), ("model", format!("{}publishers/google/", self.parent))]
        {
            let Some(name) = body.get(field).and_then(Value::as_str) else { continue };
            let bare = name.strip_prefix(&prefix).ok_or_else(|| {
                ApiError::invalid(format!("Invalid resource field value in the request: {field} {name}."))
            })?;
            let bare = bare.to_owned();
            body.insert(field.to_owned(), bare.into());
        }
        if self.is_global && !tier.is_empty() {
            body.insert("serviceTier".to_owned(), tier.into());
        }
        Ok(())
    }

    /// `body` with the whole names of caches and models.
    pub(super) fn named(&self, mut body: Value) -> Value {
        let name = |cache: &mut Value| {
            for (field, prefix) in [("name", ""), ("model", "publishers/google/")] {
                if let Some(name) = cache.string(field) {
                    cache[field] = format!("{}{prefix}{name}", self.parent).into();
                }
            }
        };
        match body.get_mut("cachedContents").and_then(Value::as_array_mut) {
            Some(list) => list.iter_mut().for_each(name),
            None => name(&mut body),
        }
        body
    }

    /// `error` in its own words: it names no quota, and a model by its whole name.
    pub(super) fn says(&self, error: ApiError, call: &Call) -> ApiError {
        match (error.http_status().as_u16(), call.model_method()) {
            (429, _) => ApiError::new(
                429,
                "Resource exhausted. Please try again later. Please refer to \
                 https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details.",
            ),
            (404, Some((model, _))) => ApiError::new(
                404,
                format!(
                    "Publisher Model `{}publishers/google/models/{model}` was not found or your project does not have \
                 access to it. Please ensure you are using a valid model version.",
                    self.parent
                ),
            ),
            _ => error,
        }
    }
}

/// A token of ours, or one that a service account has signed itself.
fn check_token(shared: &Shared, header: &str) -> Result<(), ApiError> {
    let token = header.strip_prefix("Bearer ").unwrap_or_default();
    let now = shared.now();
    let is_ours = lock(&shared.tokens).live.get(token).is_some_and(|end| *end > now);
    if is_ours || is_signed(token, now) {
        return Ok(());
    }
    let reason = if token.is_empty() { "CREDENTIALS_MISSING" } else { "ACCESS_TOKEN_TYPE_UNSUPPORTED" };
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or \
                   other valid authentication credential.";
    Err(ApiError::new(401, message).detail(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        "metadata": {"service": "aiplatform.googleapis.com"},
    })))
}

/// Whether `token` says that it is good for the platform, and not over. The signature is taken on trust.
fn is_signed(token: &str, now: Timestamp) -> bool {
    let claims = claims(token).unwrap_or_default();
    let scope = claims.string("scope").unwrap_or_default();
    scope.contains("cloud-platform") && claims["exp"].as_i64().is_some_and(|end| end > now.as_second())
}

/// Answers a request for a token; `None` if it is for something else.
pub(super) fn token(shared: &Shared, call: &Call) -> Option<Response> {
    let segments = call.segments();
    let mut body = match (call.method.as_str(), segments.as_slice()) {
        // What a refresh token, or the token of another service, is exchanged for.
        ("POST", ["token"] | ["v1", "token"]) => {
            let Some(shown) = call.field("refresh_token").or(call.field("subject_token")) else {
                let message = "there is neither a refresh token nor a subject token";
                return Some(refused("invalid_request", message));
            };
            if shown.contains("REVOKED") {
                return Some(refused("invalid_grant", "Token has been expired or revoked."));
            }
            json!({"token_type": "Bearer", "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"})
        }
        ("GET", ["computeMetadata", "v1", "instance", "service-accounts", "default", "token"])
            if call.header("metadata-flavor") == "Google" =>
        {
            json!({"token_type": "Bearer"})
        }
        ("POST", ["v1", "projects", "-", "serviceAccounts", account])
            if account.ends_with(":generateAccessToken") =>
        {
            if let Err(error) = check_token(shared, call.header("authorization")) {
                return Some(respond::error(&error));
            }
            let (token, life) = issue(shared);
            let body = json!({"accessToken": token, "expireTime": after(shared.now(), life)});
            return Some(respond::ok(&body));
        }
        _ => return None,
    };
    let (token, life) = issue(shared);
    (body["access_token"], body["expires_in"]) = (token.into(), life.as_secs().into());
    Some(respond::ok(&body))
}

fn refused(error: &str, description: &str) -> Response {
    respond::json(StatusCode::BAD_REQUEST, &json!({"error": error, "error_description": description}))
}

fn issue(shared: &Shared) -> (String, Duration) {
    let (life, token) = (shared.settings.token_life, format!("ya29.{}", shared.id(40)));
    let mut tokens = lock(&shared.tokens);
    tokens.issued += 1;
    tokens.live.insert(token.clone(), after(shared.now(), life));
    (token, life)
}

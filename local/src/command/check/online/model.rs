//! The key, and the models that agent.toml names.

use gemini::Config;
use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret;
use serde_json::Value;
use settings::{Environment, Settings};

use super::Finding;
use crate::command::http::reason;

/// Asks for each model at each address.
pub(super) async fn look(settings: &Settings, environment: &Environment, client: &Client) -> Vec<Finding> {
    if !wiring::model::is_configured(environment) {
        return vec![Finding::skipped("model", "GEMINI_API_KEY is not set; `dev` uses a stand-in")];
    }
    let config = wiring::model::config(settings, environment);
    let mut findings = Vec::new();
    for (base, version) in addresses(&config) {
        for model in settings.models.in_use() {
            findings.push(one(client, &config, &base, &version, model).await);
        }
    }
    findings
}

fn addresses(config: &Config) -> Vec<(String, String)> {
    if config.endpoints.is_empty() {
        return vec![(config.base_url.clone(), config.api_version.clone())];
    }
    let endpoints = config.endpoints.iter();
    endpoints.map(|endpoint| (endpoint.base_url.clone(), endpoint.api_version.clone())).collect()
}

async fn one(client: &Client, config: &Config, base: &str, version: &str, model: &str) -> Finding {
    let what = format!("model {model}");
    let mut request = client.get(format!("{}/{version}/models/{model}", base.trim_end_matches('/')));
    if let Some(key) = &config.api_key {
        request = request.header("x-goog-api-key", key.expose_secret());
    }
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => {
            let mend = "look at the network, a proxy, and GEMINI_BASE_URL";
            return Finding::wrong(what, format!("{base} cannot be reached: {}", reason(&error)), mend);
        }
    };
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if status.is_success() {
        return Finding::ok(what, format!("the key is good for it, at {base}"));
    }
    let said = body.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason given");
    let mend = match status {
        StatusCode::NOT_FOUND => {
            "write a model that exists into [models] of agent.toml, or another api_version"
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "set GEMINI_API_KEY to a live key from Google AI Studio whose project may use the API"
        }
        StatusCode::TOO_MANY_REQUESTS => "the quota is used up for now: try again in a minute",
        _ => "try again; the service has trouble",
    };
    Finding::wrong(what, format!("{}: {said}", status.as_u16()), mend)
}

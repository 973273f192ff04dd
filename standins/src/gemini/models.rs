//! The models there are: limits, methods, aliases, and the concrete version behind each alias.

use domain::Timestamp;
use serde_json::{Value, json};

use super::errors::ApiError;

/// One model of the catalogue.
#[derive(Debug, PartialEq)]
pub(super) struct Model {
    /// The name without `models/`; also the `modelVersion` of its answers.
    pub(super) name: &'static str,
    display: &'static str,
    /// What it does.
    pub(super) kind: Kind,
    /// The largest prompt, in tokens.
    pub(super) input_limit: u64,
    /// The largest answer, in tokens.
    pub(super) output_limit: u64,
    /// The smallest explicit cache, in tokens; none where only implicit caching exists.
    pub(super) cache_minimum: Option<u64>,
    shutdown: Option<&'static str>,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Thinks; the depth is a level (generation 3 and later).
    Levels,
    /// Thinks; the depth is a number of tokens (generation 2.5).
    Budget,
}

const fn chat(name: &'static str, display: &'static str, cache_minimum: u64) -> Model {
    Model {
        name,
        display,
        kind: Kind::Levels,
        input_limit: 1_048_576,
        output_limit: 65_536,
        cache_minimum: Some(cache_minimum),
        shutdown: None,
    }
}

const fn old(name: &'static str, display: &'static str, cache_minimum: u64) -> Model {
    Model { kind: Kind::Budget, shutdown: Some("2026-12-01T00:00:00Z"), ..chat(name, display, cache_minimum) }
}

static MODELS: &[Model] = &[
    chat("gemini-3.8-flash", "Gemini 3.8 Flash", 1_024),
    chat("gemini-3.7-flash", "Gemini 3.7 Flash", 1_024),
    chat("gemini-3.6-flash", "Gemini 3.6 Flash", 1_024),
    chat("gemini-3.5-flash", "Gemini 3.5 Flash", 1_024),
    chat("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", 2_048),
    chat("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", 2_048),
    chat("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", 4_096),
    chat("gemini-3-flash-preview", "Gemini 3 Flash Preview", 1_024),
    Model { output_limit: 1_048_576, cache_minimum: None, ..chat("gemini-4-argon", "Gemini 4 Argon", 0) },
    old("gemini-2.5-pro", "Gemini 2.5 Pro", 4_096),
    old("gemini-2.5-flash", "Gemini 2.5 Flash", 1_024),
    old("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", 2_048),
];

/// Aliases of the beta API and what they stand for at present.
static ALIASES: &[(&str, &str)] = &[
    ("gemini-flash-latest", "gemini-3.8-flash"),
    ("gemini-flash-lite-latest", "gemini-3.5-flash-lite"),
    ("gemini-pro-latest", "gemini-3.1-pro-preview"),
];

impl Model {
    /// Whether it offers a method such as `generateContent`.
    pub(super) fn supports(&self, method: &str) -> bool {
        match method {
            "countTokens" | "generateContent" | "streamGenerateContent" => true,
            "createCachedContent" => self.cache_minimum.is_some(),
            _ => false,
        }
    }

    fn is_live(&self, now: Timestamp) -> bool {
        let end = self.shutdown.and_then(|at| at.parse::<Timestamp>().ok());
        end.is_none_or(|end| now < end)
    }

    fn describe(&self, name: &str, display: &str) -> Value {
        let methods = ["generateContent", "countTokens", "createCachedContent"];
        let methods: Vec<&str> = methods.into_iter().filter(|method| self.supports(method)).collect();
        json!({
            "name": format!("models/{name}"), "version": self.name.trim_start_matches("gemini-"),
            "displayName": display, "description": format!("{display}, as the local stand-in imitates it"),
            "inputTokenLimit": self.input_limit, "outputTokenLimit": self.output_limit,
            "supportedGenerationMethods": methods,
            "temperature": 1, "topP": 0.95, "topK": 64, "maxTemperature": 2, "thinking": true,
        })
    }
}

/// The model behind a name, if this API version knows it and it is not shut down.
fn find(name: &str, version: &str, now: Timestamp) -> Option<&'static Model> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    if alias.is_some() && version == "v1" {
        return None;
    }
    let concrete = alias.map_or(name, |(_, concrete)| concrete);
    MODELS.iter().find(|m| m.name == concrete && m.is_live(now))
}

/// The concrete model's name behind an alias; any other name unchanged.
pub(super) fn concrete(name: &str) -> &str {
    let name = name.trim_start_matches("models/");
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, concrete)| concrete)
}

/// The model behind a name (with or without `models/`), if it offers `method`; else the 404.
pub(super) fn resolve(
    name: &str,
    version: &str,
    method: &str,
    now: Timestamp,
) -> Result<&'static Model, ApiError> {
    let name = name.trim_start_matches("models/");
    find(name, version, now)
        .filter(|m| m.supports(method))
        .ok_or_else(|| ApiError::no_model(name, version, method.trim_start_matches("stream")))
}

/// `models.get`.
pub(super) fn get(name: &str, version: &str, now: Timestamp) -> Result<Value, ApiError> {
    let model = find(name, version, now).ok_or_else(|| ApiError::no_model(name, version, "getModel"))?;
    Ok(model.describe(name, model.display))
}

/// All models of an API version, aliases included.
pub(super) fn all(version: &str, now: Timestamp) -> Vec<Value> {
    let own = MODELS.iter().filter(|m| m.is_live(now)).map(|m| m.describe(m.name, m.display));
    let aliases =
        ALIASES.iter().filter_map(|(alias, _)| Some(find(alias, version, now)?.describe(alias, alias)));
    own.chain(aliases).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn november() -> Timestamp {
        "2026-11-20T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn aliases_exist_in_the_beta_version_only() {
        let found = |version| resolve("gemini-pro-latest", version, "generateContent", november());
        assert_eq!(found("v1beta").unwrap().name, "gemini-3.1-pro-preview");
        assert_eq!(found("v1").unwrap_err().http_status(), 404);
    }

    #[test]
    fn a_model_is_gone_after_its_shutdown() {
        let at =
            |time: &str| resolve("gemini-2.5-flash", "v1", "generateContent", time.parse().unwrap()).is_ok();
        assert!(at("2026-11-30T23:59:59Z"));
        assert!(!at("2026-12-01T00:00:00Z"));
    }

    #[test]
    fn argon_has_no_explicit_cache() {
        let argon = get("gemini-4-argon", "v1", november()).unwrap();
        let methods = argon["supportedGenerationMethods"].as_array().unwrap();
        assert!(!methods.contains(&json!("createCachedContent")));
    }

    #[test]
    fn every_alias_stands_for_a_model() {
        assert!(ALIASES.iter().all(|(_, name)| MODELS.iter().any(|m| m.name == *name)));
    }
}

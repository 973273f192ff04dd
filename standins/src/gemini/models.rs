//! The models there are: limits, methods, aliases, and the concrete version behind each alias.

use serde_json::{Value, json};

use super::errors::ApiError;

/// One model of the catalogue.
#[derive(Debug, PartialEq)]
pub(super) struct Model {
    /// The name without `models/`; also the `modelVersion` of its answers.
    pub(super) name: &'static str,
    display: &'static str,
    pub(super) input_limit: u64,
    pub(super) output_limit: u64,
    /// The smallest explicit cache, in tokens; none where only implicit caching exists.
    pub(super) cache_minimum: Option<u64>,
}

const fn chat(name: &'static str, display: &'static str, cache_minimum: u64) -> Model {
    Model { name, display, input_limit: 1_048_576, output_limit: 65_536, cache_minimum: Some(cache_minimum) }
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
];

/// Aliases of the beta API and what they stand for at present.
pub(super) static ALIASES: &[(&str, &str)] = &[
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

/// The model behind a name, if this API version knows it.
fn find(name: &str, version: &str) -> Option<&'static Model> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    if alias.is_some() && version == "v1" {
        return None;
    }
    let concrete = alias.map_or(name, |(_, concrete)| concrete);
    MODELS.iter().find(|m| m.name == concrete)
}

/// The concrete model's name behind an alias; any other name unchanged.
pub(super) fn concrete(name: &str) -> &str {
    let name = name.trim_start_matches("models/");
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, concrete)| concrete)
}

/// The model behind a name (with or without `models/`), if it offers `method`; else the 404.
pub(super) fn resolve(name: &str, version: &str, method: &str) -> Result<&'static Model, ApiError> {
    let name = name.trim_start_matches("models/");
    find(name, version)
        .filter(|m| m.supports(method))
        .ok_or_else(|| ApiError::no_model(name, version, method.trim_start_matches("stream")))
}

/// `models.get`.
pub(super) fn get(name: &str, version: &str) -> Result<Value, ApiError> {
    let model = find(name, version).ok_or_else(|| ApiError::no_model(name, version, "getModel"))?;
    Ok(model.describe(name, model.display))
}

/// All models of an API version, aliases included.
pub(super) fn all(version: &str) -> Vec<Value> {
    let own = MODELS.iter().map(|m| m.describe(m.name, m.display));
    let aliases = ALIASES.iter().filter_map(|(alias, _)| Some(find(alias, version)?.describe(alias, alias)));
    own.chain(aliases).collect()
}

//! `models`: what can be asked.

use serde::{Deserialize, Serialize};

use super::lenient::{count, or_default};

/// A model's description.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelInfo {
    /// `models/…`.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its version.
    #[serde(deserialize_with = "or_default")]
    pub version: String,
    /// Its name for people.
    #[serde(deserialize_with = "or_default")]
    pub display_name: String,
    /// Longest prompt, tokens.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub input_token_limit: Option<u64>,
    /// Longest answer, tokens.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub output_token_limit: Option<u64>,
    /// What it can do: `generateContent`, `createCachedContent` …
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub supported_generation_methods: Vec<String>,
    /// Whether it thinks before it answers.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "std::ops::Not::not")]
    pub thinking: bool,
}

/// A page of models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelList {
    /// The models.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelInfo>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

//! `models/{m}:batchEmbedContents`.

use serde::{Deserialize, Serialize};

use super::UsageMetadata;
use super::lenient::or_default;

/// The vectors of several texts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EmbedContentsResponse {
    /// One per request, in their order.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub embeddings: Vec<Embedding>,
    /// What is billed; not every model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_metadata: Option<UsageMetadata>,
}

/// A vector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Embedding {
    /// Its components.
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<f32>,
}

//! [`UsageMetadata`]: what a call is billed for.

use serde::{Deserialize, Serialize};

use super::lenient::{count, or_default};
use super::open_enum::open_enum;

open_enum! {
    /// Which price list applies.
    pub enum ServiceTier {
        /// List price.
        Standard = "standard",
        /// Half price, when there is room.
        Flex = "flex",
        /// Dearer, first in line.
        Priority = "priority",
    }
}

/// Token counts. A count that is zero is absent on the wire.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsageMetadata {
    /// Tokens of the prompt, cached ones included.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub prompt_token_count: Option<u64>,
    /// Those of the prompt that came from a cache, explicit or implicit.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub cached_content_token_count: Option<u64>,
    /// Tokens of all candidates.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub candidates_token_count: Option<u64>,
    /// Tokens of the model's thoughts.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub thoughts_token_count: Option<u64>,
    /// Tokens of built-in tools' results, fed back as prompt.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub tool_use_prompt_token_count: Option<u64>,
    /// Prompt + candidates + thoughts + tool use.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub total_token_count: Option<u64>,
    /// The prompt by modality.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub prompt_tokens_details: Vec<TokenDetail>,
    /// The cached part by modality.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub cache_tokens_details: Vec<TokenDetail>,
    /// The candidates by modality.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub candidates_tokens_details: Vec<TokenDetail>,
    /// The tool results by modality.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub tool_use_prompt_tokens_details: Vec<TokenDetail>,
    /// Which price list applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
    /// How the capacity is bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_type: Option<String>,
}

impl UsageMetadata {
    /// Everything that is billed as input: the prompt, cached tokens included, and tool results.
    #[must_use]
    pub fn input(&self) -> u64 {
        let prompt = self.prompt_token_count.unwrap_or_default();
        prompt.saturating_add(self.tool_use_prompt_token_count.unwrap_or_default())
    }
}

/// A modality's share of a count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenDetail {
    /// `TEXT`, `IMAGE`, `AUDIO` …
    #[serde(deserialize_with = "or_default")]
    pub modality: String,
    /// Its tokens.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub token_count: Option<u64>,
}

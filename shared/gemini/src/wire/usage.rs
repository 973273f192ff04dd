//! [`UsageMetadata`]: what a call is billed for.

use serde::{Deserialize, Serialize};

use super::lenient::count;
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
    /// Which price list applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<ServiceTier>,
}

impl UsageMetadata {
    /// Everything that is billed as input: the prompt, cached tokens included, and tool results.
    #[must_use]
    pub fn input(&self) -> u64 {
        let prompt = self.prompt_token_count.unwrap_or_default();
        prompt.saturating_add(self.tool_use_prompt_token_count.unwrap_or_default())
    }
}

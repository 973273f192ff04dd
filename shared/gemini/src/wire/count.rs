//! `models/{m}:countTokens`.

use serde::{Deserialize, Serialize};

use super::TokenDetail;
use super::lenient::{count, or_default};

/// How many tokens a prompt has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CountTokensResponse {
    /// All tokens.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
    /// Those in a cache.
    #[serde(deserialize_with = "count", skip_serializing_if = "Option::is_none")]
    pub cached_content_token_count: Option<u64>,
    /// The prompt by modality.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub prompt_tokens_details: Vec<TokenDetail>,
}

//! `cachedContents`: explicit context caches.

use serde::{Deserialize, Serialize};

use super::Content;
use super::lenient::{count, or_default};

/// What is sent to make a cache. A request that uses it may hold none of these fields itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateCachedContent<'a> {
    /// `models/…`: the one model that it will serve.
    pub model: &'a str,
    /// The name to know it by again.
    pub display_name: &'a str,
    /// How long it lives, such as `7200s`.
    pub ttl: String,
    /// Persona and reference material.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_instruction: Option<&'a Content>,
}

/// A cache. Its content can be written, never read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CachedContent {
    /// `cachedContents/…`.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// When it was made.
    pub create_time: Option<jiff::Timestamp>,
    /// When it ends.
    pub expire_time: Option<jiff::Timestamp>,
    /// Its size.
    pub usage_metadata: Option<CachedContentUsage>,
}

/// Size of a cache.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CachedContentUsage {
    /// Tokens.
    #[serde(deserialize_with = "count")]
    pub total_token_count: Option<u64>,
}

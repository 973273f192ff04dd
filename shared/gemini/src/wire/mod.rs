//! The Gemini Developer API's JSON, as types: of the methods that we call.
//!
//! Everything here bends rather than breaks: fields that we do not know are skipped, fields that are missing or `null`
//! take their default, and words that make no difference here are text. Google adds fields and words without notice,
//! and an answer that was paid for must not be lost to a new finish reason.

mod caches;
mod content;
mod duration;
mod generate;
mod lenient;
mod sse;
mod usage;

pub use caches::{CachedContent, CachedContentUsage, CreateCachedContent};
pub use content::{Content, InlineData, Part, Role};
pub use duration::{format_duration, parse_duration};
pub use generate::{Candidate, GenerateContentRequest, GenerateContentResponse, ModelStatus, PromptFeedback};
pub use sse::EventReader;
pub use usage::{ModalityTokens, UsageMetadata};

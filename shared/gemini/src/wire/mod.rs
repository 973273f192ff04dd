//! The Gemini Developer API's JSON, as types: of the methods that we call.
//!
//! Everything here bends rather than breaks: fields that we do not know are skipped, fields that
//! are missing or `null` take their default, enum values that we do not know are kept as text
//! (`open_enum.rs`). Google adds fields and values without notice, and an answer that was paid for
//! must not be lost to a new finish reason.

mod caches;
mod content;
mod duration;
mod error;
mod generate;
mod lenient;
mod open_enum;
mod sse;
mod usage;

pub use caches::{CachedContent, CachedContentUsage, CreateCachedContent};
pub use content::{Content, InlineData, Part, Role};
pub use duration::{format_duration, parse_duration};
pub use error::{Detail, ErrorBody, ErrorInfo, QuotaFailure, QuotaViolation, RetryInfo, Status};
pub use generate::{
    Candidate, FinishReason, GenerateContentRequest, GenerateContentResponse, ModelStatus, PromptFeedback,
};
pub use sse::EventReader;
pub use usage::{Modality, ModalityTokens, UsageMetadata};

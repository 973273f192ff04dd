//! The Gemini Developer API's JSON, as types.
//!
//! Everything here bends rather than breaks: fields that we do not know are skipped, fields that
//! are missing or `null` take their default, enum values that we do not know are kept as text
//! (`open_enum.rs`). Google adds fields and values without notice, and an answer that was paid for
//! must not be lost to a new finish reason.

mod caches;
mod content;
mod count;
mod duration;
mod embed;
mod error;
mod generate;
mod interactions;
mod lenient;
mod models;
mod open_enum;
mod operations;
mod sse;
mod usage;

pub use caches::{
    CachedContent, CachedContentList, CachedContentUsage, CreateCachedContent, UpdateCachedContent,
};
pub use content::{Content, FileData, InlineData, Part, Role};
pub use count::CountTokensResponse;
pub use duration::{format_duration, parse_duration};
pub use embed::{EmbedContentsResponse, Embedding};
pub use error::{Detail, ErrorBody, ErrorInfo, QuotaFailure, QuotaViolation, RetryInfo, Status};
pub use generate::{
    BlockReason, Candidate, FinishReason, GenerateContentRequest, GenerateContentResponse, PromptFeedback,
    SafetyRating,
};
pub use interactions::{Interaction, InteractionEvent, InteractionUsage};
pub use models::{ModelInfo, ModelList};
pub use operations::{BatchMetadata, BatchState, BatchStats, Operation, OperationList};
pub use sse::{EventReader, Framing, FramingError, stream_chunks};
pub use usage::{ServiceTier, TokenDetail, UsageMetadata};

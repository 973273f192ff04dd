//! Google's Gemini as the port [`domain::Model`].
//!
//! [`Gemini`] is the way in; [`Config`] is all that it is told. The rooms, from the top down; none imports
//! one above it:
//!
//! - `call`: the chain that every call passes, one file a link;
//! - `budget`, `coalesce`: money set aside before a call; identical calls that share one answer;
//! - `fleet`: what all environments share of a model: quota, breaker, concurrency;
//! - `cache`: context caches, and when they pay;
//! - `failure`: what a refusal says, and what it means;
//! - `http`: one request, its connection and its endpoint;
//! - `look_up`: whether a model is there, and answers;
//! - `config`, `limits`, `signal`, `wire`: what it is told, what it tells, and the service's JSON.

mod budget;
mod cache;
mod call;
mod coalesce;
mod config;
mod failure;
mod fleet;
mod http;
mod look_up;
mod signal;
pub mod wire;

pub use cache::{CacheKey, Caches, Demand, Digest, Handle, HandleRef, Prepared, Traffic, Wanted};
pub use call::Gemini;
pub use config::{
    Budgets, Config, ConfigError, DEFAULT_API_VERSION, DEFAULT_BASE_URL, DEFAULT_MAX_INLINE_BYTES, HAS_VERTEX,
};
pub use domain::{BreakerLimits, Generation, LaneTiers, ModelEndpoint, ModelLimits, ServiceTier};
pub use failure::{ApiError, FailureClass, Period, QuotaLimit};
pub use http::ConnectionCounts;
#[cfg(feature = "fuzzing")]
pub use http::fold_stream;
pub use look_up::{LookedUp, NotServed, look_up, try_out};
pub use signal::{CallOutcome, Signal, Signals};

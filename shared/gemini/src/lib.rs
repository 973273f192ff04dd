//! Google's Gemini as the port [`domain::Model`].
//!
//! [`Gemini`] is the way in; [`Config`] is all that it is told. Inside, a call passes a chain of
//! links, one file each, in the order in which `model.rs` shows them.

mod ask;
mod cache;
mod candidates;
mod client;
mod config;
mod connections;
mod endpoint;
mod error;
mod failure;
mod limits;
mod model;
mod pacific;
mod pricing;
mod prompt;
mod reading;
mod retry;
mod run;
mod settle;
mod signal;
mod transport;
mod verdict;
pub mod wire;

pub use cache::{
    CacheKey, CacheSweeper, Caches, Demand, Digest, Handle, HandleRef, Prepared, SweepError, Swept, Traffic,
    Wanted,
};
pub use config::{
    Config, ConfigError, DEFAULT_API_VERSION, DEFAULT_BASE_URL, DEFAULT_MAX_OUTPUT_TOKENS, Generation,
};
pub use error::{ApiError, Period, QuotaLimit};
pub use limits::Limits;
pub use model::Gemini;
pub use pacific::next_midnight as next_pacific_midnight;
pub use pricing::{PRICES_AS_OF, Rates, cost_usd, rates};
pub use signal::{CallOutcome, Signal, Signals};
pub use verdict::Verdict;

//! Google's Gemini as the port [`domain::Model`].
//!
//! [`Gemini`] is the way in; [`Config`] is all that it is told. Inside, a call passes a chain of
//! links, one file each, in the order in which `model.rs` shows them.

mod admit;
mod ask;
mod attempt;
mod budget;
mod cache;
mod candidates;
mod client;
mod coalesce;
mod config;
mod connections;
mod connector;
mod endpoints;
mod error;
mod estimate;
mod failure;
mod fleet;
mod judge;
mod key;
mod limits;
mod media;
mod model;
mod pacific;
mod permit;
mod pricing;
mod prompt;
mod reading;
mod receive;
mod retry;
mod rota;
mod run;
mod settle;
mod signal;
mod stream;
mod thinking;
mod transcript;
mod transport;
mod verdict;
pub mod wire;

pub use cache::{
    CacheKey, CacheSweeper, Caches, Demand, Digest, Handle, HandleRef, Prepared, SweepError, Swept, Traffic,
    Wanted,
};
pub use config::{
    Budgets, Config, ConfigError, DEFAULT_API_VERSION, DEFAULT_BASE_URL, DEFAULT_MAX_OUTPUT_TOKENS,
    Generation,
};
pub use connector::ConnectionCounts;
pub use endpoints::EndpointConfig;
pub use error::{ApiError, Period, QuotaLimit};
pub use limits::{BreakerLimits, Limits};
pub use media::DEFAULT_MAX_INLINE_BYTES;
pub use model::Gemini;
pub use pacific::next_midnight as next_pacific_midnight;
pub use pricing::{PRICES_AS_OF, Rates, cost_usd, rates};
pub use signal::{CallOutcome, Signal, Signals};
pub use verdict::Verdict;

//! Explicit context caches: persona, documents and tools are stored once at the model and paid for at
//! a tenth of their price from then on.
//!
//! - [`CacheKey`] (`digest`): what one cache serves;
//! - [`Traffic`]: how often that is read, by the whole fleet; `economics`: whether it repays a cache;
//! - [`Caches`] (`caches`): the way in; `create` and `extend` are its two slow paths;
//! - `handle_store`, `handle`, `rules`: what the fleet knows, in the state store; `memory`: what this
//!   environment knows; `service`: HTTP;
//! - [`CacheSweeper`]: strays, duplicates and idle caches.
//!
//! A cache is a saving, never a condition: whatever goes wrong with one, the call goes inline, with
//! the same prompt in the same order, so that the service's implicit cache can serve it.

mod caches;
mod create;
mod digest;
mod economics;
mod extend;
mod handle;
mod handle_store;
mod memory;
mod rules;
mod service;
mod sweep;
mod traffic;

pub use caches::{Caches, Prepared, Wanted};
pub use digest::{CacheKey, Digest};
pub use handle::{Handle, HandleRef};
pub use sweep::{CacheSweeper, SweepError, Swept};
pub use traffic::{Demand, Traffic};

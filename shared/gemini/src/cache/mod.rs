//! Explicit context caches: persona, documents and tools are stored once at the model and paid for at
//! a tenth of their price from then on.
//!
//! - [`CacheKey`] (`digest`): what one cache serves;
//! - [`Traffic`]: how often that is read, by the whole fleet; `prices` says whether it repays a cache;
//! - [`Caches`] (`caches`): the way in; `create` is its slow path;
//! - `handle_store`, `handle`: what the fleet knows, in the state store; `memory`: what this environment knows;
//!   `service`: HTTP.
//!
//! A cache ends with its life, which is paid for when it is made. None is extended: when it ends, reads are measured
//! anew, and the next is made if they repay one. None is deleted: an idle one costs its storage until then.
//!
//! A cache is a saving, never a condition: whatever goes wrong with one, the call goes inline, with
//! the same prompt in the same order, so that the service's implicit cache can serve it.

mod caches;
mod create;
mod digest;
mod handle;
mod handle_store;
mod memory;
mod service;
mod traffic;

pub use caches::{Caches, Prepared, Wanted};
pub use digest::{CacheKey, Digest};
pub use handle::{Handle, HandleRef};
pub use traffic::{Demand, Traffic};

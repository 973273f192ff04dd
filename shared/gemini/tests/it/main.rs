//! The crate against an HTTP server that follows a script, one script per test.

#![allow(clippy::unwrap_used, clippy::panic)]

mod accounting;
mod answers;
mod cache_store;
mod caches;
mod calls;
mod connections;
mod endpoints;
mod fleet;
mod limits;
mod media;
mod plane;
mod refusals;
mod server;
mod streaming;
mod tiers;
mod tls;
mod transport;

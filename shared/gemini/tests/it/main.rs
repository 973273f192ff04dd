//! The crate against an HTTP server that follows a script, one script per test.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounting;
mod answers;
mod cache_store;
mod caches;
mod calls;
mod connections;
mod endpoints;
mod fleet;
mod media;
mod plane;
mod refusals;
mod server;
mod streaming;
mod tls;
mod transport;

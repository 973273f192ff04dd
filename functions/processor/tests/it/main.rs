//! The processor against the SQLite adapter in memory, a scripted model and a scripted service.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch;
mod effects;
mod fallback;
mod interleavings;
mod pipeline;
mod support;
mod together;
mod waiting;

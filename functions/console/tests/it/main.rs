//! The console's API from outside: through its router, on the in-memory adapters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, unreachable_pub)]

mod access;
mod create;
mod decisions;
#[cfg(feature = "lambda")]
mod lambda;
mod lists;
mod parts;
mod rig;
mod unsteady;

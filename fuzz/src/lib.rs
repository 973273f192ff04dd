//! Everything that reads what others wrote, against inputs that nobody would write.
//!
//! A target has seeds, such as the sample events, and says what must hold of any input. The engine mutates seeds (as
//! bytes, as JSON, with words that the readers know) and stops at the first input that makes a target panic, or that
//! it takes too long for. It runs on stable Rust and needs nothing that is not in this repository.
//!
//! The ordinary tests run every target for a moment; `cargo run --release -p fuzz -- --seconds 600` for longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod busy;
mod engine;
mod mutate;
mod target;
mod targets;

pub use engine::{Budget, Finding, Report, run};
pub use target::Target;
pub use targets::ALL;

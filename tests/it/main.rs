//! The end-to-end tests, one binary; each module is about one promise of the whole system.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aws_contract;
mod directions;
mod events;
mod template;

//! The embedded adapters against the contract suites, and what they promise beyond them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod contract;
mod fairness;
mod figures;
mod opening;
mod restart;
mod support;
mod upkeep;
mod waking;

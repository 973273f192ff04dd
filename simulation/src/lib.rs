//! The whole system in a world that is made to fail: ingest, processor, sweeper and console as they are, on
//! stores, lanes, services and people that exist nowhere else, under a time that passes when everybody waits.
//!
//! A run is a function of its seed: [`scenario`] draws what happens, `world` lets it happen, and
//! [`invariants`] say what must hold after it. A seed that fails can be replayed with a trace of every step,
//! and [`scenario::shrink`] takes out of it what it fails without. [`planted`] are bugs that must be found.
//!
//! ```
//! use simulation::{Options, Scenario, run};
//!
//! let outcome = run(&Scenario::of(7), Options::default());
//! assert_eq!(outcome.unknown().count(), 0, "{outcome}");
//! ```

#![allow(clippy::expect_used, clippy::panic, reason = "a simulation that cannot go on must fail")]

pub mod invariants;
pub mod known_holes;
pub mod planted;
mod report;
mod run;
pub mod scenario;
mod seeds;
pub mod world;

pub use report::LongRun;
pub use run::{Options, Outcome, run};
pub use scenario::Scenario;
pub use seeds::{Summary, run_seeds};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

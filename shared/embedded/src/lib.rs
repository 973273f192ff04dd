//! The ports on one SQLite file (local runs) or in memory (tests, simulations).
//!
//! Everything happens inline and at once: no threads, no runtime, no await inside an operation. So a
//! future that is dropped has either done its whole write or not begun it, and a single-threaded
//! simulation under virtual time sees the same order of events on every run. Time comes from the
//! [`domain::Clock`] that is passed in.
//!
//! The contract is that of the AWS adapters (suites in `domain::contract`). In addition there are
//! [`Embedded::on_ready`] and [`Embedded::next_visible`] for pollers, [`Embedded::void_leases`] for
//! restarts, [`Embedded::forget`] in place of DynamoDB's time to live.

mod database;
mod directory;
mod embedded;
mod failure;
mod open_error;
mod payload_store;
mod queue;
mod schema;
mod state_store;
mod task_store;
mod upkeep;

pub use embedded::Embedded;
pub use open_error::OpenError;
pub use upkeep::{Forgotten, Voided};

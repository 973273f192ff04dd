//! Logs and metrics: [`init`] sends `tracing` events to the process's log, [`Metrics`] writes
//! CloudWatch's embedded metric format.
//!
//! Nothing here keeps a secret back: callers hold theirs in types that do not print. What this crate
//! does is to cap libraries whose debug output shows requests with their headers.

mod audit;
mod emf;
mod filter;
mod json_lines;
mod log;
mod metrics;
mod recorded;
mod sink;
mod unit;

pub use audit::{corrected, decided, refused};
pub use log::{Format, InitError, Output, check_filter, init};
pub use metrics::{Ended, Metrics, WATCHED};
pub use recorded::Recorded;
pub use unit::Unit;

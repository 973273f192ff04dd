//! The sweeper: runs every minute and finds what would otherwise be stuck: waiting tasks that are
//! due, tasks whose message or processor was lost, drafts that nobody decided about.

#[cfg(feature = "lambda")]
pub mod lambda;
mod plan;
mod sweep;

pub use plan::{Plan, plan};
pub use sweep::{Report, Sweeper};

//! The sweeper: runs every minute and finds what would otherwise be stuck: waiting tasks that are
//! due, tasks whose message or processor was lost, drafts that nobody decided about; and context
//! caches that nobody needs.

mod caches;
mod census;
#[cfg(feature = "lambda")]
pub mod lambda;
mod notices;
mod plan;
mod reconcile;
mod sweep;

pub use caches::Caches;
pub use notices::{Notices, Tally};
pub use plan::{Plan, plan};
pub use sweep::{Report, Sweeper};

//! The sweeper: runs every minute and finds what would otherwise be stuck: waiting tasks that are
//! due, tasks whose message or processor was lost, drafts that nobody decided about, and webhooks that their
//! sender could not deliver.

mod census;
#[cfg(feature = "lambda")]
pub mod lambda;
mod missed;
mod notices;
mod plan;
mod reactions;
mod reconcile;
mod sweep;

pub use missed::{MissedDeliveries, OutsideError};
pub use notices::{Notices, Tally};
pub use plan::{Plan, plan};
pub use reactions::AnswerReactions;
pub use sweep::{Report, Sweeper, Swept};

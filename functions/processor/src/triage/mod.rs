//! Triage: one structured call to the cheap model says what an event wants.
//!
//! `ask` asks the `question`. The `batcher` finds out whether other tasks of the same invocation have a
//! question too; these go out as one `batch_prompt`, and `cost_split` splits the price.

pub(crate) mod answer;
pub(crate) mod ask;
mod batch_prompt;
pub(crate) mod batcher;
pub(crate) mod budget;
mod cost_split;
pub(crate) mod question;

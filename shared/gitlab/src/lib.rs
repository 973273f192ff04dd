//! The client of GitLab's REST API behind [`domain::Publisher`]: reads the notes of an issue or a merge request,
//! adds one, and finds again what it added; likewise among the staff ([`domain::InternalNotes`]).
//!
//! The proof of a note is a hidden comment at its end ([`outbound::marker`]). GitLab takes no key that would tell
//! a repeated request; anybody can paste the comment, so only a note by our own account counts.
//!
//! **Who sees what.** The history of a public answer leaves internal notes out. An answer for the staff is an
//! internal note, except in an issue that is confidential: there a plain note is seen by those who see the issue,
//! who include its author. What was said in an internal note is answered by one, wherever it was said.

mod api;
mod config;
mod labels;
mod notes;
mod place;
mod problem;
mod publisher;
mod wire;

pub use api::Gitlab;
pub use config::{Config, SERVICE};

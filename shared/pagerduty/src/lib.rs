//! The client of PagerDuty's REST API behind [`domain::Publisher`]: reads the notes of an incident, adds one, and
//! finds again what it added.
//!
//! The proof of a note is the marker at its end ([`outbound::marker`]); PagerDuty shows notes as they are written,
//! and so the marker too. Notes are written in the name of a user, whose address every request carries in `From`;
//! only a note by that user counts.

mod api;
mod config;
mod incident;
mod notes;
mod problem;
mod wire;

pub use api::Pagerduty;
pub use config::{Config, SERVICE};

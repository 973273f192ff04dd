//! A draft on its way out: cleaned, passed through the gate, approved by a person, published once.

pub(crate) mod approval;
pub(crate) mod clean;
pub(crate) mod effect;
pub(crate) mod fallback;
pub(crate) mod gate;
pub(crate) mod place;
pub(crate) mod proof;
pub(crate) mod publish;
mod reply_limit;
pub(crate) mod shadow;
pub(crate) mod sightings;
pub(crate) mod thread;

/// The name of the reply, in the effect ledger and among the questions to a person.
pub(crate) const REPLY: &str = "reply";

//! What all environments share: small state machines kept in the state store.
//!
//! `cell` is the mechanism, `model_state` what is shared of a model, `model` the way to it.

mod cell;
mod model;
mod model_state;
mod queue;
#[cfg(test)]
mod tests;

pub(crate) use cell::{FleetCell, Shared};
pub(crate) use model::{Ended, FleetModel, Ticket, ask_for};
pub(crate) use model_state::{Denied, Read};
pub(crate) use queue::{WhenCut, lock};

//! What all environments share: small state machines kept in the state store.
//!
//! `cell` and `queue` are the mechanism, `model_state` is what is shared of a model, `model` the way to it,
//! `policy` what it is judged by. `permit` bounds the calls of one environment alone.

mod cell;
mod model;
mod model_state;
mod parked;
mod permit;
mod policy;
mod queue;
#[cfg(test)]
mod tests;

pub(crate) use cell::{FleetCell, Shared, fresh_id};
pub(crate) use model::{AdmittedCall, FleetModel, ask_for};
pub(crate) use model_state::{Denied, Ended, Read};
pub(crate) use parked::Parked;
pub(crate) use permit::Permit;
pub(crate) use policy::{ENVIRONMENTS_PER_SHARD, MAX_WAIT_IN_PLACE, Policy};
pub(crate) use queue::{WhenCut, lock};

//! What all environments share: small state machines kept in the state store.
//!
//! `cells` is the mechanism, `model_state` is what is shared of a model, `model` the way to it,
//! `policy` what it is judged by. `permit` bounds the calls of one environment alone.

mod model;
mod model_state;
mod parked;
mod permit;
mod policy;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher, RandomState};

pub(crate) use cells::{FleetCell, Shared, WhenCut, lock};
pub(crate) use model::{AdmittedCall, FleetModel, ask_for};
pub(crate) use model_state::{Denied, Ended, Read, Refusal};
pub(crate) use parked::Parked;
pub(crate) use permit::Permit;
pub(crate) use policy::{MAX_WAIT_IN_PLACE, Policy};

/// What becomes of a change that counts a call and could not be written: it is written later. A simulation plants a bug
/// by having it forgotten.
pub(crate) fn when_uncounted() -> WhenCut {
    #[cfg(feature = "simulated")]
    if simulated::forgets_use_alone() {
        return WhenCut::Forget;
    }
    WhenCut::Repeat
}

/// An id that no other environment has: the runtime's hash keys are random.
#[expect(clippy::cast_possible_truncation, reason = "32 random bits are enough among a few at a time")]
pub(crate) fn fresh_id() -> u32 {
    #[cfg(feature = "simulated")]
    if let Some(id) = simulated::fresh_id() {
        return id;
    }
    RandomState::new().hash_one(0_u8) as u32
}

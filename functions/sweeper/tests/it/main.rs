//! The sweeper against stores in memory.

#![allow(clippy::unwrap_used)]

mod missed;
mod reactions;
mod reconcile;
mod rig;
mod sweeps;

//! The sweeper against stores in memory.

#![allow(clippy::unwrap_used)]

mod approvals;
mod missed;
mod models;
mod outage;
mod reactions;
mod reconcile;
mod rig;
mod sweeps;

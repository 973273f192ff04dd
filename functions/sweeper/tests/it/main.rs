//! The sweeper against stores in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod missed;
mod models;
mod reconcile;
mod rig;
mod sweeps;

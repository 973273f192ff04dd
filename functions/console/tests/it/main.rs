//! The console's API from outside: through its router, on the in-memory adapters.
#![allow(clippy::unwrap_used, clippy::panic)]

mod access;
mod along;
mod asked;
mod corrections;
mod create;
mod decisions;
mod deliveries;
mod hostile;
#[cfg(feature = "lambda")]
mod lambda;
mod lists;
mod login;
mod openapi;
mod overview;
mod pages;
mod parts;
mod queue;
mod rig;
mod roles;
mod seen;
mod unsteady;
mod versions;
mod weight;
mod wrong_tokens;

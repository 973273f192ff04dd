//! Ingest from outside: through its router, on the in-memory adapters.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answers;
mod body_form;
mod deliveries;
mod faults;
mod faulty;
mod happenings;
#[cfg(feature = "lambda")]
mod lambda;
mod logs;
mod replay;
mod rig;
mod secrets;
mod senders;
mod spans;
mod unsubscribed;

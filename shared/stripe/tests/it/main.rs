//! The client against a scripted Stripe on 127.0.0.1.

#![allow(clippy::unwrap_used)]

mod charges;
mod errors;
mod refunds;
mod safety;
mod support;

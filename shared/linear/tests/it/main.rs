//! The client against a scripted Linear on 127.0.0.1.

#![allow(clippy::unwrap_used)]

mod contract;
mod publish;
mod read;
mod safety;
mod support;

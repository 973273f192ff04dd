//! The client against a scripted GitLab on 127.0.0.1.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contract;
mod facts;
mod publish;
mod read;
mod safety;
mod support;

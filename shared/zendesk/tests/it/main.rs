//! The client against a scripted Zendesk on 127.0.0.1.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contract;
mod facts;
mod find;
mod history;
mod publish;
mod safety;
mod support;

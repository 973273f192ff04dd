//! The client against a scripted Slack on 127.0.0.1.

#![allow(clippy::unwrap_used, clippy::panic)]

mod approvals;
mod failures;
mod find;
mod history;
mod publish;
mod safety;
mod support;

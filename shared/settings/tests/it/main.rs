//! What the crate promises of agent.toml and the environment, from outside.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agent_toml;
mod automations;
mod defaults;
mod endpoints;
mod environment;
mod project;
mod prompts;
mod schema;
mod secrets;
mod senders;
mod services;
mod shipped;
mod values;
mod version;

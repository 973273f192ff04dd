//! The processor against the SQLite adapter in memory, a scripted model and a scripted service.
#![allow(clippy::unwrap_used, clippy::panic)]

mod audience;
mod automations;
mod automations_http;
mod automations_refund;
mod automations_steps;
mod batch;
mod closed_threads;
mod conversation;
mod effects;
mod fallback;
mod follow_up;
mod forged_decisions;
mod injection;
mod intents;
mod interleavings;
mod leases;
mod media;
mod pipeline;
mod refusals;
mod second_agent;
mod shadow;
mod store_outages;
mod supersede;
mod together;
mod tutorial;
mod two_agents;
mod versions;
mod waiting;

// The tutorial's code names them as it does in the crate itself.
use processor::{Context, Finished, Interrupt};

//! Stand-ins for the services outside, one folder each.
//!
//! They serve two masters. A person who tries the system without any account must find them
//! believable, so texts say that they are canned, and pages open in a browser. Tests and benchmarks drive
//! them in-process, so every answer is deterministic, time is passed in, and latency, faults and
//! quotas are settings. Nothing here is reached when real credentials are configured.
//!
//! Each stand-in is a cheap handle: build it, keep a clone to look at what it received, and either
//! mount its `router()` or hand a listener to its `serve()`. Neither spawns anything by itself.

pub mod gemini;
pub mod github;
pub mod gitlab;
pub mod jira;
mod kit;
pub mod linear;
pub mod pagerduty;
pub mod sentry;
pub mod slack;
pub mod stripe;
pub mod zendesk;

pub use kit::{Builder, ReceivedRequest, Standin, State};

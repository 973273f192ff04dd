//! The end-to-end tests, one binary; each module is about one promise of the whole system.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::large_futures)]

mod approvals;
mod asleep;
mod at_rest;
mod attacks;
mod aws;
mod aws_contract;
mod binary;
mod check;
mod circles;
mod commands;
mod console;
mod crash;
mod deployed;
mod dev;
mod directions;
mod documents;
mod eval_killed;
mod events;
mod faults;
mod gemini_sdk;
mod github_app;
mod limits;
mod long_queue;
mod manners;
mod model_caches;
mod requests;
mod set_up;
mod stacks;
mod template;
mod vertex;
mod workflows;

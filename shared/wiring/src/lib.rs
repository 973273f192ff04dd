//! From agent.toml and the environment to the clients of what is outside: one place for each, so that no
//! function and no command reaches a service in another way than the others do.

mod approver;
mod calls;
mod client;
mod files;
mod github;
mod gitlab;
mod jira;
mod linear;
pub mod model;
mod needs;
mod pagerduty;
mod pairs;
mod sentry;
mod service;
mod services;
mod slack;
mod stripe;
mod zendesk;

pub use approver::{ApproverError, approver};
pub use client::{Client, ServiceClient};
pub use needs::needs;
pub use pairs::{
    always_asks, can_handle, check_pairs, has_place, no_thread, only_answers, tells_others, unanswered,
};
pub use service::OutsideService;
pub use services::{MissingCredential, Services, ServicesError, services};

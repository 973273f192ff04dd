//! The client of Jira Cloud's REST API behind [`domain::Publisher`]: reads the comments of an issue,
//! adds one, and finds again what it added.
//!
//! The proof of a comment is its property `afterhook` with task and effect, which is made with the
//! comment in one request and shown to nobody. Whoever may edit a comment may set its properties, so
//! only a comment by our own account counts.
//!
//! The history has only comments that everybody on the issue can read. Comments restricted to a role or
//! group, and internal ones of a service desk, are left out: a model that has read them may repeat them. Those
//! internal ones are read and answered among the staff alone ([`domain::InternalNotes`]).

mod api;
mod comments;
mod config;
mod issue;
mod problem;
mod state;
mod wire;

pub use api::Jira;
pub use config::{Config, SERVICE};

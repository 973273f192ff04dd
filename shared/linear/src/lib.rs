//! The client of Linear's GraphQL API behind [`domain::Publisher`]: reads the comments of an issue, adds one,
//! and finds again what it added.
//!
//! The proof of a comment is its id. Linear lets the client choose it, so ours is made of task and effect: a
//! second request for the same comment is refused, and the first is found by asking for that id. Only a
//! comment by our own account counts.

mod api;
mod comments;
mod config;
mod issue;
mod problem;
mod state;
mod wire;

pub use api::Linear;
pub use config::{Config, SERVICE};

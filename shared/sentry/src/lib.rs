//! The client of Sentry's web API behind [`domain::Publisher`]: reads the comments of an issue, adds one, and finds
//! again what it added.
//!
//! The proof of a comment is a hidden marker at its end ([`outbound::marker`]); only a comment by our own account
//! counts. Sentry refuses the same text within an hour: since every text ends with a marker of its own, such a
//! refusal says that an earlier request has made the comment.
//!
//! The comments of issues are what Sentry's own pages use; Sentry does not promise to keep that part of its API.

mod api;
mod comments;
mod config;
mod issue;
mod problem;
mod wire;

pub use api::Sentry;
pub use config::{Config, SERVICE};

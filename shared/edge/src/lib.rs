//! What the functions that answer HTTP have in common: how an error looks to a caller, what an invocation is
//! called in the logs, and by which names a local server is asked.
//!
//! A crate of its own, and not a part of `lambda`, since the local runner serves the same routes
//! without the AWS SDKs.

mod host;
mod invocation;
mod problem;

pub use host::{Hosts, is_loopback, refuse_foreign_hosts};
pub use invocation::{Invocation, named};
pub use problem::Problem;

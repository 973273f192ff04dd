//! What the functions that answer HTTP have in common: how an error looks to a caller, and what an
//! invocation is called in the logs.
//!
//! A crate of its own, and not a part of `lambda`, since the local runner serves the same routes
//! without the AWS SDKs.

mod invocation;
mod problem;

pub use invocation::{Invocation, named};
pub use problem::Problem;

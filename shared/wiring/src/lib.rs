//! From agent.toml and the environment to the clients that more than one function has: one place for each,
//! so that none of the functions looks elsewhere for it than the others do.

mod approver;
pub mod model;
mod slack;

pub use approver::{ApproverError, approver};
pub use slack::{NO_TOKEN, slack};

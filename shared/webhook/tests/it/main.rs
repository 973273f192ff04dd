//! What a user of this crate relies on: published vectors, properties of all schemes, GitHub's events
//! and the filter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod api;
mod filter;
mod github;
mod github_hostile;
mod hostile;
mod mapped;
mod properties;
mod senders;
mod slack_edits;
mod speed;
mod support;
mod vectors;
mod verifier;

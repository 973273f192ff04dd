//! What a user of this crate relies on: published vectors, properties of all schemes, GitHub's events
//! and the filter.
#![allow(clippy::unwrap_used, clippy::panic)]

mod api;
mod audience;
mod body_form;
mod comments;
mod deployed;
mod filter;
mod github;
mod github_hostile;
mod github_wide;
mod happenings;
mod hostile;
mod mapped;
mod properties;
mod senders;
mod slack_edits;
mod speed;
mod support;
mod unknown_kinds;
mod vectors;
mod verifier;

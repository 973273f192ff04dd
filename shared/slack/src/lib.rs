//! The client of Slack's Web API. As a [`domain::Publisher`] it reads a thread, writes to it and finds again
//! what it wrote. As a [`domain::Approver`] it asks in a channel about drafts, with buttons, and says there
//! how it ended.
//!
//! The proof of a message is its metadata (`event_type: afterhook` with task and effect), which Slack
//! hands out to apps and never shows. Another app may write the same metadata, so only a message by
//! our own bot counts.
//!
//! Slack answers nearly everything with status 200; a failure says `"ok": false`. It is a certain refusal,
//! except for the few errors after which a part may have succeeded, by Slack's own word.
//!
//! Needed scopes: `chat:write`; and of `channels:history`, `groups:history`, `im:history` and `mpim:history`
//! those for the places where threads are read.

mod api;
mod approvals;
mod blocks;
mod config;
mod identity;
mod messages;
mod place;
mod problem;
mod publisher;

pub use approvals::Approvals;
pub use config::{Config, SERVICE, default_config};
pub use messages::Posted;
pub use publisher::Slack;

//! The client of Slack's Web API behind [`domain::Publisher`]: reads a thread, writes to it, finds
//! again what it wrote; and behind [`domain::Approver`]: asks in a channel about drafts, with buttons,
//! and says there how it ended.
//!
//! The proof of a message is its metadata (`event_type: afterhook` with task and effect), which Slack
//! hands out to apps and never shows. Another app may write the same metadata, so only a message by
//! our own bot counts.
//!
//! Slack answers nearly everything with 200 and says `"ok": false`; that is a certain refusal, but for
//! the few errors of which Slack says that a part may have succeeded.
//!
//! Needed scopes: `chat:write`; `channels:history`, `groups:history`, `im:history` and `mpim:history` as
//! far as threads are read there.

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

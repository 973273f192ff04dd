//! Markdown, as drafts are written, in the forms that services take: Slack's mrkdwn, Atlassian's
//! document format and HTML; and the first two back as plain text.
//!
//! A draft is text from outside: raw HTML in it is shown, not obeyed; links lead to `http`, `https` and
//! `mailto` only; images become links, since an image that a reader's program fetches can carry
//! anything away. No output is longer than asked for: a text that is too long is cut at its end, with
//! a visible sign, and everything that was open at the cut is closed.

mod adf;
mod adf_text;
mod events;
mod fit;
mod html;
mod mrkdwn;

pub use adf::to_adf;
pub use adf_text::adf_to_text;
pub use html::to_html;
pub use mrkdwn::{mrkdwn_to_text, to_mrkdwn};

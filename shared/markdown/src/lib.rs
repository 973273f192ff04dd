//! Markdown, as drafts and comments are written: where it has code, and what its author says; and in the forms
//! that services take: Slack's mrkdwn, Atlassian's document format and HTML; and the first two back as plain
//! text.
//!
//! A draft is text from outside: raw HTML in it is shown, not obeyed; links lead to `http`, `https` and
//! `mailto` only; images become links, since an image that a reader's program fetches can carry
//! anything away. No output is longer than asked for: a text that is too long is cut between its blocks, with
//! a visible sign, and everything that was open at the cut is closed.

mod adf;
mod adf_text;
mod east_asian;
mod fence;
mod fit;
mod html;
mod html_as_text;
mod in_fences;
mod limit;
mod links;
mod mrkdwn;
mod parser;
mod prose;
mod ranges;
mod raw_html;
mod said;
mod says;
mod table;
mod unwrap;
mod visible;

pub use adf::to_adf;
pub use adf_text::adf_to_text;
pub use fence::{code_span, fenced};
pub use fit::{open_fence, shorten};
pub use html::{to_html, to_inert_html};
pub use html_as_text::html_as_text;
pub use in_fences::in_fences;
pub use limit::Limit;
pub use mrkdwn::{mrkdwn_to_text, to_mrkdwn};
pub use parser::parse;
pub use ranges::Ranges;
pub use said::{code, destinations, hidden, unsaid};
pub use says::{says, says_in_words};
pub use unwrap::unwrapped;
pub use visible::{in_order, visible, visible_line};

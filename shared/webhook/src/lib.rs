//! Signatures and parsing of webhooks. Pure: the caller passes bytes, headers and the time.

mod filter;
mod headers;
mod provider;
mod scheme;

pub use filter::{CommentPolicy, Filter, IgnoreReason};
pub use headers::Headers;
pub use provider::{ParseError, Parsed, Provider, Received};
pub use scheme::{Encoding, Rejection, Scheme, Secrets, Template, Tolerance};

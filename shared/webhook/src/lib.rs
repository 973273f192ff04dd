//! Signatures and parsing of webhooks. Pure: the caller passes bytes, headers and the time.
//!
//! The way of a request: [`Scheme::verify`] first, then [`Provider::identity`] and
//! [`Provider::parse`], then [`Filter::ignores`] and [`check_age`]. Nothing is parsed before the
//! signature holds, and whatever is not signed is at most a hint.

mod filter;
mod github;
mod headers;
mod lenient;
mod mention;
mod provider;
mod rejection;
mod scheme;
mod schemes;
mod secrets;
mod sign;
mod signed_time;
mod template;
mod verify;

pub use filter::{CommentPolicy, Filter, IgnoreReason, check_age};
pub use headers::Headers;
pub use mention::mentions;
pub use provider::{ParseError, Parsed, Provider, Received};
pub use rejection::Rejection;
pub use scheme::{Encoding, Scheme, SchemeError};
pub use schemes::{SCHEMES, SchemeRow};
pub use secrets::{KeyForm, SecretError, Secrets};
pub use signed_time::{TimeFormat, TimePlace, Tolerance};
pub use template::{Template, TemplateError};

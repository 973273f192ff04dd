//! Signatures and parsing of webhooks. Pure: the caller passes bytes, headers and the time.
//!
//! The way of a request: [`Scheme::verify`] first, then [`Sender::identity`] and [`Sender::parse`],
//! then [`Filter::ignores`] and [`check_age`]. Nothing is parsed before the
//! signature holds, and whatever is not signed is at most a hint: the bytes of the body decide how it is read
//! ([`BodyForm`]).

mod api;
mod body_form;
mod field_map;
mod filter;
mod form;
mod github;
mod gitlab;
mod headers;
mod jira;
mod lenient;
mod linear;
mod mapped;
mod mention;
mod pagerduty;
mod priority_rules;
mod provider;
mod reading;
mod rejection;
mod scheme;
mod schemes;
mod secrets;
mod sender;
mod sentry;
mod shopify;
mod sign;
mod signed_content;
mod signed_time;
mod slack;
mod stripe;
mod verify;
mod zendesk;

pub use api::{ApiMistake, ApiTask};
pub use body_form::{BodyForm, is_media_type};
pub use field_map::{FieldMap, Pointer, PointerError};
pub use filter::{
    CommentPolicy, Filter, IgnoreReason, InternalPolicy, USUAL_MAX_EVENT_AGE, check_age, is_wordless,
};
pub use form::Form;
pub use github::LOGIN as GITHUB_LOGIN;
pub use headers::Headers;
pub use jira::{adf_text, is_cloud_host};
pub use mention::mentions;
pub use priority_rules::{PriorityRule, PriorityRules};
pub use provider::{Kinds, ParseError, Parsed, Provider, Received, Row, Site};
pub use rejection::Rejection;
pub use scheme::{Encoding, Scheme, SchemeError};
pub use schemes::{SCHEMES, SchemeRow};
pub use secrets::{KeyForm, SecretError, Secrets};
pub use sender::Sender;
pub use signed_content::{SignedContent, TemplateError};
pub use signed_time::{TimeFormat, TimePlace, Tolerance};
pub use slack::slack_text;
pub use slack::{Interaction, InteractionAction};

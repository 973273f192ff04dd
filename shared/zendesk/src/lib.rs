//! The client of Zendesk's Ticketing API behind [`domain::Publisher`]: reads the public comments of a
//! ticket, adds one, and finds again what it added; likewise internal notes ([`domain::InternalNotes`]).
//!
//! **The proof** is the custom metadata of the audit that Zendesk writes for every update
//! (`metadata.custom`, up to 1 KB): it is written with the comment in one request, stays out of what
//! customers and agents read, and cannot be pasted into a comment. Only an audit whose author is our
//! own user counts. A hidden marker in the comment would be mailed to the customer.
//!
//! **At most once**: an update names the state of the ticket that it was made for (`safe_update`,
//! `updated_stamp`). So a request that was delayed on its way, while a successor has written already,
//! is refused with 409 instead of writing a second comment.
//!
//! The account must be an agent's that may comment publicly; an OAuth token needs the scopes `read`
//! (audits are not covered by `tickets:read`) and `tickets:write`.

mod api;
mod comments;
mod config;
mod problem;
mod ticket;
mod wire;

pub use api::Zendesk;
pub use config::{Config, Credentials, SERVICE};

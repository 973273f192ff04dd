//! HTTP: one call to the model's service, and the connections and endpoints behind it.
//!
//! [`Client`] (`client`) sends one request and reads one answer: no retry, no judgement. `account` says as whom,
//! `endpoints` and `balancer` choose where it goes, `connections` and `connector` over which connection, `receive` and
//! `stream` read the body, `transport` says why there is none, `key` holds the API key, `google` fetches access tokens.

mod account;
mod balancer;
mod client;
mod connections;
mod connector;
mod endpoints;
#[cfg(feature = "vertex")]
mod google;
mod key;
mod receive;
mod stream;
mod transport;

pub(crate) use account::Account;
pub(crate) use client::{Client, MIN_DEADLINE, Outgoing, Reply};
pub use connector::ConnectionCounts;
pub(crate) use endpoints::Endpoint;
pub(crate) use key::fingerprint;
pub(crate) use stream::Mode;
#[cfg(feature = "fuzzing")]
pub use stream::fold_stream;
pub(crate) use transport::TransportError;

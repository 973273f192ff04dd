//! Outside HTTP: one bounded, timed call with our credentials, and what its failure means.
//!
//! What the clients of the services have in common, so that each of them is only its API:
//!
//! - **A write is sent once.** Nothing here repeats a request that may have had an effect. A write whose
//!   answer was lost is in doubt ([`domain::ServiceFailure::InDoubt`]). Only a `GET` is tried a second time,
//!   when its connection broke.
//! - **Credentials go to one place.** Addresses are the configured [`Base`] and checked segments;
//!   redirects are not followed; a credential that a service echoes is cut out of the error.
//! - **A service with threads is its API alone.** [`Commenter`] is the publisher of every service that has
//!   [`Comments`].
//! - **A proof is our own account's.** [`marker`] is the proof of a service whose comments take nothing but text;
//!   [`notes`] walks through such comments.
//! - **What acts leaves in time.** Whoever may act for a while only says so ([`acting_until`]); the process may stand still
//!   at any moment, and what would leave afterwards does not.
//! - **Every call ends.** One time limit covers all requests of an operation ([`Call`]), and every
//!   answer has a largest size.

mod act_by;
mod answer;
mod base;
mod caller;
mod client;
mod commenter;
mod config;
mod credential;
mod errors;
mod failure;
mod fetch;
pub mod marker;
pub mod notes;
mod reach;
mod request;
mod search;
mod service;
mod single_flight;
mod transport;

#[cfg(any(test, feature = "scripted"))]
pub mod contract;
#[cfg(any(test, feature = "scripted"))]
pub mod scripted;

pub use act_by::{acting_until, may_act};
pub use answer::Answer;
pub use base::Base;
pub use caller::{Called, Caller};
pub use client::{Call, Client};
pub use commenter::{Commenter, Comments, LOGIN, Operations, Sight};
pub use config::{BuildError, Config};
pub use credential::Credential;
pub use fetch::{CredentialSource, FetchError, Fetched, Fetcher};
pub use markdown::Limit;
pub use reach::Reach;
pub use request::Request;
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, StatusCode, Url};
pub use search::{CLOCK_SKEW, is_recent};
pub use service::{Operation, Service};
pub use single_flight::SingleFlight;

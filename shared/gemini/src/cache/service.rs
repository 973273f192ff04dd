//! `cachedContents` over HTTP.

use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use serde::Deserialize;

use crate::failure::ApiError;
use crate::http::{Account, Client, Endpoint, TransportError};
use crate::wire::{CachedContent, CreateCachedContent};

/// Why the service did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServiceError {
    #[error("{0}")]
    Refused(ApiError),
    #[error("{0}")]
    Transport(#[from] TransportError),
    #[error("the answer cannot be read")]
    Unreadable,
}

/// Has the service make a cache for `account`, within `timeout`. Never twice: the first may have been made.
pub(crate) async fn create(
    client: &Client,
    (account, endpoint): (&Account, &Endpoint),
    wanted: &CreateCachedContent<'_>,
    timeout: Duration,
    now: Timestamp,
) -> Result<CachedContent, ServiceError> {
    // Strings, and maps with string keys: cannot fail.
    let body = Bytes::from(serde_json::to_vec(wanted).unwrap_or_default());
    let address = endpoint.resource("cachedContents");
    let reply = client.ask(account, endpoint, &address, Some(body), timeout, now).await?;
    match ApiError::in_reply(&reply) {
        Some(error) => Err(ServiceError::Refused(error)),
        None => CachedContent::deserialize(reply.body).map_err(|_| ServiceError::Unreadable),
    }
}

//! [`Service`]: `cachedContents` over HTTP.

use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::ApiError;
use crate::http::{Client, Reply, TransportError};
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

/// The caches of one account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service<'a> {
    client: &'a Client,
    account: usize,
    /// For each request.
    timeout: Duration,
    now: Timestamp,
}

impl<'a> Service<'a> {
    pub(crate) fn new(client: &'a Client, account: usize, timeout: Duration, now: Timestamp) -> Self {
        Self { client, account, timeout, now }
    }

    pub(crate) async fn create(
        &self,
        wanted: &CreateCachedContent<'_>,
    ) -> Result<CachedContent, ServiceError> {
        self.ask(Method::POST, "cachedContents", json(wanted)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<T, ServiceError> {
        let send =
            || self.client.call(self.account, method.clone(), path, body.clone(), self.timeout, self.now);
        let reply = match send().await {
            // The pooled connection had died unnoticed.
            Err(TransportError::Closed) => send().await,
            reply => reply,
        };
        read(reply?)
    }
}

fn read<T: DeserializeOwned>(reply: Reply) -> Result<T, ServiceError> {
    if !(200..300).contains(&reply.status) || reply.body.get("error").is_some() {
        return Err(ServiceError::Refused(ApiError::read(reply.status, &reply.body)));
    }
    T::deserialize(reply.body).map_err(|_| ServiceError::Unreadable)
}

fn json(body: &impl Serialize) -> Option<Bytes> {
    // Strings, and maps with string keys: cannot fail.
    Some(Bytes::from(serde_json::to_vec(body).unwrap_or_default()))
}

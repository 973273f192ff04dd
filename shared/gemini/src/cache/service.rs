//! [`Service`]: `cachedContents` over HTTP.

use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::ApiError;
use crate::http::{Client, Reply, TransportError};
use crate::wire::{
    CachedContent, CachedContentList, CreateCachedContent, UpdateCachedContent, format_duration,
};

/// Caches of one page of the list; more is not given.
const PAGE: usize = 100;
/// A list that does not end is broken: no account has so many caches.
const MAX_PAGES: usize = 50;

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

impl ServiceError {
    /// Whether the cache that was named is gone.
    pub(crate) fn is_lost_cache(&self) -> bool {
        matches!(self, Self::Refused(error) if error.is_lost_cache() || error.status == 404)
    }
}

/// The caches of the key's project.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service<'a> {
    client: &'a Client,
    /// For each request.
    timeout: Duration,
    now: Timestamp,
}

impl<'a> Service<'a> {
    pub(crate) fn new(client: &'a Client, timeout: Duration, now: Timestamp) -> Self {
        Self { client, timeout, now }
    }

    pub(crate) async fn create(
        &self,
        wanted: &CreateCachedContent<'_>,
    ) -> Result<CachedContent, ServiceError> {
        self.ask(Method::POST, "cachedContents", json(wanted)).await
    }

    /// Lets the cache called `name` live for `ttl` from now on.
    pub(crate) async fn extend(&self, name: &str, ttl: Duration) -> Result<CachedContent, ServiceError> {
        self.ask(Method::PATCH, name, json(&UpdateCachedContent { ttl: format_duration(ttl) })).await
    }

    /// Deletes the cache called `name`; one that is gone already is as good.
    pub(crate) async fn delete(&self, name: &str) -> Result<(), ServiceError> {
        match self.ask::<Value>(Method::DELETE, name, None).await {
            Err(error) if !error.is_lost_cache() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// All caches of the project, whoever made them.
    pub(crate) async fn list(&self) -> Result<Vec<CachedContent>, ServiceError> {
        let (mut caches, mut path) = (Vec::new(), format!("cachedContents?pageSize={PAGE}"));
        for _ in 0..MAX_PAGES {
            let page: CachedContentList = self.ask(Method::GET, &path, None).await?;
            caches.extend(page.cached_contents);
            match page.next_page_token.filter(|token| !token.is_empty()) {
                Some(token) => path = format!("cachedContents?pageSize={PAGE}&pageToken={}", escaped(&token)),
                None => return Ok(caches),
            }
        }
        Err(ServiceError::Unreadable)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<T, ServiceError> {
        let send = || self.client.call(method.clone(), path, body.clone(), self.timeout, self.now);
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

/// A page token as part of a query: opaque, and from outside.
fn escaped(token: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    token
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_page_token_cannot_add_parameters() {
        assert_eq!(escaped("a-Z_0.~"), "a-Z_0.~");
        assert_eq!(escaped("x&key=1 =/é"), "x%26key%3D1%20%3D%2F%C3%A9");
    }
}

//! `cachedContents`: explicit context caches with a lifetime.
//!
//! A cache that is gone (expired, deleted, never there) answers 403 in every use, as Google's does.

use axum::response::Response;
use domain::{Timestamp, after, between};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use super::errors::ApiError;
use super::models::{self, Model};
use super::respond;
use super::router::Call;
use super::shared::Shared;
use super::spelling::{self, Fields};
use super::tokens::Tokens;
use crate::kit::lock;

#[derive(Debug)]
struct Cache {
    model: String,
    concrete: &'static str,
    display: String,
    created: Timestamp,
    updated: Timestamp,
    expires: Timestamp,
    tokens: Tokens,
}

/// What one context cache is billed for: its tokens once as a prompt, and their storage by the hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheStorage {
    /// The concrete model.
    pub model: &'static str,
    /// Its size.
    pub tokens: u64,
    /// How long it has existed.
    pub stored: Duration,
}

/// All caches, by id: the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Caches {
    by_id: BTreeMap<String, Cache>,
    deleted: Vec<CacheStorage>,
}

impl Caches {
    /// The size of the cache `name`, on which a request for `model` builds.
    pub(super) fn tokens(&self, name: &str, model: &Model, now: Timestamp) -> Result<Tokens, ApiError> {
        let id = name.strip_prefix("cachedContents/").filter(|id| !id.is_empty());
        let id = id.ok_or_else(|| ApiError::invalid(format!("Invalid CachedContent name: {name}.")))?;
        let cache = self.live(id, now)?;
        if cache.concrete != model.name {
            return Err(ApiError::invalid(format!(
                "Model used by GenerateContent request (models/{}) and CachedContent (models/{}) has to be the same.",
                model.name, cache.concrete
            )));
        }
        Ok(cache.tokens)
    }

    /// The names of the caches that have not expired.
    pub(super) fn names(&self, now: Timestamp) -> Vec<String> {
        let live = self.by_id.iter().filter(|(_, cache)| cache.expires > now);
        live.map(|(id, _)| format!("cachedContents/{id}")).collect()
    }

    /// What every cache there has been is billed for until `now`.
    pub(super) fn storage(&self, now: Timestamp) -> Vec<CacheStorage> {
        self.deleted.iter().copied().chain(self.by_id.values().map(|cache| cache.storage(now))).collect()
    }

    fn delete(&mut self, id: &str, now: Timestamp) -> Result<(), ApiError> {
        let storage = self.live(id, now)?.storage(now);
        self.by_id.remove(id);
        self.deleted.push(storage);
        Ok(())
    }

    fn live(&self, id: &str, now: Timestamp) -> Result<&Cache, ApiError> {
        self.by_id.get(id).filter(|cache| cache.expires > now).ok_or_else(gone)
    }

    fn list(&self, now: Timestamp) -> Vec<Value> {
        let live = self.by_id.iter().rev().filter(|(_, cache)| cache.expires > now);
        live.map(|(id, cache)| cache.describe(id)).collect()
    }
}

impl Cache {
    fn storage(&self, now: Timestamp) -> CacheStorage {
        let stored = between(self.created, now.min(self.expires));
        CacheStorage { model: self.concrete, tokens: self.tokens.total(), stored }
    }

    fn describe(&self, id: &str) -> Value {
        json!({
            "name": format!("cachedContents/{id}"), "model": self.model, "displayName": self.display,
            "createTime": self.created, "updateTime": self.updated, "expireTime": self.expires,
            "usageMetadata": {"totalTokenCount": self.tokens.total()},
        })
    }
}

/// The 403 for a cache that is not there any more.
pub(super) fn gone() -> ApiError {
    ApiError::new(403, "CachedContent not found (or permission denied)")
}

/// Answers a request about caches; `id` is the rest of the path. `None` when there is no such method.
pub(super) fn handle(shared: &Shared, call: &Call, id: &[&str]) -> Result<Option<Response>, ApiError> {
    let now = shared.now();
    let mut caches = lock(&shared.caches);
    let body = match (call.method.as_str(), id) {
        ("GET", []) => call.page_body("cachedContents", caches.list(now))?,
        ("GET", [id]) => caches.live(id, now)?.describe(id),
        ("DELETE", [id]) => {
            caches.delete(id, now)?;
            json!({})
        }
        ("PATCH", [id]) => {
            caches.live(id, now)?;
            spelling::check(call.json()?, "CachedContent", "")?;
            let expires = expiry(call.json()?, now)?.ok_or_else(|| {
                ApiError::invalid("Only one of ttl and expire_time can be updated; the request has neither.")
            })?;
            let cache = caches.by_id.get_mut(*id).ok_or_else(gone)?;
            (cache.expires, cache.updated) = (expires, now);
            cache.describe(id)
        }
        ("POST", []) => {
            let body = call.json()?;
            spelling::check(body, "CachedContent", "")?;
            if !shared.settings.caches {
                let model = body.string("model").unwrap_or_default().trim_start_matches("models/");
                return Err(ApiError::no_model(model, &call.version, "createCachedContent"));
            }
            let cache = create(body, &call.version, now)?;
            let id = shared.id(40);
            let described = cache.describe(&id);
            caches.by_id.insert(id, cache);
            described
        }
        _ => return Ok(None),
    };
    Ok(Some(respond::ok(&match &call.vertex {
        Some(vertex) => vertex.named(body),
        None => body,
    })))
}

fn create(body: &Value, version: &str, now: Timestamp) -> Result<Cache, ApiError> {
    let name = body.string("model").unwrap_or_default();
    if name.is_empty() {
        return Err(ApiError::invalid("* CreateCachedContentRequest.model: model is not specified\n"));
    }
    let model = models::resolve(name, version, "createCachedContent")?;
    let tokens = Tokens::of(body);
    let (total, minimum) = (tokens.total(), model.cache_minimum.unwrap_or(0));
    if total < minimum {
        return Err(ApiError::invalid(format!(
            "Cached content is too small. total_token_count={total}, min_total_token_count={minimum}"
        )));
    }
    Ok(Cache {
        model: format!("models/{}", name.trim_start_matches("models/")),
        concrete: model.name,
        display: body.string("displayName").unwrap_or_default().to_owned(),
        created: now,
        updated: now,
        expires: expiry(body, now)?.unwrap_or_else(|| after(now, Duration::from_secs(3_600))),
        tokens,
    })
}

/// The end of a lifetime given as `ttl` or `expireTime`.
fn expiry(body: &Value, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    match (body.string("ttl"), body.string("expireTime")) {
        (Some(_), Some(_)) => Err(ApiError::invalid("Only one of ttl and expire_time can be set.")),
        (Some(ttl), None) => {
            let seconds = ttl.strip_suffix('s').and_then(|s| s.parse::<f64>().ok());
            let ttl = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
            ttl.map(|ttl| Some(after(now, ttl))).ok_or_else(|| invalid_value("ttl", "Duration"))
        }
        (None, Some(time)) => time.parse().map(Some).map_err(|_| invalid_value("expire_time", "Timestamp")),
        (None, None) => Ok(None),
    }
}

fn invalid_value(field: &str, kind: &str) -> ApiError {
    ApiError::invalid(format!("Invalid value at '{field}' (type.googleapis.com/google.protobuf.{kind})"))
}

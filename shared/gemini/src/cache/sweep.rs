//! [`CacheSweeper`]: finds caches that nobody knows of, that nobody needs, or that are gone.
//!
//! What it works on is told by display name, so caches of other programs, and of other installations
//! that use the same key, are never touched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{Jitter, StateStore, StoreError, Timestamp, between};

use super::create::{MARK, rates};
use super::digest::{CacheKey, Digest};
use super::economics;
use super::handle::{Handle, HandleRef};
use super::handle_store::{HandleStore, Placed};
use super::service::{Service, ServiceError};
use super::traffic::Traffic;
use crate::config::{Config, ConfigError};
use crate::http::Client;
use crate::signal::Signals;
use crate::wire::CachedContent;

/// For each request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// A handle so young may be younger than the list that lacks it.
const FRESH: Duration = Duration::from_secs(120);
/// Field of a model's shared state in which its [`Traffic`] is written.
const READS: &str = "r";

/// Looks after the context caches of the fleet.
#[derive(Debug)]
pub struct CacheSweeper {
    client: Client,
    handles: HandleStore,
    models: BTreeSet<String>,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Caches that are in use.
    pub kept: u64,
    /// Caches that nobody knew of and the fleet uses from now on.
    pub adopted: u64,
    /// Caches deleted: duplicates, and those idle for longer than they are worth keeping.
    pub deleted: u64,
    /// Handles forgotten because their cache is gone.
    pub forgotten: u64,
}

/// Why a sweep ended early. What it did is done; the next one goes on.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SweepError(String);

impl From<StoreError> for SweepError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<ServiceError> for SweepError {
    fn from(error: ServiceError) -> Self {
        Self(format!("cachedContents: {error}"))
    }
}

impl CacheSweeper {
    /// A sweeper of the caches that all who share `store` have made with the key of `config`.
    ///
    /// # Errors
    /// What is wrong with `config`.
    pub fn new(config: &Config, store: Arc<dyn StateStore>, jitter: Jitter) -> Result<Self, ConfigError> {
        config.check_names()?;
        let models = [&config.triage, &config.answer].into_iter().chain(&config.fallback).cloned().collect();
        Ok(Self {
            client: Client::new(config, Signals::none())?,
            handles: HandleStore::new(store, jitter),
            models,
        })
    }

    /// One sweep. Asks the service nothing while no cache was ever made.
    ///
    /// # Errors
    /// [`SweepError`] when the service or the state store does not answer.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept, SweepError> {
        let mut swept = Swept::default();
        let Some(installation) = self.handles.known_installation(now).await? else { return Ok(swept) };
        let caches = self.service(now).list().await?;
        let mut ours = by_key(&caches, &installation, now);
        let traffic = self.traffic(&ours, now).await?;
        // Prompts that are read and have no cache may have a handle that points nowhere.
        for (model, traffic) in &traffic {
            for digest in traffic.digests() {
                ours.entry(CacheKey::named(model, digest.clone())).or_default();
            }
        }
        for (key, caches) in ours {
            self.tidy(&key, caches, traffic.get(&key.model), now, &mut swept).await?;
        }
        Ok(swept)
    }

    fn service(&self, now: Timestamp) -> Service<'_> {
        Service::new(&self.client, TIMEOUT, now)
    }

    async fn traffic(
        &self,
        ours: &BTreeMap<CacheKey, Vec<Handle>>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Traffic>, StoreError> {
        let mut traffic = BTreeMap::new();
        let models: BTreeSet<&String> = ours.keys().map(|key| &key.model).chain(&self.models).collect();
        for model in models {
            if let Some(reads) = self.handles.of_model(model, READS, now).await? {
                traffic.insert(model.clone(), reads);
            }
        }
        Ok(traffic)
    }

    /// Leaves `key` with one cache that the fleet knows, or with none.
    async fn tidy(
        &self,
        key: &CacheKey,
        mut caches: Vec<Handle>,
        traffic: Option<&Traffic>,
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let known = self.live_handle(key, &caches, now, swept).await?;
        let keep = match known {
            Some(known) => Some(known),
            None => self.adopt(key, &mut caches, now, swept).await?,
        };
        let Some(keep) = keep else { return Ok(()) };
        for duplicate in caches.iter().filter(|cache| cache.name != keep.handle.name) {
            self.service(now).delete(&duplicate.name).await?;
            swept.deleted += 1;
        }
        if is_idle(&keep.handle, key, traffic, now) {
            // Forgotten first: from then on nobody begins to use it.
            self.handles.forget(&keep, now).await?;
            self.service(now).delete(keep.name()).await?;
            swept.deleted += 1;
        } else {
            swept.kept += 1;
        }
        Ok(())
    }

    /// The fleet's handle, unless its cache is gone: then it is forgotten.
    async fn live_handle(
        &self,
        key: &CacheKey,
        caches: &[Handle],
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<Option<HandleRef>, StoreError> {
        let Some(known) = self.handles.handle(key, now).await? else { return Ok(None) };
        let is_listed = caches.iter().any(|cache| cache.name == known.handle.name);
        if is_listed || between(known.handle.created_at, now) < FRESH {
            return Ok(Some(known));
        }
        swept.forgotten += 1;
        self.handles.forget(&known, now).await
    }

    /// The cache that lives longest becomes the fleet's.
    async fn adopt(
        &self,
        key: &CacheKey,
        caches: &mut [Handle],
        now: Timestamp,
        swept: &mut Swept,
    ) -> Result<Option<HandleRef>, StoreError> {
        caches.sort_by_key(|cache| cache.expires_at);
        let Some(best) = caches.last() else { return Ok(None) };
        Ok(Some(match self.handles.place(key, best.clone(), now).await? {
            Placed::Ours(adopted) => {
                swept.adopted += 1;
                adopted
            }
            Placed::Theirs(there) => there,
        }))
    }
}

/// The caches of `installation` that are alive, by what they serve.
fn by_key(caches: &[CachedContent], installation: &str, now: Timestamp) -> BTreeMap<CacheKey, Vec<Handle>> {
    let mut ours: BTreeMap<CacheKey, Vec<Handle>> = BTreeMap::new();
    for cache in caches {
        let Some(key) = key_of(&cache.display_name, installation) else { continue };
        let handle = Handle::of(cache, Duration::ZERO, now).filter(|handle| handle.is_alive(now));
        ours.entry(key).or_default().extend(handle);
    }
    ours
}

fn key_of(display_name: &str, installation: &str) -> Option<CacheKey> {
    let rest = display_name.strip_prefix(MARK)?.strip_prefix(':')?.strip_prefix(installation)?;
    let (model, digest) = rest.strip_prefix(':')?.rsplit_once(':')?;
    Some(CacheKey::named(model, Digest::parse(digest)?))
}

/// Whether the next read is so far off that storage costs more than it would save. A prompt that is
/// not counted is left to its time to live.
fn is_idle(cache: &Handle, key: &CacheKey, traffic: Option<&Traffic>, now: Timestamp) -> bool {
    let Some(traffic) = traffic else { return false };
    let Some(read) = traffic.last_read(&key.digest) else { return false };
    let model = traffic.version().unwrap_or(&key.model);
    let used = read.max(cache.created_at);
    between(used, now) > economics::longest_idle(rates(model, cache.tokens, now))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::create::display_name;
    use super::*;

    const DIGEST: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn display_names_of_ours_are_read_back() {
        let key = CacheKey::named("gemini-pro-latest", Digest::parse(DIGEST).unwrap());
        assert_eq!(key_of(&display_name("abc", &key), "abc"), Some(key));
    }

    #[test]
    fn caches_of_others_are_not_ours() {
        let names = [
            "",
            "afterhook",
            "afterhook:abc:m",
            "my notes",
            &format!("afterhook:abd:m:{DIGEST}"),
            &format!("afterhook:abcd:m:{DIGEST}"),
            &format!("beforehook:abc:m:{DIGEST}"),
            "afterhook:abc:m:0123",
        ];
        for name in names {
            assert_eq!(key_of(name, "abc"), None, "{name}");
        }
    }
}

//! [`Caches`]: how a call comes to use a context cache, and what happens when the service has lost it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use domain::{Jitter, StateStore, StepUsage, Timestamp, after, between};
use tokio::sync::Mutex;

use super::digest::CacheKey;
use super::handle::HandleRef;
use super::handle_store::HandleStore;
use super::memory::Memory;
use super::traffic::Demand;
use crate::config::{Config, ConfigError};
use crate::http::Client;
use crate::signal::Signals;
use crate::wire::GenerateContentRequest;

/// How long one attempt to make a cache keeps the others away.
pub(super) const LEASE: Duration = Duration::from_secs(30);
/// A cache that was refused while it was so young will be again: two projects share the state, or the
/// key changes back and forth. Another one is not made sooner than this.
const YOUNG: Duration = Duration::from_secs(600);

/// The context caches of the fleet, as one environment uses them.
#[derive(Debug)]
pub struct Caches {
    pub(super) client: Arc<Client>,
    pub(super) handles: HandleStore,
    pub(super) ttl: Duration,
    pub(super) memory: Memory,
    /// Held while the state store is asked, so that calls that begin together ask once.
    looking: Mutex<()>,
}

/// A call that could use a cache.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// What the cache would serve: [`CacheKey::of`] this request.
    pub key: &'a CacheKey,
    /// The request, inline.
    pub request: &'a GenerateContentRequest,
    /// What [`Traffic::demand`](super::Traffic::demand) says of it.
    pub demand: Demand,
    /// Time that the call has left.
    pub remaining: Duration,
}

impl Wanted<'_> {
    /// The model that answers, as far as that is known.
    pub(super) fn model(&self) -> &str {
        self.demand.version.as_deref().unwrap_or(&self.key.model)
    }
}

/// How a call is to go.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// The cache to use; `None`: inline.
    pub handle: Option<HandleRef>,
    /// What making the cache cost, under the step `cache`: its tokens at the price of input, and storage
    /// for all of its life.
    pub usage: Option<StepUsage>,
    /// Whether a cache may have been made, and billed, of which nobody heard.
    pub in_doubt: bool,
}

impl Prepared {
    pub(crate) fn cached(handle: HandleRef) -> Self {
        Self { handle: Some(handle), ..Self::default() }
    }

    /// `inline` as it is to be sent.
    #[must_use]
    pub fn request<'a>(&self, inline: &'a GenerateContentRequest) -> Cow<'a, GenerateContentRequest> {
        match &self.handle {
            Some(handle) => Cow::Owned(handle.apply(inline)),
            None => Cow::Borrowed(inline),
        }
    }
}

impl Caches {
    /// Caches that live for `ttl` and are known to all who share `store`. Nothing is connected before
    /// the first cache is made.
    ///
    /// # Errors
    /// What is wrong with `config`.
    pub fn new(
        config: &Config,
        store: Arc<dyn StateStore>,
        ttl: Duration,
        jitter: Jitter,
    ) -> Result<Self, ConfigError> {
        Ok(Self::with(Arc::new(Client::new(config, Signals::none())?), store, ttl, jitter))
    }

    /// The same with a client, and so with connections, that others use too.
    pub(crate) fn with(
        client: Arc<Client>,
        store: Arc<dyn StateStore>,
        ttl: Duration,
        jitter: Jitter,
    ) -> Self {
        let handles = HandleStore::new(store, jitter);
        Self { client, handles, ttl, memory: Memory::default(), looking: Mutex::default() }
    }

    /// Whether `wanted` goes by a cache at `now`: one that exists, or one that is made here because its
    /// traffic repays it. Never fails; whatever is wrong, the call goes inline.
    ///
    /// Asks the state store once for each handle, then remembers it until it expires; while there is
    /// none, it asks at most every minute. May take up to 18 s for the one call that makes the cache, which has
    /// 28 s left at least.
    pub async fn prepare(&self, wanted: &Wanted<'_>, now: Timestamp) -> Prepared {
        match self.recall(wanted.key, now).await {
            Some(known) => Prepared::cached(known),
            None => self.create_if_it_pays(wanted, now).await,
        }
    }

    /// The service refused a request for its cache ([`ApiError::is_lost_cache`]): the handle is forgotten by the whole
    /// fleet, and the call goes inline once. A newer handle that somebody wrote meanwhile stays.
    ///
    /// [`ApiError::is_lost_cache`]: crate::ApiError::is_lost_cache
    pub async fn rejected(&self, gone: &HandleRef, now: Timestamp) {
        self.memory.forget(gone);
        match self.handles.forget(gone, now).await {
            Ok(newer @ Some(_)) => self.memory.found(&gone.key, newer, now),
            Ok(None) => self.beware(gone, now).await,
            Err(problem) => {
                tracing::warn!(key = %gone.key, %problem, "the handle of a lost context cache could not be removed")
            }
        }
        tracing::info!(key = %gone.key, cache = gone.name(), "the context cache is gone; the prompt goes inline");
    }

    /// Keeps the fleet from making caches that are refused as soon as they are there.
    async fn beware(&self, gone: &HandleRef, now: Timestamp) {
        if between(gone.handle.created_at, now) >= YOUNG {
            return;
        }
        let until = after(now, YOUNG);
        self.memory.settle(&gone.key, Some(until));
        if let Err(problem) = self.handles.acquire(&gone.key, &self.handles.owner(), now, until).await {
            tracing::warn!(key = %gone.key, %problem, "the refusal of the context cache could not be shared; other environments may create it again");
        }
    }

    /// The handle that is known here or, when it is time to look, in the state store.
    async fn recall(&self, key: &CacheKey, now: Timestamp) -> Option<HandleRef> {
        if let known @ Some(_) = self.memory.handle(key, now) {
            return known;
        }
        if !self.memory.may_look(key, now) {
            return None;
        }
        let _alone = self.looking.lock().await;
        if !self.memory.may_look(key, now) {
            return self.memory.handle(key, now);
        }
        let found = self.handles.handle(key, now).await.unwrap_or_else(|problem| {
            tracing::warn!(%key, %problem, "the state store does not say whether there is a context cache; the prompt goes inline");
            None
        });
        self.memory.found(key, found, now);
        self.memory.handle(key, now)
    }
}

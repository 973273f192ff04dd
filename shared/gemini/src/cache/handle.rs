//! [`Handle`]: a context cache that exists, and how a request refers to it.

use std::time::Duration;

use domain::{Timestamp, after, between};
use serde::{Deserialize, Serialize};

use super::digest::CacheKey;
use crate::wire::{CachedContent, GenerateContentRequest};

/// Not used so shortly before its end: the request takes a moment to get there, and the service's clock may be ahead.
const MARGIN: Duration = Duration::from_secs(5);

/// A context cache, as the state store keeps it at `cache:{model}:{digest}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// `cachedContents/…`; on Vertex AI with project and location before it.
    pub name: String,
    /// Its size.
    pub tokens: u64,
    /// When the service forgets it.
    pub expires_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A [`Handle`] and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleRef {
    pub(crate) key: CacheKey,
    pub(crate) handle: Handle,
    /// Its version in the state store; `None` if it could not be written there.
    pub(crate) version: Option<u64>,
}

impl Handle {
    /// The handle of `cache`, which was made at `now` for `ttl`. `None` if its name is not valid: it
    /// becomes part of an address, so nothing in it may leave the path.
    pub(crate) fn of(cache: &CachedContent, ttl: Duration, now: Timestamp) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let sound = |part: &str| (1..=200).contains(&part.len()) && part.bytes().all(plain);
        match cache.name.split('/').collect::<Vec<_>>()[..] {
            ["cachedContents", id] if sound(id) => {}
            // On Vertex AI.
            ["projects", project, "locations", place, "cachedContents", id]
                if [project, place, id].into_iter().all(sound) => {}
            _ => return None,
        }
        let tokens = cache.usage_metadata.as_ref().and_then(|usage| usage.total_token_count);
        Some(Self {
            name: cache.name.clone(),
            tokens: tokens.unwrap_or_default(),
            expires_at: cache.expire_time.unwrap_or_else(|| after(now, ttl)),
            created_at: cache.create_time.unwrap_or(now),
        })
    }

    /// Whether a call that begins at `now` can use it.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        between(now, self.expires_at) > MARGIN
    }
}

impl HandleRef {
    /// Name of the cache.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.handle.name
    }

    /// `request` with the cache in the place of what the cache holds, which must not be sent too.
    #[must_use]
    pub fn apply(&self, request: &GenerateContentRequest) -> GenerateContentRequest {
        GenerateContentRequest {
            cached_content: Some(self.handle.name.clone()),
            system_instruction: None,
            contents: request.contents.clone(),
            generation_config: request.generation_config.clone(),
            service_tier: request.service_tier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn cache(name: &str) -> CachedContent {
        CachedContent { name: name.to_owned(), ..CachedContent::default() }
    }

    fn handle() -> Handle {
        Handle::of(&cache("cachedContents/a-1"), Duration::from_secs(3_600), now()).unwrap()
    }

    #[test]
    fn names_that_would_leave_the_path_are_no_handles_and_those_of_vertex_ai_are_full() {
        let name = "projects/123/locations/europe-west4/cachedContents/456";
        assert_eq!(Handle::of(&cache(name), Duration::ZERO, now()).unwrap().name, name);
        for name in [
            "",
            "a",
            "cachedContents/",
            "cachedContents/../models",
            "cachedContents/a?x=1",
            "files/a",
            "projects/1/locations/../cachedContents/4",
            "projects/1/cachedContents/4",
            "projects/1/locations/x/cachedContents/",
        ] {
            assert_eq!(Handle::of(&cache(name), Duration::ZERO, now()), None, "{name}");
        }
    }

    #[test]
    fn a_handle_without_an_end_has_the_one_that_was_asked_for() {
        assert_eq!(handle().expires_at, after(now(), Duration::from_secs(3_600)));
    }

    #[test]
    fn a_handle_is_not_used_to_its_last_second() {
        let at = |second| after(now(), Duration::from_secs(second));
        assert!(handle().is_alive(at(3_594)));
        assert!(!handle().is_alive(at(3_595)) && !handle().is_alive(at(9_999)));
    }
}

//! [`Memory`]: what this environment knows of the fleet's caches, so that a call need not ask.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use cells::lock;
use domain::{Timestamp, after};

use super::digest::CacheKey;
use super::handle::HandleRef;

/// An absent handle is looked for again so long after.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Prompts remembered; an agent has a few.
const MAX_KEYS: usize = 32;

/// Handles, and when what may be done next about them. Never held across an await.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<CacheKey, Known>>);

#[derive(Debug, Default)]
struct Known {
    handle: Option<HandleRef>,
    /// No look into the state store before this.
    look_at: Option<Timestamp>,
    /// No creation before this.
    act_at: Option<Timestamp>,
}

impl Memory {
    /// The handle for `key`, if one is known that can be used at `now`.
    pub(crate) fn handle(&self, key: &CacheKey, now: Timestamp) -> Option<HandleRef> {
        self.known(key, |known| known.handle.clone().filter(|known| known.handle.is_alive(now)))
    }

    /// Whether it is time to look for a handle that is not known.
    pub(crate) fn may_look(&self, key: &CacheKey, now: Timestamp) -> bool {
        self.known(key, |known| known.look_at.is_none_or(|at| at <= now))
    }

    /// Takes note of what was found (or made, or given up) at `now`.
    pub(crate) fn found(&self, key: &CacheKey, handle: Option<HandleRef>, now: Timestamp) {
        self.known(key, |known| {
            known.look_at = Some(after(now, LOOK_AGAIN));
            known.handle = handle;
        });
    }

    /// Whether this call may make the cache. The others may not until `until`, or until
    /// [`Memory::settle`] says otherwise: a call that is dropped half way blocks nobody for ever.
    pub(crate) fn claim(&self, key: &CacheKey, now: Timestamp, until: Timestamp) -> bool {
        self.known(key, |known| {
            let free = known.act_at.is_none_or(|at| at <= now);
            if free {
                known.act_at = Some(until);
            }
            free
        })
    }

    /// Ends a claim: the next one is possible at `next`, or at once.
    pub(crate) fn settle(&self, key: &CacheKey, next: Option<Timestamp>) {
        self.known(key, |known| known.act_at = next);
    }

    /// Forgets `gone`, unless another handle took its place already.
    pub(crate) fn forget(&self, gone: &HandleRef) {
        self.known(&gone.key, |known| {
            known.handle = known.handle.take().filter(|known| known.handle.name != gone.handle.name);
        });
    }

    fn known<R>(&self, key: &CacheKey, change: impl FnOnce(&mut Known) -> R) -> R {
        let mut known = lock(&self.0);
        if known.len() >= MAX_KEYS && !known.contains_key(key) {
            // Prompts change with a deployment at most: what is forgotten costs one read.
            known.clear();
        }
        change(known.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest::Digest;
    use super::super::handle::Handle;
    use super::*;

    fn at(second: u64) -> Timestamp {
        after("2026-11-20T12:00:00Z".parse().unwrap(), Duration::from_secs(second))
    }

    fn key(n: usize) -> CacheKey {
        CacheKey::named("m", Digest::numbered(n))
    }

    fn handle(name: &str) -> HandleRef {
        let handle =
            Handle { name: name.to_owned(), tokens: 5_000, expires_at: at(3_600), created_at: at(0) };
        HandleRef { key: key(1), handle, version: Some(1) }
    }

    #[test]
    fn a_handle_is_remembered_until_it_expires() {
        let memory = Memory::default();
        assert!(memory.may_look(&key(1), at(0)));
        memory.found(&key(1), Some(handle("a")), at(0));
        assert_eq!(memory.handle(&key(1), at(3_594)), Some(handle("a")));
        assert_eq!(memory.handle(&key(1), at(3_595)), None);
        assert!(memory.may_look(&key(1), at(3_595)));
    }

    #[test]
    fn an_absent_handle_is_looked_for_every_minute() {
        let memory = Memory::default();
        memory.found(&key(1), None, at(0));
        assert!(!memory.may_look(&key(1), at(59)));
        assert!(memory.may_look(&key(1), at(60)));
    }

    #[test]
    fn one_call_at_a_time_acts_and_a_lost_one_is_replaced() {
        let memory = Memory::default();
        assert!(memory.claim(&key(1), at(0), at(30)));
        assert!(!memory.claim(&key(1), at(29), at(59)));
        assert!(memory.claim(&key(1), at(30), at(60)));
        memory.settle(&key(1), None);
        assert!(memory.claim(&key(1), at(31), at(61)));
        memory.settle(&key(1), Some(at(100)));
        assert!(!memory.claim(&key(1), at(99), at(130)));
    }

    #[test]
    fn a_newer_handle_is_not_forgotten_with_the_old_one() {
        let memory = Memory::default();
        memory.found(&key(1), Some(handle("new")), at(0));
        memory.forget(&handle("old"));
        assert_eq!(memory.handle(&key(1), at(1)), Some(handle("new")));
        memory.forget(&handle("new"));
        assert_eq!(memory.handle(&key(1), at(1)), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let memory = Memory::default();
        (0..1_000).for_each(|n| memory.found(&key(n), None, at(0)));
        assert!(memory.0.lock().unwrap().len() <= MAX_KEYS);
    }
}

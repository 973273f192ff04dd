//! [`Rules`]: what a model was learnt to allow, from its refusals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::{CacheKey, Digest};

/// Sizes remembered; an agent has a few prompts.
const MAX_SIZES: usize = 8;

/// Learnt from refusals, shared by the fleet, forgotten after a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rules {
    /// The model has no explicit caches at all.
    no_caches: bool,
    /// The smallest cache that it takes, tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<u64>,
    /// Sizes in tokens as the service counted them, of what was refused.
    sizes: BTreeMap<Digest, u64>,
}

impl Rules {
    /// Whether a cache of `key` is worth asking for.
    pub(crate) fn allow(&self, key: &CacheKey) -> bool {
        let size = self.sizes.get(&key.digest).copied().unwrap_or_else(|| key.at_most_tokens());
        !self.no_caches && self.minimum.is_none_or(|minimum| size >= minimum)
    }

    /// `digest` has `size` tokens (if that was said), and caches must have `minimum`.
    pub(crate) fn too_small(&mut self, digest: &Digest, size: Option<u64>, minimum: u64) {
        self.minimum = Some(minimum);
        // What was refused is too small, whatever it was said to be.
        let size = size.unwrap_or_default().min(minimum.saturating_sub(1));
        if self.sizes.len() >= MAX_SIZES {
            self.sizes.clear();
        }
        self.sizes.insert(digest.clone(), size);
    }

    /// The model has no explicit caches.
    pub(crate) fn no_caches(&mut self) {
        self.no_caches = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Content, GenerateContentRequest, Part};

    fn key(bytes: usize) -> CacheKey {
        let parts = vec![Part::text("x".repeat(bytes))];
        let system_instruction = Some(Content { role: None, parts });
        CacheKey::of("m", &GenerateContentRequest { system_instruction, ..Default::default() }).unwrap()
    }

    #[test]
    fn nothing_is_forbidden_before_it_was_refused() {
        assert!(Rules::default().allow(&key(4_000)));
    }

    #[test]
    fn a_learnt_minimum_holds_for_prompts_that_were_never_tried() {
        let mut rules = Rules::default();
        rules.too_small(&key(6_000).digest, Some(1_500), 4_096);
        assert!(!rules.allow(&key(6_000)), "refused, and counted by the service");
        assert!(!rules.allow(&key(7_000)), "certainly smaller");
        assert!(rules.allow(&key(20_000)));
    }

    #[test]
    fn what_was_refused_is_not_tried_again_whatever_its_size() {
        let (mut rules, big) = (Rules::default(), key(40_000));
        rules.too_small(&big.digest, None, 4_096);
        assert!(!rules.allow(&big));
        rules.too_small(&big.digest, Some(9_999), 4_096);
        assert!(!rules.allow(&big));
    }

    #[test]
    fn a_model_without_caches_allows_none() {
        let mut rules = Rules::default();
        rules.no_caches();
        assert!(!rules.allow(&key(100_000)));
    }

    #[test]
    fn sizes_are_few_and_the_state_stays_small() {
        let mut rules = Rules::default();
        for size in 0..50 {
            rules.too_small(&key(4_000 + size).digest, Some(1), 4_096);
        }
        assert!(rules.sizes.len() <= MAX_SIZES);
    }
}

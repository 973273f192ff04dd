//! [`Traffic`]: how often each cacheable prompt of a model was read in the last hour, by the whole
//! fleet. Part of the model's shared state, so counting costs no write of its own.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;
use crate::wire::UsageMetadata;

/// Seconds of one bucket.
const BUCKET: i64 = 300;
/// Buckets kept: an hour, and the one that is being filled.
const BUCKETS: usize = 13;
/// Prompts counted; an agent has a few, and the state must stay small.
const MAX_DIGESTS: usize = 4;

/// Reads by prompt, and what was learnt from their answers. A pure state machine: time is passed in,
/// and any state that can be read back is taken as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traffic {
    by_digest: BTreeMap<Digest, Reads>,
    /// The model that answered last: what an alias stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// Reads of one prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Reads {
    /// Number of the newest bucket: its time in units of [`BUCKET`] since 1970.
    bucket: i64,
    /// Reads by bucket, newest first.
    counts: Vec<u32>,
    /// When it was last read, seconds since 1970.
    last: i64,
    /// Share of the prompt that the service's implicit cache serves, in thousandths.
    implicit: u16,
}

/// What is to be expected of the next hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Demand {
    /// Reads.
    pub per_hour: u32,
    /// Share of the prompt that the service's implicit cache serves unasked, 0 to 1.
    pub implicit: f64,
    /// The model that answers, if it is known: bills go by it.
    pub version: Option<String>,
}

impl Traffic {
    /// Counts a read of the prompt with `digest` at `now`.
    pub fn note(&mut self, digest: &Digest, now: Timestamp) {
        if !self.by_digest.contains_key(digest) {
            self.make_room(now);
        }
        self.by_digest.entry(digest.clone()).or_default().note(now);
    }

    /// Takes note of an answer to an inline call: `version` is the model that it names.
    pub fn answered(&mut self, digest: &Digest, version: Option<&str>, usage: &UsageMetadata) {
        if let Some(version) = version.filter(|version| version.len() <= 100) {
            self.version = Some(version.to_owned());
        }
        if let Some(reads) = self.by_digest.get_mut(digest) {
            reads.learn(usage);
        }
    }

    /// Reads of `digest` in the hour before `now`.
    #[must_use]
    pub fn per_hour(&self, digest: &Digest, now: Timestamp) -> u32 {
        self.by_digest.get(digest).map_or(0, |reads| reads.in_an_hour(now))
    }

    /// What the next hour is expected to bring for `digest`.
    #[must_use]
    pub fn demand(&self, digest: &Digest, now: Timestamp) -> Demand {
        let implicit = self.by_digest.get(digest).map_or(0, |reads| reads.implicit.min(1_000));
        Demand {
            per_hour: self.per_hour(digest, now),
            implicit: f64::from(implicit) / 1_000.0,
            version: self.version.clone(),
        }
    }

    /// The least read one goes, so that a busy prompt outlives any number of rare ones.
    fn make_room(&mut self, now: Timestamp) {
        while self.by_digest.len() >= MAX_DIGESTS {
            let rank = |reads: &Reads| (reads.in_an_hour(now), reads.last);
            let least = self.by_digest.iter().min_by_key(|(_, reads)| rank(reads));
            let Some(least) = least.map(|(digest, _)| digest.clone()) else { return };
            self.by_digest.remove(&least);
        }
    }
}

impl Reads {
    fn note(&mut self, now: Timestamp) {
        self.turn(bucket_of(now));
        match self.counts.first_mut() {
            Some(newest) => *newest = newest.saturating_add(1),
            None => self.counts.push(1),
        }
        self.last = self.last.max(now.as_second());
    }

    /// Makes `bucket` the newest one. A clock that is behind counts into the newest there is.
    fn turn(&mut self, bucket: i64) {
        let passed = usize::try_from(bucket.saturating_sub(self.bucket)).unwrap_or(0).min(BUCKETS);
        self.counts.splice(0..0, std::iter::repeat_n(0, passed));
        self.counts.truncate(BUCKETS);
        self.bucket = self.bucket.max(bucket);
    }

    fn in_an_hour(&self, now: Timestamp) -> u32 {
        let passed = usize::try_from(bucket_of(now).saturating_sub(self.bucket)).unwrap_or(0);
        let recent = self.counts.iter().take(BUCKETS.saturating_sub(passed));
        recent.fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// A moving average over about eight answers.
    fn learn(&mut self, usage: &UsageMetadata) {
        let Some(prompt) = usage.prompt_token_count.filter(|tokens| *tokens > 0) else { return };
        let cached = usage.cached_content_token_count.unwrap_or_default().min(prompt);
        let share = u128::from(cached) * 1_000 / u128::from(prompt);
        let average = (u128::from(self.implicit) * 7 + share) / 8;
        self.implicit = u16::try_from(average).unwrap_or(1_000);
    }
}

fn bucket_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(BUCKET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digest(n: usize) -> Digest {
        Digest::numbered(n)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn usage(prompt: u64, cached: u64) -> UsageMetadata {
        UsageMetadata {
            prompt_token_count: Some(prompt),
            cached_content_token_count: Some(cached),
            ..UsageMetadata::default()
        }
    }

    #[test]
    fn reads_of_the_last_hour_are_counted() {
        let mut traffic = Traffic::default();
        for minute in 0..8 {
            traffic.note(&digest(1), at(minute * 510));
        }
        assert_eq!(traffic.per_hour(&digest(1), at(7 * 510)), 8, "eight reads within 59.5 minutes");
        assert_eq!(traffic.per_hour(&digest(2), at(0)), 0);
    }

    #[test]
    fn reads_are_forgotten_after_an_hour_and_a_bucket() {
        let mut traffic = Traffic::default();
        traffic.note(&digest(1), at(0));
        assert_eq!(traffic.per_hour(&digest(1), at(3_600)), 1);
        assert_eq!(traffic.per_hour(&digest(1), at(3_600 + BUCKET)), 0);
        traffic.note(&digest(1), at(100_000));
        assert_eq!(traffic.per_hour(&digest(1), at(100_000)), 1);
    }

    #[test]
    fn a_clock_that_is_behind_counts_all_the_same() {
        let mut traffic = Traffic::default();
        traffic.note(&digest(1), at(1_000));
        traffic.note(&digest(1), at(0));
        assert_eq!(traffic.per_hour(&digest(1), at(1_000)), 2);
    }

    #[test]
    fn the_least_read_prompt_makes_room() {
        let mut traffic = Traffic::default();
        for n in [1, 1, 2, 3, 3, 4, 4, 5] {
            traffic.note(&digest(n), at(0));
        }
        assert_eq!(traffic.by_digest.len(), MAX_DIGESTS);
        assert_eq!((traffic.per_hour(&digest(1), at(0)), traffic.per_hour(&digest(2), at(0))), (2, 0));
    }

    #[test]
    fn the_share_of_the_implicit_cache_is_learnt_and_unlearnt() {
        let mut traffic = Traffic::default();
        traffic.note(&digest(1), at(0));
        for _ in 0..30 {
            traffic.answered(&digest(1), Some("gemini-3.8-flash"), &usage(1_000, 900));
        }
        let demand = traffic.demand(&digest(1), at(0));
        assert!((0.85..=0.95).contains(&demand.implicit), "{demand:?}");
        assert_eq!((demand.per_hour, demand.version.as_deref()), (1, Some("gemini-3.8-flash")));
        for _ in 0..60 {
            traffic.answered(&digest(1), None, &usage(1_000, 0));
        }
        assert!(traffic.demand(&digest(1), at(0)).implicit < 0.01);
    }

    #[test]
    fn a_full_state_stays_small() {
        let mut traffic = Traffic::default();
        for second in 0..20_000 {
            traffic.note(&digest(usize::try_from(second).unwrap() % 5), at(second));
        }
        let json = serde_json::to_string(&traffic).unwrap();
        assert!(json.len() < 800, "{} bytes", json.len());
        assert_eq!(serde_json::from_str::<Traffic>(&json).unwrap(), traffic);
    }

    proptest! {
        #[test]
        fn no_state_panics(
            bucket: i64, counts in proptest::collection::vec(any::<u32>(), 0..40), last: i64, implicit: u16,
            second in -1_000_000_000_i64..10_000_000_000, prompt: u64, cached: u64,
        ) {
            let reads = Reads { bucket, counts, last, implicit };
            let mut traffic = Traffic { by_digest: BTreeMap::from([(digest(1), reads)]), version: None };
            let now = Timestamp::from_second(second).unwrap();
            traffic.note(&digest(1), now);
            traffic.answered(&digest(1), Some("v"), &usage(prompt, cached));
            let demand = traffic.demand(&digest(1), now);
            prop_assert!((0.0..=1.0).contains(&demand.implicit));
        }
    }
}

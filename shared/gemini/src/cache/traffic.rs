//! [`Traffic`]: how often each cacheable prompt of a model was read in the last hour, by the whole
//! fleet. Part of the model's shared state, so counting costs no write of its own.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::digest::Digest;

/// Seconds of one bucket.
const BUCKET: i64 = 300;
/// Buckets kept: an hour, and the one that is being filled.
const BUCKETS: usize = 13;
/// Prompts counted; an agent has a few, and the state must stay small.
const MAX_DIGESTS: usize = 4;
/// So many inline answers are measured before a cache is thought of: fewer may all have met a cold implicit cache.
const ENOUGH: u32 = 8;
/// The average is over about so many.
const WINDOW: u32 = 32;
/// All of a prompt, in the unit of [`Reads::implicit`].
const WHOLE: u32 = 1_000_000;

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
    /// Share of it that the service's implicit cache serves, in millionths: the average of the reads measured. Earlier
    /// versions keep it as `implicit`, in thousandths of the whole prompt.
    #[serde(rename = "share")]
    implicit: u32,
    /// Inline reads measured since it was last read by a cache, [`WINDOW`] at most.
    measured: u32,
}

/// What is to be expected of the next hour.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Demand {
    /// Reads; none while too few were measured to know what a cache would save.
    pub per_hour: u32,
    /// Share of what a cache would hold that the service's implicit cache serves unasked, 0 to 1.
    pub implicit: f64,
    /// The model that answers, if it is known: bills go by it.
    pub version: Option<String>,
}

impl Traffic {
    /// Counts a read of `digest` that was answered at `now`: `version` is the model that the answer names, `implicit`
    /// the share that the service's implicit cache served. `None`, of a read by a cache of ours, says nothing of that:
    /// when the cache ends, half as many as are enough are measured anew, the first on a cold implicit cache.
    pub fn answered(
        &mut self,
        digest: &Digest,
        version: Option<&str>,
        implicit: Option<f64>,
        now: Timestamp,
    ) {
        if let Some(version) = version.filter(|version| version.len() <= 100) {
            self.version = Some(version.to_owned());
        }
        // What former versions of the agent asked: the item of a model is to be one write unit of DynamoDB, 1 KiB.
        self.by_digest.retain(|known, reads| known == digest || reads.in_an_hour(now) > 0);
        if !self.by_digest.contains_key(digest) {
            self.make_room(now);
        }
        let reads = self.by_digest.entry(digest.clone()).or_default();
        reads.note(now);
        match implicit {
            Some(share) => reads.learn(share),
            None => reads.measured = reads.measured.min(ENOUGH / 2),
        }
    }

    /// Reads of `digest` in the hour before `now`.
    #[cfg(test)]
    fn per_hour(&self, digest: &Digest, now: Timestamp) -> u32 {
        self.by_digest.get(digest).map_or(0, |reads| reads.in_an_hour(now))
    }

    /// What the next hour is expected to bring for `digest`.
    #[must_use]
    pub fn demand(&self, digest: &Digest, now: Timestamp) -> Demand {
        let known = self.by_digest.get(digest).filter(|reads| reads.measured >= ENOUGH);
        Demand {
            per_hour: known.map_or(0, |reads| reads.in_an_hour(now)),
            implicit: f64::from(known.map_or(0, |reads| reads.implicit.min(WHOLE))) / f64::from(WHOLE),
            version: self.version.clone(),
        }
    }

    /// The least read one goes, so that a busy prompt outlives any number of rare ones.
    fn make_room(&mut self, now: Timestamp) {
        while self.by_digest.len() >= MAX_DIGESTS {
            let least = self.by_digest.iter().min_by_key(|(_, reads)| (reads.in_an_hour(now), reads.bucket));
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

    fn learn(&mut self, share: f64) {
        let measured = self.measured.min(WINDOW - 1);
        let (before, whole) = (f64::from(self.implicit.min(WHOLE)), f64::from(WHOLE));
        let average =
            (before * f64::from(measured) + share.clamp(0.0, 1.0) * whole) / f64::from(measured + 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to a million")]
        let average = average as u32;
        (self.implicit, self.measured) = (average, measured + 1);
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

    impl Traffic {
        fn note(&mut self, digest: &Digest, now: Timestamp) {
            self.answered(digest, None, Some(0.0), now);
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
        for read in 1..=30 {
            traffic.answered(&digest(1), Some("gemini-3.8-flash"), Some(0.9), at(0));
            let demand = traffic.demand(&digest(1), at(0));
            assert_eq!(demand.per_hour, if read < ENOUGH { 0 } else { read }, "unknown before that");
        }
        let demand = traffic.demand(&digest(1), at(0));
        assert!((0.899..=0.901).contains(&demand.implicit), "{demand:?}");
        assert_eq!(demand.version.as_deref(), Some("gemini-3.8-flash"));
        for _ in 0..300 {
            traffic.answered(&digest(1), None, Some(0.0), at(0));
        }
        assert!(traffic.demand(&digest(1), at(0)).implicit < 0.01);
    }

    #[test]
    fn reads_by_a_cache_are_counted_and_what_follows_its_end_counts_as_much_as_what_was_known() {
        let mut traffic = Traffic::default();
        (0..20).for_each(|_| traffic.answered(&digest(1), None, Some(0.0), at(0)));
        traffic.answered(&digest(1), None, None, at(1));
        assert_eq!(traffic.demand(&digest(1), at(1)).per_hour, 0);
        (0..ENOUGH / 2).for_each(|_| traffic.answered(&digest(1), None, Some(0.5), at(2)));
        let demand = traffic.demand(&digest(1), at(2));
        assert_eq!((demand.per_hour, (demand.implicit * 100.0).round()), (21 + ENOUGH / 2, 25.0));
    }

    /// Nine of ten reads are served by the implicit cache, so that 37 an hour of 3.5 Flash-Lite are worth a cache.
    #[test]
    fn ever_so_many_implicit_hits_make_no_cache_before_the_break_even() {
        let (mut traffic, mut made) = (Traffic::default(), None);
        for read in 0..60_u32 {
            let implicit = if read % 10 == 0 { 0.0 } else { 1.0 };
            traffic.answered(&digest(1), None, Some(implicit), at(i64::from(read)));
            let Demand { per_hour, implicit, .. } = traffic.demand(&digest(1), at(i64::from(read)));
            let rates = prices::rates("gemini-3.5-flash-lite", 5_000, domain::ServiceTier::Standard, at(0));
            if prices::cache_repays(rates, per_hour, implicit, std::time::Duration::MAX) {
                made = made.or(Some(read + 1));
            }
        }
        assert!((30..=45).contains(&made.unwrap()), "{made:?}");
    }

    #[test]
    fn a_full_state_stays_small_and_one_prompt_after_the_other_leaves_one() {
        for (turn, most) in [(1, 800), (5_000, 200)] {
            let mut traffic = Traffic::default();
            for second in 0..20_000 {
                traffic.note(&digest(usize::try_from(second / turn).unwrap() % 5), at(second));
            }
            let json = serde_json::to_string(&traffic).unwrap();
            assert!(json.len() < most, "{} bytes", json.len());
            assert_eq!(serde_json::from_str::<Traffic>(&json).unwrap(), traffic);
        }
    }

    proptest! {
        #[test]
        fn no_state_panics(
            bucket: i64, counts in proptest::collection::vec(any::<u32>(), 0..40), implicit: u32, measured: u32,
            second in -1_000_000_000_i64..10_000_000_000, share: f64,
        ) {
            let reads = Reads { bucket, counts, implicit, measured };
            let mut traffic = Traffic { by_digest: BTreeMap::from([(digest(1), reads)]), version: None };
            let now = Timestamp::from_second(second).unwrap();
            traffic.answered(&digest(1), Some("v"), Some(share), now);
            let demand = traffic.demand(&digest(1), now);
            prop_assert!((0.0..=1.0).contains(&demand.implicit));
        }
    }
}

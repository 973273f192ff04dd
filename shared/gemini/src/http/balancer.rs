//! [`Balancer`]: whose turn it is among several endpoints, and which of them is left out for a while.
//!
//! Pure: no clock, no randomness, no lock. It belongs to one environment: whether an address can be
//! reached is a matter of where one stands, so it is not shared through the store.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Timestamp, after};

/// Failures in a row after which an endpoint is left out.
const FAILURES_IN_A_ROW: u32 = 3;
/// For how long.
const EJECTION: Duration = Duration::from_secs(30);
/// For how long it is not asked for a model that it lacks: as long as the fleet asks nobody for one that none has.
const LACK: Duration = Duration::from_secs(3_600);

/// The health that an endpoint showed in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndpointHealth {
    /// It answered, with whatever: also "too many requests" is an answer.
    Healthy,
    /// It could not be reached, or said 502 or 503.
    Failing,
    /// It, or its version of the API, has no such model.
    Lacking,
}

#[derive(Debug, Clone, Default)]
struct Member {
    weight: u32,
    /// Failures since the last answer. An ejection does not reset them, so an endpoint that comes
    /// back still sick is out again at its first failure.
    failures: u32,
    ejected_until: Option<Timestamp>,
    /// Until when it is not asked for which models.
    lacks: BTreeMap<String, Timestamp>,
}

impl Member {
    fn is_out(&self, now: Timestamp) -> bool {
        self.ejected_until.is_some_and(|until| now < until)
    }

    fn lacks(&self, model: &str, now: Timestamp) -> bool {
        self.lacks.get(model).is_some_and(|until| now < *until)
    }
}

/// The endpoints by their place in the configuration; at least one.
#[derive(Debug, Clone)]
pub(crate) struct Balancer {
    members: Vec<Member>,
}

impl Balancer {
    pub(crate) fn new(weights: impl IntoIterator<Item = u32>) -> Self {
        let members = weights.into_iter().map(|weight| Member { weight, ..Member::default() }).collect();
        Self { members }
    }

    /// The endpoint for a call of `model` by a task whose `hash` is spread evenly over all numbers: always the same one
    /// for the same hash while all are well, each by its share of the weights. The task of one that
    /// is left out, or lacks the model, goes to the next one in the list.
    pub(crate) fn choose(&self, hash: u64, model: &str, now: Timestamp) -> usize {
        let own = by_weight(self.members.iter().map(|member| member.weight), hash);
        let count = self.members.len();
        let others = (0..count).map(|step| (own + step) % count);
        let unfit =
            |index: &usize| (self.members[*index].lacks(model, now), self.members[*index].is_out(now));
        others.min_by_key(unfit).unwrap_or(own)
    }

    /// Whether more than one endpoint is in and has `model`: then the failure of one is not the model's.
    pub(crate) fn has_choice(&self, model: &str, now: Timestamp) -> bool {
        self.members.iter().filter(|member| !member.is_out(now) && !member.lacks(model, now)).count() > 1
    }

    /// Whether an endpoint may have `model`.
    pub(crate) fn may_have(&self, model: &str, now: Timestamp) -> bool {
        self.members.iter().any(|member| !member.lacks(model, now))
    }

    /// Takes note of the health of `index` in a call of `model`. Returns whether it is left out from now on.
    pub(crate) fn note(&mut self, index: usize, model: &str, health: EndpointHealth, now: Timestamp) -> bool {
        let is_last = self.members.iter().enumerate().all(|(i, member)| i == index || member.is_out(now));
        let Some(member) = self.members.get_mut(index) else { return false };
        if health != EndpointHealth::Failing {
            (member.failures, member.ejected_until) = (0, None);
            member.lacks.remove(model);
            if health == EndpointHealth::Lacking {
                member.lacks.insert(model.to_owned(), after(now, LACK));
            }
            return health == EndpointHealth::Lacking;
        }
        member.failures = member.failures.saturating_add(1);
        // A sick endpoint is better than none: the last one stays.
        if member.failures < FAILURES_IN_A_ROW || is_last || member.is_out(now) {
            return false;
        }
        member.ejected_until = Some(after(now, EJECTION));
        true
    }
}

/// Whose turn it is by `weights`, for a `hash` that is spread evenly over all numbers.
pub(crate) fn by_weight(weights: impl IntoIterator<Item = u32>, hash: u64) -> usize {
    let weights: Vec<u128> = weights.into_iter().map(u128::from).collect();
    // The hash as a fraction of all hashes, of the total.
    let mut rest = (u128::from(hash) * weights.iter().sum::<u128>()) >> u64::BITS;
    for (index, weight) in weights.iter().enumerate() {
        match rest.checked_sub(*weight) {
            Some(less) => rest = less,
            None => return index,
        }
    }
    // Only if all weights are zero: those that stand in for others.
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> Timestamp {
        after(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds))
    }

    fn sick(balancer: &mut Balancer, index: usize, times: u32, now: Timestamp) -> bool {
        (0..times).map(|_| balancer.note(index, "m", EndpointHealth::Failing, now)).last().unwrap()
    }

    /// How many of 10,000 evenly spread hashes each of two endpoints gets.
    fn shares(balancer: &Balancer, now: Timestamp) -> [usize; 2] {
        let mut shares = [0; 2];
        for n in 0..10_000 {
            shares[balancer.choose(u64::MAX / 10_000 * n, "m", now)] += 1;
        }
        shares
    }

    #[test]
    fn each_endpoint_has_its_share_of_the_tasks() {
        let [old, new] = shares(&Balancer::new([95, 5]), at(0));
        assert!(old.abs_diff(9_500) <= 1 && new.abs_diff(500) <= 1, "{old} {new}");
    }

    #[test]
    fn a_weight_of_zero_only_stands_in_for_others() {
        let mut balancer = Balancer::new([1, 0]);
        assert_eq!(shares(&balancer, at(0)), [10_000, 0]);
        assert!(sick(&mut balancer, 0, 3, at(0)));
        assert_eq!(shares(&balancer, at(0)), [0, 10_000]);
    }

    #[test]
    fn three_failures_in_a_row_eject_for_thirty_seconds() {
        let mut balancer = Balancer::new([1, 1]);
        assert!(!sick(&mut balancer, 0, 2, at(0)));
        assert!(sick(&mut balancer, 0, 1, at(0)));
        assert_eq!(balancer.choose(0, "m", at(29)), 1);
        assert_eq!(balancer.choose(0, "m", at(30)), 0);
    }

    #[test]
    fn an_answer_in_between_starts_the_count_anew() {
        let mut balancer = Balancer::new([1, 1]);
        sick(&mut balancer, 0, 2, at(0));
        balancer.note(0, "m", EndpointHealth::Healthy, at(0));
        assert!(!sick(&mut balancer, 0, 2, at(0)));
        assert_eq!(balancer.choose(0, "m", at(0)), 0);
    }

    #[test]
    fn one_that_comes_back_sick_is_out_again_at_once() {
        let mut balancer = Balancer::new([1, 1]);
        sick(&mut balancer, 0, 3, at(0));
        assert!(sick(&mut balancer, 0, 1, at(31)));
        assert_eq!(balancer.choose(0, "m", at(60)), 1);
    }

    #[test]
    fn failures_of_calls_begun_before_do_not_prolong_an_ejection() {
        let mut balancer = Balancer::new([1, 1]);
        sick(&mut balancer, 0, 3, at(0));
        assert!(!sick(&mut balancer, 0, 5, at(20)));
        assert_eq!(balancer.choose(0, "m", at(30)), 0);
    }

    #[test]
    fn the_last_one_is_never_ejected() {
        let mut alone = Balancer::new([1]);
        assert!(!sick(&mut alone, 0, 9, at(0)));
        let mut balancer = Balancer::new([1, 1]);
        sick(&mut balancer, 0, 3, at(0));
        assert!(!sick(&mut balancer, 1, 9, at(0)));
        assert_eq!((balancer.choose(0, "m", at(1)), balancer.choose(u64::MAX, "m", at(1))), (1, 1));
    }

    proptest! {
        #[test]
        fn someone_is_always_in(
            weights in prop::collection::vec(0_u32..5, 1..5),
            events in prop::collection::vec((0_usize..6, any::<bool>(), 0_u64..20), 0..60),
            hash: u64,
        ) {
            let mut balancer = Balancer::new(weights.clone());
            let mut now = 0;
            for (index, well, later) in events {
                now += later;
                balancer.note(index, "m", if well { EndpointHealth::Healthy } else { EndpointHealth::Failing }, at(now));
                let chosen = balancer.choose(hash, "m", at(now));
                prop_assert!(!balancer.members[chosen].is_out(at(now)));
            }
        }
    }
}

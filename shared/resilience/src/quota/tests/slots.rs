//! Tests of the slots that are given out: their order, their distance, and who may overtake whom.

use std::time::Duration;

use crate::quota::*;

fn at(ms: i64) -> Timestamp {
    timestamp(1_790_000_000 * SECOND + ms * 1_000)
}

const LIMITS: QuotaLimits = QuotaLimits {
    requests_per_minute: Some(240),
    tokens_per_minute: None,
    requests_per_day: None,
    slack: Duration::ZERO,
};

fn ask(urgency: Urgency) -> Ask {
    Ask { tokens: 1_000, urgency, slot: None, day_ends: at(40_000_000) }
}

fn waiter(urgency: Urgency, slot: Timestamp) -> Ask {
    Ask { slot: Some(slot), ..ask(urgency) }
}

fn is_granted(quota: &mut Quota, ask: &Ask, now: Timestamp) -> bool {
    quota.reserve(&LIMITS, ask, now) == Reserve::Granted
}

/// A quota whose burst is used up, and the slots of `waiters` that were booked then.
fn crowded(urgency: Urgency, waiters: usize) -> (Quota, Vec<Timestamp>) {
    let mut quota = Quota::default();
    while is_granted(&mut quota, &ask(urgency), at(0)) {}
    let slots = book(&mut quota, urgency, waiters, at(0), at(0));
    (quota, slots)
}

fn book(
    quota: &mut Quota,
    urgency: Urgency,
    count: usize,
    from: Timestamp,
    now: Timestamp,
) -> Vec<Timestamp> {
    (0..count).map(|_| quota.book(&LIMITS, &ask(urgency), from, now)).collect()
}

/// Milliseconds from each to the next.
fn gaps(slots: &[Timestamp]) -> Vec<i64> {
    slots.windows(2).map(|pair| (micros(pair[1]) - micros(pair[0])) / 1_000).collect()
}

#[test]
fn slots_are_spaced_by_the_cost_of_a_call() {
    let (_, slots) = crowded(Urgency::Standard, 5);
    assert_eq!(gaps(&slots), [250; 4]);
    assert!(slots[0] < at(250));
}

#[test]
fn the_dearer_meter_spaces_the_slots() {
    let limits = QuotaLimits { tokens_per_minute: Some(60_000), ..LIMITS };
    let mut quota = Quota::default();
    let slots: Vec<_> = [1_000, 5_000, 100, 100]
        .map(|tokens| quota.book(&limits, &Ask { tokens, ..ask(Urgency::Standard) }, at(0), at(0)))
        .into();
    assert_eq!(gaps(&slots), [1_000, 5_000, 250]);
}

#[test]
fn a_denial_names_the_slot_a_booking_would_get() {
    let (mut quota, slots) = crowded(Urgency::Standard, 3);
    let Reserve::Denied { at: named, .. } = quota.reserve(&LIMITS, &ask(Urgency::Standard), at(0)) else {
        panic!("granted");
    };
    assert!(named > slots[2]);
    assert_eq!(quota.book(&LIMITS, &ask(Urgency::Standard), at(0), at(0)), named);
}

#[test]
fn a_new_arrival_does_not_overtake_its_own_lane() {
    let (mut quota, _) = crowded(Urgency::Standard, 40);
    assert!(!is_granted(&mut quota, &ask(Urgency::Standard), at(500)));
    assert!(!is_granted(&mut quota, &ask(Urgency::Bulk), at(500)));
    assert!(is_granted(&mut quota, &ask(Urgency::Express), at(500)));
}

#[test]
fn a_waiter_whose_slot_has_come_is_judged_by_the_meters_alone() {
    let (mut quota, slots) = crowded(Urgency::Standard, 40);
    assert!(is_granted(&mut quota, &waiter(Urgency::Standard, slots[0]), slots[0]));
    assert!(!is_granted(&mut quota, &ask(Urgency::Standard), slots[1]));
    assert!(is_granted(&mut quota, &waiter(Urgency::Standard, slots[1]), slots[1]));
}

#[test]
fn a_waiter_before_or_long_after_the_slot_is_a_new_arrival() {
    let (mut quota, slots) = crowded(Urgency::Standard, 2_000);
    assert!(!is_granted(&mut quota, &waiter(Urgency::Standard, slots[9]), slots[0]));
    for slot in &slots[2..1_300] {
        assert!(is_granted(&mut quota, &waiter(Urgency::Standard, *slot), *slot));
    }
    let now = slots[1_300];
    assert!(!is_granted(&mut quota, &waiter(Urgency::Standard, slots[1]), now));
    assert!(is_granted(&mut quota, &waiter(Urgency::Standard, slots[200]), now));
}

#[test]
fn bulk_queues_behind_the_more_urgent() {
    let (mut quota, slots) = crowded(Urgency::Standard, 40);
    let bulk = book(&mut quota, Urgency::Bulk, 2, at(0), at(0));
    assert_eq!(gaps(&[slots[39], bulk[0], bulk[1]]), [250, 250]);
    let express = book(&mut quota, Urgency::Express, 1, at(0), at(0));
    assert!(express[0] <= slots[0]);
}

#[test]
fn waiters_that_never_come_hold_nobody_up_for_long() {
    let (mut quota, _) = crowded(Urgency::Standard, 400);
    assert!(!is_granted(&mut quota, &ask(Urgency::Standard), at(6_000)));
    assert!(is_granted(&mut quota, &ask(Urgency::Standard), at(7_000)));
    assert!(is_granted(&mut quota, &ask(Urgency::Standard), at(7_000)));
}

#[test]
fn waiters_that_come_and_are_turned_away_keep_their_queue() {
    let (mut quota, slots) = crowded(Urgency::Standard, 400);
    // A breaker refuses them before the quota is asked; each books again.
    for slot in &slots[..40] {
        quota.book(&LIMITS, &waiter(Urgency::Standard, *slot), *slot, *slot);
    }
    assert!(!is_granted(&mut quota, &ask(Urgency::Standard), slots[40]));
}

#[test]
fn one_long_back_off_holds_nobody_up() {
    let mut quota = Quota::default();
    assert_eq!(quota.book(&LIMITS, &ask(Urgency::Standard), at(32_000), at(0)), at(32_000));
    assert!(is_granted(&mut quota, &ask(Urgency::Standard), at(100)));
    assert_eq!(quota.book(&LIMITS, &ask(Urgency::Standard), at(200), at(200)), at(200));
}

#[test]
fn those_who_must_wait_for_the_same_moment_come_one_after_the_other() {
    let mut quota = Quota::default();
    let slots = book(&mut quota, Urgency::Bulk, 400, at(30_000), at(0));
    assert_eq!(slots[0], at(30_000));
    assert_eq!(gaps(&slots), [250; 399]);
}

#[test]
fn a_stray_back_off_does_not_displace_the_many() {
    let mut quota = Quota::default();
    let many = book(&mut quota, Urgency::Bulk, 40, at(30_000), at(0));
    assert_eq!(book(&mut quota, Urgency::Bulk, 1, at(20_000), at(0)), [at(20_000)]);
    let next = book(&mut quota, Urgency::Bulk, 1, at(30_000), at(0));
    assert_eq!(gaps(&[many[39], next[0]]), [250]);
}

#[test]
fn the_many_become_the_queue_when_their_time_comes() {
    let mut quota = Quota::default();
    let many = book(&mut quota, Urgency::Standard, 40, at(30_000), at(0));
    assert!(!is_granted(&mut quota, &ask(Urgency::Standard), at(30_100)));
    let next = book(&mut quota, Urgency::Standard, 1, at(30_100), at(30_100));
    assert_eq!(gaps(&[many[39], next[0]]), [250]);
}

#[test]
fn a_queue_that_grows_up_to_the_many_goes_on_behind_them() {
    let mut quota = Quota::default();
    let many = book(&mut quota, Urgency::Standard, 40, at(10_000), at(0));
    let near = book(&mut quota, Urgency::Standard, 60, at(0), at(0));
    let between = near.iter().filter(|slot| (many[0]..=many[39]).contains(slot)).count();
    assert!(between <= 1, "{between}");
    assert!(near[59] > many[39]);
}

#[test]
fn bookings_for_moments_close_to_each_other_are_one_queue() {
    let mut quota = Quota::default();
    assert_eq!(book(&mut quota, Urgency::Standard, 1, at(2_000), at(0)), [at(2_000)]);
    assert_eq!(book(&mut quota, Urgency::Standard, 1, at(1_000), at(0)), [at(2_250)]);
    assert_eq!(book(&mut quota, Urgency::Standard, 1, at(4_000), at(0)), [at(4_000)]);
    assert_eq!(book(&mut quota, Urgency::Standard, 1, at(1_000), at(0)), [at(4_250)]);
}

#[test]
fn a_pause_spreads_those_who_come_during_it() {
    let (mut quota, _) = crowded(Urgency::Bulk, 10);
    quota.pause(at(30_000), Denial::Paused);
    let slots = book(&mut quota, Urgency::Bulk, 300, at(1_000), at(1_000));
    assert!(slots[0] >= at(30_000));
    assert_eq!(gaps(&slots), [250; 299]);
}

#[test]
fn a_used_up_day_spreads_those_who_wait_for_the_next() {
    let limits = QuotaLimits { requests_per_day: Some(1), ..LIMITS };
    let mut quota = Quota::default();
    assert_eq!(quota.reserve(&limits, &ask(Urgency::Bulk), at(0)), Reserve::Granted);
    let slots: Vec<_> = (0..300).map(|_| quota.book(&limits, &ask(Urgency::Bulk), at(0), at(0))).collect();
    assert_eq!(slots[0], at(40_000_000));
    assert_eq!(gaps(&slots), [250; 299]);
}

#[test]
fn waiters_of_a_model_without_limits_come_apart_as_well() {
    let mut quota = Quota::default();
    let none = QuotaLimits::default();
    let slots: Vec<_> = (0..3).map(|_| quota.book(&none, &ask(Urgency::Bulk), at(30_000), at(0))).collect();
    assert_eq!(gaps(&slots), [10, 10]);
}

#[test]
fn bulk_leaves_room_for_the_many_of_a_more_urgent_lane() {
    let mut quota = Quota::default();
    let standard = book(&mut quota, Urgency::Standard, 40, at(30_000), at(0));
    let bulk = book(&mut quota, Urgency::Bulk, 1, at(35_000), at(0));
    assert_eq!(gaps(&[standard[39], bulk[0]]), [250]);
}

#[test]
fn waiters_are_expected_after_a_pause_in_which_nobody_came() {
    let (mut quota, _) = crowded(Urgency::Standard, 400);
    quota.pause(at(30_000), Denial::Paused);
    assert!(!is_granted(&mut quota, &ask(Urgency::Standard), at(34_000)));
    assert!(is_granted(&mut quota, &ask(Urgency::Standard), at(36_000)));
}

#[test]
fn a_batch_of_late_waiters_is_spread_over_the_next_moments() {
    let (mut quota, slots) = crowded(Urgency::Bulk, 40);
    let now = slots[20];
    let mut next = Vec::new();
    for slot in &slots[..12] {
        let late = waiter(Urgency::Bulk, *slot);
        if !is_granted(&mut quota, &late, now) {
            next.push(quota.book(&LIMITS, &late, now, now));
        }
    }
    assert_eq!(gaps(&next), [250; 6]);
    assert!(micros(next[6]) - micros(now) <= 2 * SECOND);
    // Those who come by then find the queue grown by as many.
    let end = book(&mut quota, Urgency::Bulk, 1, now, now);
    assert_eq!(gaps(&[slots[39], end[0]]), [8 * 250]);
}

#[test]
fn a_batch_that_is_too_large_goes_to_the_end_of_the_queue() {
    let (mut quota, slots) = crowded(Urgency::Bulk, 80);
    let now = slots[19];
    let mut next = Vec::new();
    for slot in &slots[..14] {
        let late = waiter(Urgency::Bulk, *slot);
        if !is_granted(&mut quota, &late, now) {
            next.push(quota.book(&LIMITS, &late, now, now));
        }
    }
    let soon = next.iter().filter(|slot| micros(**slot) - micros(now) <= 2 * SECOND).count();
    assert_eq!(soon, 7);
    assert!(next[soon] > slots[79]);
    assert_eq!(gaps(&next[soon..]), vec![250; next.len() - soon - 1]);
}

#[test]
fn a_punctual_waiter_whose_place_was_taken_goes_to_the_end_of_the_queue() {
    let (mut quota, slots) = crowded(Urgency::Bulk, 40);
    while is_granted(&mut quota, &ask(Urgency::Express), slots[0]) {}
    let displaced = waiter(Urgency::Bulk, slots[0]);
    assert!(!is_granted(&mut quota, &displaced, slots[0]));
    let next = quota.book(&LIMITS, &displaced, slots[0], slots[0]);
    assert_eq!(gaps(&[slots[39], next]), [250]);
}

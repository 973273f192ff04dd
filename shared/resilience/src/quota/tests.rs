//! Every rule of the quota, one at a time.

mod properties;
mod slots;
mod storms;
mod swarm;

use super::*;

const NOON: i64 = 1_790_000_000;
const MIDNIGHT: i64 = NOON + 43_200;

/// `ms` milliseconds after noon.
fn at(ms: i64) -> Timestamp {
    timestamp(NOON * SECOND + ms * 1_000)
}

fn rpm(limit: u64) -> QuotaLimits {
    QuotaLimits { requests_per_minute: Some(limit), ..QuotaLimits::default() }
}

fn rpd(limit: u64) -> QuotaLimits {
    QuotaLimits { requests_per_day: Some(limit), ..QuotaLimits::default() }
}

fn ask(urgency: Urgency) -> Ask {
    Ask { tokens: 1_000, urgency, slot: None, day_ends: timestamp(MIDNIGHT * SECOND) }
}

fn waiter(urgency: Urgency, slot: Timestamp) -> Ask {
    Ask { slot: Some(slot), ..ask(urgency) }
}

/// How many new arrivals of this lane are granted at once.
fn granted_at_once(quota: &mut Quota, limits: &QuotaLimits, urgency: Urgency, now: Timestamp) -> usize {
    (0..1_000).take_while(|_| quota.reserve(limits, &ask(urgency), now) == Reserve::Granted).count()
}

fn denied(quota: &mut Quota, limits: &QuotaLimits, ask: &Ask, now: Timestamp) -> (Timestamp, Denial) {
    match quota.reserve(limits, ask, now) {
        Reserve::Denied { at, why } => (at, why),
        Reserve::Granted => panic!("granted"),
    }
}

#[test]
fn burst_is_two_seconds_worth() {
    assert_eq!(granted_at_once(&mut Quota::default(), &rpm(240), Urgency::Express, at(0)), 8);
    assert_eq!(granted_at_once(&mut Quota::default(), &rpm(10), Urgency::Express, at(0)), 1);
    assert_eq!(granted_at_once(&mut Quota::default(), &rpm(10), Urgency::Bulk, at(0)), 1);
}

#[test]
fn the_last_part_of_the_day_is_kept_for_more_urgent_work() {
    let mut quota = Quota::default();
    let mut take = |urgency| granted_at_once(&mut quota, &rpd(100), urgency, at(0));
    assert_eq!(take(Urgency::Bulk), 60);
    assert_eq!(take(Urgency::Standard), 25);
    assert_eq!(take(Urgency::Express), 15);
    assert_eq!(denied(&mut quota, &rpd(100), &ask(Urgency::Bulk), at(0)).1, Denial::Day);
}

#[test]
fn rate_is_spent_evenly_after_the_burst() {
    let mut quota = Quota::default();
    granted_at_once(&mut quota, &rpm(240), Urgency::Express, at(0));
    assert_eq!(denied(&mut quota, &rpm(240), &ask(Urgency::Express), at(249)), (at(250), Denial::Minute));
    assert_eq!(granted_at_once(&mut quota, &rpm(240), Urgency::Express, at(250)), 1);
}

#[test]
fn less_urgent_lanes_leave_their_floors_of_the_burst() {
    let mut quota = Quota::default();
    assert_eq!(granted_at_once(&mut quota, &rpm(600), Urgency::Bulk, at(0)), 12);
    assert_eq!(granted_at_once(&mut quota, &rpm(600), Urgency::Standard, at(0)), 5);
    assert_eq!(granted_at_once(&mut quota, &rpm(600), Urgency::Express, at(0)), 3);
}

#[test]
fn a_waiters_turn_leaves_the_floor_of_bulk_intact() {
    let mut quota = Quota::default();
    let due = waiter(Urgency::Bulk, at(0));
    let granted = (0..99).take_while(|_| quota.reserve(&rpm(600), &due, at(0)) == Reserve::Granted).count();
    assert_eq!(granted, 12);
    assert_eq!(granted_at_once(&mut quota, &rpm(600), Urgency::Express, at(0)), 8);
}

#[test]
fn denial_changes_nothing() {
    let mut quota = Quota::default();
    granted_at_once(&mut quota, &rpm(60), Urgency::Standard, at(0));
    quota.book(&rpm(60), &ask(Urgency::Standard), at(0), at(0));
    let before = quota.clone();
    denied(&mut quota, &rpm(60), &ask(Urgency::Bulk), at(100));
    assert_eq!(quota, before);
}

#[test]
fn tokens_are_metered_beside_requests() {
    let limits = QuotaLimits { tokens_per_minute: Some(60_000), ..rpm(6_000) };
    let mut quota = Quota::default();
    assert_eq!(granted_at_once(&mut quota, &limits, Urgency::Express, at(0)), 2);
    assert_eq!(denied(&mut quota, &limits, &ask(Urgency::Express), at(0)).0, at(1_000));
}

#[test]
fn a_request_larger_than_the_burst_passes_at_rest_only() {
    let limits = QuotaLimits { tokens_per_minute: Some(60_000), ..QuotaLimits::default() };
    let large = Ask { tokens: 20_000, ..ask(Urgency::Express) };
    let mut quota = Quota::default();
    assert_eq!(granted_at_once(&mut quota, &limits, Urgency::Express, at(0)), 2);
    assert_eq!(denied(&mut quota, &limits, &large, at(1_999)), (at(2_000), Denial::Minute));
    assert_eq!(quota.reserve(&limits, &large, at(2_000)), Reserve::Granted);
    assert_eq!(denied(&mut quota, &limits, &ask(Urgency::Express), at(2_000)).0, at(21_000));
}

#[test]
fn settling_gives_back_what_was_not_used_and_adds_what_was() {
    let limits = QuotaLimits { tokens_per_minute: Some(60_000), ..QuotaLimits::default() };
    let large = Ask { tokens: 20_000, ..ask(Urgency::Express) };
    let mut quota = Quota::default();
    assert_eq!(quota.reserve(&limits, &large, at(0)), Reserve::Granted);
    quota.settle(&limits, 20_000, 5_000, at(1_000));
    assert_eq!(denied(&mut quota, &limits, &large, at(1_000)).0, at(5_000));
    assert_eq!(quota.reserve(&limits, &large, at(5_000)), Reserve::Granted);
    quota.settle(&limits, 20_000, 30_000, at(6_000));
    assert_eq!(denied(&mut quota, &limits, &large, at(6_000)).0, at(35_000));
}

#[test]
fn a_settlement_that_comes_twice_gives_nothing_back() {
    let limits = QuotaLimits { tokens_per_minute: Some(60_000), ..rpm(60) };
    let large = Ask { tokens: 20_000, ..ask(Urgency::Express) };
    let mut quota = Quota::default();
    assert_eq!(quota.reserve(&limits, &large, at(0)), Reserve::Granted);
    quota.settle(&limits, 20_000, 20_000, at(0));
    let settled = quota.clone();
    quota.settle(&limits, 20_000, 0, at(0));
    quota.refund(&limits, 20_000, at(0));
    assert_eq!(quota, settled);
}

#[test]
fn refund_lets_exactly_one_more_through() {
    let mut quota = Quota::default();
    granted_at_once(&mut quota, &rpm(240), Urgency::Express, at(0));
    quota.refund(&rpm(240), 1_000, at(0));
    assert_eq!(granted_at_once(&mut quota, &rpm(240), Urgency::Express, at(0)), 1);
}

#[test]
fn refund_to_a_meter_at_rest_earns_nothing() {
    let mut quota = Quota::default();
    assert_eq!(quota.reserve(&rpm(240), &ask(Urgency::Express), at(0)), Reserve::Granted);
    quota.refund(&rpm(240), 1_000, at(60_000));
    assert_eq!(granted_at_once(&mut quota, &rpm(240), Urgency::Express, at(60_000)), 8);
}

#[test]
fn reservations_that_were_never_settled_are_forgotten() {
    let mut quota = Quota::default();
    for n in 0..3 {
        assert_eq!(quota.reserve(&rpm(240), &ask(Urgency::Express), at(n * 1_000_000)), Reserve::Granted);
    }
    assert_eq!(quota.unsettled, Unsettled { requests: 1, tokens: 1_000 });
}

#[test]
fn day_ends_at_its_reset() {
    let mut quota = Quota::default();
    assert_eq!(granted_at_once(&mut quota, &rpd(3), Urgency::Express, at(0)), 3);
    let (reset, why) = denied(&mut quota, &rpd(3), &ask(Urgency::Express), at(1));
    assert_eq!((reset, why), (timestamp(MIDNIGHT * SECOND), Denial::Day));
    let tomorrow = Ask { day_ends: timestamp((MIDNIGHT + 86_400) * SECOND), ..ask(Urgency::Express) };
    assert_eq!(quota.reserve(&rpd(3), &tomorrow, reset), Reserve::Granted);
}

#[test]
fn refund_soon_after_the_reset_does_not_count_for_the_new_day() {
    let mut quota = Quota::default();
    let early = timestamp(MIDNIGHT * SECOND - 1);
    assert_eq!(quota.reserve(&rpd(2), &ask(Urgency::Bulk), early), Reserve::Granted);
    let tomorrow = Ask { day_ends: timestamp((MIDNIGHT + 86_400) * SECOND), ..ask(Urgency::Bulk) };
    let midnight = timestamp(MIDNIGHT * SECOND);
    assert_eq!(quota.reserve(&rpd(2), &tomorrow, midnight), Reserve::Granted);
    quota.refund(&rpd(2), 1_000, midnight);
    assert_eq!(quota.reserve(&rpd(2), &tomorrow, midnight), Reserve::Granted);
    assert_eq!(denied(&mut quota, &rpd(2), &tomorrow, midnight).1, Denial::Day);
}

#[test]
fn refund_later_in_the_day_gives_the_request_back() {
    let mut quota = Quota::default();
    assert_eq!(granted_at_once(&mut quota, &rpd(2), Urgency::Bulk, at(0)), 2);
    quota.refund(&rpd(2), 1_000, at(901_000));
    assert_eq!(granted_at_once(&mut quota, &rpd(2), Urgency::Bulk, at(901_000)), 1);
}

#[test]
fn a_day_that_has_ended_already_limits_all_the_same() {
    let mut quota = Quota::default();
    let stale = Ask { day_ends: at(-1_000), ..ask(Urgency::Bulk) };
    assert_eq!(quota.reserve(&rpd(1), &stale, at(0)), Reserve::Granted);
    assert_eq!(denied(&mut quota, &rpd(1), &stale, at(1_000)).1, Denial::Day);
}

#[test]
fn a_day_that_ends_in_years_is_not_believed() {
    let mut quota = Quota::default();
    let wrong = Ask { day_ends: at(365 * 86_400_000), ..ask(Urgency::Bulk) };
    assert_eq!(quota.reserve(&rpd(1), &wrong, at(0)), Reserve::Granted);
    assert_eq!(quota.reserve(&rpd(1), &ask(Urgency::Bulk), at(1)), Reserve::Granted);
    assert_eq!(denied(&mut quota, &rpd(1), &ask(Urgency::Bulk), at(1)).1, Denial::Day);
}

#[test]
fn longest_pause_wins_and_says_why() {
    let mut quota = Quota::default();
    quota.pause(at(30_000), Denial::Day);
    quota.pause(at(10_000), Denial::Paused);
    assert_eq!(denied(&mut quota, &rpm(60), &ask(Urgency::Express), at(29_999)), (at(30_000), Denial::Day));
    assert_eq!(quota.reserve(&rpm(60), &ask(Urgency::Express), at(30_000)), Reserve::Granted);
}

#[test]
fn limit_of_zero_lets_nothing_through() {
    let none = QuotaLimits { tokens_per_minute: Some(0), ..QuotaLimits::default() };
    for limits in [rpm(0), none, rpd(0)] {
        let (retry, _) = denied(&mut Quota::default(), &limits, &ask(Urgency::Express), at(0));
        assert!(retry >= at(3_600_000), "{retry}");
    }
}

#[test]
fn no_limits_deny_nothing_and_keep_no_meter() {
    let mut quota = Quota::default();
    assert_eq!(granted_at_once(&mut quota, &QuotaLimits::default(), Urgency::Bulk, at(0)), 1_000);
    quota.unsettled = Unsettled::default();
    assert_eq!(quota, Quota::default());
}

#[test]
fn a_meter_far_ahead_blocks_for_an_hour_at_most() {
    let mut quota: Quota = serde_json::from_str(r#"{"r":9000000000000000000}"#).unwrap();
    let (free, _) = denied(&mut quota, &rpm(60), &ask(Urgency::Express), at(0));
    assert!(free <= at(3_600_000), "{free}");
}

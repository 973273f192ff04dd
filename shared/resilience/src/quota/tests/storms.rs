//! Whole storms of tasks against one quota, in simulated time.

use super::swarm::{self, Swarm, between, most_within, tasks};
use crate::quota::*;

const MINUTE: i64 = 60 * SECOND;

fn rpm(limit: u64) -> QuotaLimits {
    QuotaLimits { requests_per_minute: Some(limit), ..QuotaLimits::default() }
}

#[test]
fn four_fleets_with_400_tasks_use_their_quota_and_no_more() {
    for urgency in [Urgency::Express, Urgency::Standard, Urgency::Bulk] {
        let mut swarm = Swarm::new(rpm(240), tasks(400, urgency, 0));
        swarm.whole_seconds = false;
        swarm.lateness = SECOND;
        swarm.clocks = vec![0, 40_000, -40_000, 15_000];
        let swarm = swarm.run(200);
        let grants = swarm.all_grants();
        let first_minute = between(&grants, 0, 60);
        assert!(first_minute >= 228, "{urgency:?}: {first_minute} of 240 in the first minute");
        assert!(most_within(&grants, MINUTE) <= 248, "{urgency:?}");
        assert_eq!(grants.len(), 400);
        assert_eq!(swarm.denials_at(0.99), 1, "{urgency:?}: granted at the first slot");
    }
}

#[test]
fn queues_that_count_whole_seconds_cost_no_second_denial() {
    for limit in [6, 10, 30, 60, 100, 240, 1_000, 6_000] {
        for urgency in [Urgency::Express, Urgency::Standard, Urgency::Bulk] {
            let waiting = usize::try_from(limit * 5 / 3).unwrap();
            let swarm = Swarm::new(rpm(limit), tasks(waiting, urgency, 0)).run(600);
            let grants = swarm.all_grants();
            let denials = swarm.denials_at(0.99);
            assert!(denials <= 1, "{limit} {urgency:?}: {denials} denials");
            assert_eq!(grants.len(), waiting);
            let minute = between(&grants, 0, 60) as f64;
            // At six a minute, a second of lateness is a tenth of a request.
            assert!(minute >= (limit as f64 * 0.95).floor(), "{limit} {urgency:?}: {minute}");
            let burst = usize::try_from((limit / 30).max(1)).unwrap();
            assert!(most_within(&grants, MINUTE) <= usize::try_from(limit).unwrap() + burst);
        }
    }
}

#[test]
fn tokens_are_the_limit_where_they_are_scarcer() {
    let limits = QuotaLimits { tokens_per_minute: Some(120_000), ..rpm(240) };
    let mut waiting = tasks(200, Urgency::Standard, 0);
    for (index, task) in waiting.iter_mut().enumerate() {
        task.tokens = [500, 1_000, 1_500, 9_000][index % 4];
    }
    let swarm = Swarm::new(limits, waiting).run(600);
    let mut used: Vec<(i64, u64)> =
        swarm.tasks.iter().filter_map(|task| Some((task.granted?, task.tokens))).collect();
    used.sort_unstable();
    assert_eq!(used.len(), 200);
    let last = used.last().unwrap().0;
    // 600,000 tokens at 2,000 a second take 300 s.
    assert!(last <= 300 * SECOND * 105 / 100, "{last}");
    assert!(swarm.denials_at(0.99) <= 2);
}

#[test]
fn a_queue_that_delivers_batches_keeps_more_than_half_of_the_rate() {
    // Batches of the 20 that five seconds let pile up: 5 are the burst of bulk, 7 more can wait two
    // seconds in place. Sent to the end of the queue, they would leave a quarter of the rate.
    let mut swarm = Swarm::new(rpm(240), tasks(400, Urgency::Bulk, 0));
    swarm.batches = Some(5 * SECOND);
    swarm.in_place = 2 * SECOND;
    let swarm = swarm.run(600);
    let grants = swarm.all_grants();
    assert!(between(&grants, 0, 60) >= 130, "{}", between(&grants, 0, 60));
    assert!(most_within(&grants, MINUTE) <= 248);
    assert_eq!(grants.len(), 400);
    assert!(swarm.denials_at(0.99) <= 3, "{}", swarm.denials_at(0.99));
}

#[test]
fn greed_gains_nothing_at_any_limit() {
    for limit in (1..130).chain([240, 999, 6_000]) {
        for urgency in [Urgency::Express, Urgency::Bulk] {
            let mut quota = Quota::default();
            let mut grants = Vec::new();
            for step in 0..2_600 {
                let time = step * SECOND / 20;
                let now = timestamp(swarm::START + time);
                let ask = Ask { tokens: 0, urgency, slot: Some(now), day_ends: now };
                while quota.reserve(&rpm(limit), &ask, now) == Reserve::Granted {
                    grants.push(time);
                }
            }
            let most = most_within(&grants, MINUTE) as u64;
            assert!(most <= limit + (limit / 30).max(1), "{most} of {limit} for {urgency:?}");
        }
    }
}

#[test]
fn express_starts_at_once_while_300_bulk_tasks_wait() {
    let mut all = tasks(300, Urgency::Bulk, 0);
    for second in 5..25 {
        all.extend(tasks(1, Urgency::Express, second * SECOND + 130_000));
    }
    let swarm = Swarm::new(rpm(240), all).run(200);
    for task in swarm.tasks.iter().filter(|task| task.urgency == Urgency::Express) {
        assert_eq!(task.granted, Some(task.arrives));
    }
    assert_eq!(swarm.grants(Urgency::Bulk).len(), 300);
    assert!(swarm.denials_at(0.99) <= 3, "{}", swarm.denials_at(0.99));
}

#[test]
fn express_starts_within_two_seconds_at_a_low_rate() {
    let mut all = tasks(60, Urgency::Bulk, 0);
    for second in (5..45).step_by(5) {
        all.extend(tasks(1, Urgency::Express, second * SECOND + 130_000));
    }
    let swarm = Swarm::new(rpm(60), all).run(200);
    for task in swarm.tasks.iter().filter(|task| task.urgency == Urgency::Express) {
        let waited = task.granted.unwrap() - task.arrives;
        assert!(waited <= 2 * SECOND, "{waited}");
    }
}

#[test]
fn standard_goes_before_bulk_that_came_first() {
    let mut all = tasks(200, Urgency::Bulk, 0);
    all.extend(tasks(100, Urgency::Standard, 10 * SECOND));
    let swarm = Swarm::new(rpm(240), all).run(200);
    let standard = swarm.grants(Urgency::Standard);
    assert_eq!(standard.len(), 100);
    let bulk = between(&swarm.grants(Urgency::Bulk), 11, 31);
    // Alone it would take 25 s: 80 of the rate's in 20 s.
    let first = between(&standard, 11, 31);
    assert!(first >= 60, "{first} beside {bulk}");
    assert!(standard[99] <= 45 * SECOND, "{}", standard[99]);
    let all = swarm.all_grants();
    assert!(between(&all, 0, 60) >= 228, "{}", between(&all, 0, 60));
    assert!(most_within(&all, MINUTE) <= 248);
}

#[test]
fn waiters_that_vanish_delay_the_others_by_seconds() {
    let mut all = tasks(300, Urgency::Standard, 0);
    for task in &mut all {
        task.vanishes = true;
    }
    all.extend(tasks(40, Urgency::Standard, 20 * SECOND));
    let swarm = Swarm::new(rpm(240), all).run(200);
    let late: Vec<i64> = swarm.tasks[300..].iter().map(|task| task.granted.unwrap()).collect();
    assert!(late.iter().all(|granted| *granted <= 32 * SECOND), "{late:?}");
}

#[test]
fn pause_releases_no_herd() {
    let mut swarm = Swarm::new(rpm(240), tasks(400, Urgency::Standard, 0));
    swarm.pause = Some((35 * SECOND, 5 * SECOND));
    let swarm = swarm.run(300);
    let grants = swarm.all_grants();
    assert_eq!(between(&grants, 6, 35), 0);
    assert_eq!(grants.len(), 400);
    assert!(swarm.denials_at(0.99) <= 3, "{}", swarm.denials_at(0.99));
    let later: Vec<i64> = swarm.asked.iter().copied().filter(|time| *time > 2 * SECOND).collect();
    assert!(most_within(&later, SECOND - 1) <= 8, "{}", most_within(&later, SECOND - 1));
    assert!(between(&grants, 35, 95) >= 228, "{}", between(&grants, 35, 95));
}

#[test]
fn reset_of_the_day_releases_no_herd() {
    // Standard work may use 100 of them.
    let limits = QuotaLimits { requests_per_day: Some(117), ..rpm(240) };
    let mut swarm = Swarm::new(limits, tasks(180, Urgency::Standard, 0));
    swarm.day_ends = 600 * SECOND;
    let swarm = swarm.run(900);
    let grants = swarm.all_grants();
    assert_eq!(between(&grants, 0, 600), 100);
    assert_eq!(grants.len(), 180);
    let later: Vec<i64> = swarm.asked.iter().copied().filter(|time| *time > 590 * SECOND).collect();
    assert!(most_within(&later, SECOND - 1) <= 8, "{}", most_within(&later, SECOND - 1));
    assert!(swarm.denials_at(0.99) <= 2, "{}", swarm.denials_at(0.99));
}

#[test]
fn state_of_a_crowd_is_small() {
    let mut all = tasks(300, Urgency::Bulk, 0);
    all.extend(tasks(300, Urgency::Standard, 0));
    all.extend(tasks(300, Urgency::Express, 0));
    let limits =
        QuotaLimits { tokens_per_minute: Some(1_000_000), requests_per_day: Some(10_000), ..rpm(240) };
    let mut swarm = Swarm::new(limits, all).run(5);
    for urgency in [Urgency::Express, Urgency::Standard, Urgency::Bulk] {
        let now = timestamp(swarm::START + 5 * SECOND);
        let later = timestamp(swarm::START + 3_600 * SECOND);
        let ask = Ask { tokens: 1_000, urgency, slot: None, day_ends: later };
        swarm.quota.book(&limits, &ask, later, now);
    }
    swarm.quota.pause(timestamp(swarm::START + 60 * SECOND), Denial::Paused);
    let json = serde_json::to_string(&swarm.quota).unwrap();
    assert!(json.len() <= 450, "{} bytes: {json}", json.len());
    assert_eq!(serde_json::from_str::<Quota>(&json).unwrap(), swarm.quota);
    assert_eq!(serde_json::to_string(&Quota::default()).unwrap(), "{}");
}

//! Every transition of the breaker, one at a time.

mod properties;
mod storms;

use super::*;

/// `ms` milliseconds after some noon.
fn at(ms: i64) -> Timestamp {
    timestamp(1_790_000_000 * SECOND + ms * 1_000)
}

const QUICK: Outcome = Outcome::Success { took: Duration::from_secs(2) };
const SLOW: Outcome = Outcome::Success { took: Duration::from_secs(61) };

fn policy() -> BreakerPolicy {
    BreakerPolicy::default()
}

fn pass(breaker: &mut Breaker, ms: i64) -> Pass {
    match breaker.admit(&policy(), at(ms)) {
        Admission::Pass(pass) => pass,
        Admission::Rejected { until } => panic!("rejected until {until}"),
    }
}

fn shut_until(breaker: &mut Breaker, ms: i64) -> Timestamp {
    match breaker.admit(&policy(), at(ms)) {
        Admission::Pass(_) => panic!("passed"),
        Admission::Rejected { until } => until,
    }
}

fn call(breaker: &mut Breaker, outcome: Outcome, ms: i64) -> Option<Transition> {
    let pass = pass(breaker, ms);
    breaker.settle(&policy(), pass, outcome, at(ms))
}

/// A breaker that opened at 0.
fn opened() -> Breaker {
    let mut breaker = Breaker::default();
    assert_eq!(call(&mut breaker, Outcome::Failure, 0), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 0), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 0), Some(Transition::Opened));
    breaker
}

/// How many pass at that moment.
fn passes(breaker: &mut Breaker, ms: i64) -> Vec<Pass> {
    std::iter::from_fn(|| match breaker.admit(&policy(), at(ms)) {
        Admission::Pass(pass) => Some(pass),
        Admission::Rejected { .. } => None,
    })
    .take(100)
    .collect()
}

#[test]
fn half_failures_of_the_minimum_open() {
    let mut breaker = Breaker::default();
    let mut last = None;
    for n in 0..10 {
        assert_eq!(last, None);
        last = call(&mut breaker, if n % 2 == 0 { QUICK } else { Outcome::Failure }, n * 100);
    }
    assert_eq!(last, Some(Transition::Opened));
}

#[test]
fn fewer_failures_than_half_do_not_open() {
    let mut breaker = Breaker::default();
    for n in 0..300 {
        let outcome = if n % 5 < 3 { QUICK } else { Outcome::Failure };
        assert_eq!(call(&mut breaker, outcome, n * 100), None);
    }
}

#[test]
fn failures_leave_the_window() {
    let mut breaker = Breaker::default();
    for n in 0..14 {
        call(&mut breaker, if n % 2 == 0 { Outcome::Failure } else { QUICK }, if n < 8 { 0 } else { 11_000 });
    }
    // 4 of the first 8 failed, 3 of the 6 eleven seconds later.
    assert!(matches!(breaker.phase, Phase::Closed(_)));
}

#[test]
fn three_in_a_row_open_below_the_minimum() {
    let mut breaker = Breaker::default();
    assert_eq!(call(&mut breaker, Outcome::Failure, 0), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 20_000), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 59_000), Some(Transition::Opened));
}

#[test]
fn three_in_a_row_must_come_within_a_minute() {
    let mut breaker = Breaker::default();
    assert_eq!(call(&mut breaker, Outcome::Failure, 0), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 40_000), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 61_000), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 99_000), Some(Transition::Opened));
}

#[test]
fn a_success_ends_the_row() {
    let mut breaker = Breaker::default();
    for n in 0..50 {
        let outcome = if n % 3 == 2 { QUICK } else { Outcome::Failure };
        assert_eq!(call(&mut breaker, outcome, n * 5_000), None);
    }
}

#[test]
fn a_row_within_a_busy_window_does_not_open() {
    let mut breaker = Breaker::default();
    for n in 0..10 {
        assert_eq!(call(&mut breaker, QUICK, n), None);
    }
    for n in 10..15 {
        assert_eq!(call(&mut breaker, Outcome::Failure, n), None);
    }
}

#[test]
fn half_of_twenty_slow_calls_open() {
    let mut breaker = Breaker::default();
    for n in 0..19 {
        let outcome = if n % 2 == 0 { QUICK } else { SLOW };
        assert_eq!(call(&mut breaker, outcome, n * 2_000), None);
    }
    assert_eq!(call(&mut breaker, SLOW, 38_000), Some(Transition::Opened));
}

#[test]
fn answers_after_25_seconds_open_nothing() {
    let mut breaker = Breaker::default();
    for n in 0..1_000 {
        let outcome = Outcome::Success { took: Duration::from_secs(25) };
        assert_eq!(call(&mut breaker, outcome, n * 300), None);
    }
    assert_eq!(breaker.generation, 0);
}

#[test]
fn neutral_outcomes_neither_open_nor_dilute() {
    let mut breaker = Breaker::default();
    for n in 0..100 {
        assert_eq!(call(&mut breaker, Outcome::Neutral, n), None);
    }
    for n in 100..102 {
        assert_eq!(call(&mut breaker, Outcome::Failure, n), None);
    }
    assert_eq!(call(&mut breaker, Outcome::Failure, 102), Some(Transition::Opened));
}

#[test]
fn nothing_passes_while_open_and_asking_changes_nothing() {
    let mut breaker = opened();
    let before = breaker.clone();
    assert_eq!(shut_until(&mut breaker, 0), at(30_000));
    assert_eq!(shut_until(&mut breaker, 29_999), at(30_000));
    assert_eq!(breaker, before);
}

#[test]
fn one_probe_for_the_fleet_then_two_then_four_then_eight() {
    let mut breaker = opened();
    for (wave, at_once) in [1, 2, 4, 8].into_iter().enumerate() {
        let ms = 30_000 + i64::try_from(wave).unwrap() * 1_000;
        let probes = passes(&mut breaker, ms);
        assert_eq!(probes.len(), at_once);
        assert!(probes.iter().all(Pass::is_probe));
        assert_eq!(shut_until(&mut breaker, ms), at(ms + 1_000));
        for (n, probe) in probes.iter().enumerate() {
            let last = wave == 3 && n == 7;
            let transition = breaker.settle(&policy(), *probe, QUICK, at(ms));
            assert_eq!(transition, last.then_some(Transition::Closed));
        }
    }
    assert!(!pass(&mut breaker, 40_000).is_probe());
}

#[test]
fn a_failed_probe_opens_again() {
    let mut breaker = opened();
    assert_eq!(call(&mut breaker, Outcome::Failure, 30_000), Some(Transition::Opened));
    assert_eq!(shut_until(&mut breaker, 30_001), at(60_000));
}

#[test]
fn a_failure_among_two_probes_opens_again() {
    let mut breaker = opened();
    assert_eq!(call(&mut breaker, QUICK, 30_000), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 30_000), Some(Transition::Opened));
}

#[test]
fn one_failure_in_seven_does_not_keep_it_from_closing() {
    let mut breaker = opened();
    for n in 0..15 {
        assert_eq!(call(&mut breaker, QUICK, 30_000), (n == 14).then_some(Transition::Closed));
        if n == 3 || n == 9 {
            assert_eq!(call(&mut breaker, Outcome::Failure, 30_000), None);
        }
    }
}

#[test]
fn half_of_a_later_wave_opens_again() {
    let mut breaker = opened();
    for _ in 0..3 {
        assert_eq!(call(&mut breaker, QUICK, 30_000), None);
    }
    assert_eq!(call(&mut breaker, Outcome::Failure, 30_000), None);
    assert_eq!(call(&mut breaker, Outcome::Failure, 30_000), Some(Transition::Opened));
}

#[test]
fn a_neutral_probe_makes_room_for_the_next() {
    let mut breaker = opened();
    for _ in 0..5 {
        assert_eq!(call(&mut breaker, Outcome::Neutral, 30_000), None);
    }
    assert_eq!(passes(&mut breaker, 30_000).len(), 1);
}

#[test]
fn a_probe_that_is_lost_makes_room_after_its_lease() {
    let mut breaker = opened();
    let lost = pass(&mut breaker, 30_000);
    shut_until(&mut breaker, 119_999);
    let second = pass(&mut breaker, 120_000);
    assert_ne!(lost, second);
    shut_until(&mut breaker, 120_001);
}

#[test]
fn a_probe_that_answers_after_its_lease_counts() {
    let mut breaker = opened();
    let late = pass(&mut breaker, 30_000);
    pass(&mut breaker, 120_000);
    assert_eq!(breaker.settle(&policy(), late, Outcome::Failure, at(121_000)), Some(Transition::Opened));
}

#[test]
fn outcomes_of_an_earlier_phase_do_not_count() {
    let mut breaker = Breaker::default();
    let early = passes(&mut breaker, 0);
    for _ in 0..3 {
        call(&mut breaker, Outcome::Failure, 0);
    }
    // While open, while half-open, and once closed again.
    assert_eq!(breaker.settle(&policy(), early[0], QUICK, at(1)), None);
    let probe = pass(&mut breaker, 30_000);
    assert_eq!(breaker.settle(&policy(), early[1], Outcome::Failure, at(30_001)), None);
    assert_eq!(breaker.settle(&policy(), early[2], QUICK, at(30_001)), None);
    assert_eq!(passes(&mut breaker, 30_002).len(), 0);
    assert_eq!(breaker.settle(&policy(), probe, QUICK, at(30_003)), None);
    for _ in 0..14 {
        call(&mut breaker, QUICK, 30_004);
    }
    for late in &early[3..20] {
        assert_eq!(breaker.settle(&policy(), *late, Outcome::Failure, at(31_000)), None);
    }
    assert!(matches!(breaker.phase, Phase::Closed(_)));
}

#[test]
fn an_end_in_years_is_not_believed() {
    let mut breaker: Breaker = serde_json::from_str(r#"{"s":{"o":9000000000000000000}}"#).unwrap();
    assert!(pass(&mut breaker, 0).is_probe());
}

#[test]
fn a_pass_survives_its_way_through_json() {
    let mut breaker = opened();
    let probe = pass(&mut breaker, 30_000);
    let json = serde_json::to_string(&probe).unwrap();
    assert_eq!(serde_json::from_str::<Pass>(&json).unwrap(), probe);
}

#[test]
fn policies_name_the_bound_that_does_not_hold() {
    let good = BreakerSpec::default();
    let error = |spec| BreakerPolicy::new(spec).unwrap_err().to_string();
    assert_eq!(BreakerPolicy::new(good).unwrap().spec(), &good);
    assert_eq!(
        error(BreakerSpec { error_rate: 0.0, ..good }),
        "`error_rate` of a breaker must be above 0 and at most 1, not 0"
    );
    assert_eq!(
        error(BreakerSpec { slow_rate: f64::NAN, ..good }),
        "`slow_rate` of a breaker must be above 0 and at most 1, not NaN"
    );
    assert_eq!(
        error(BreakerSpec { in_a_row: 11, ..good }),
        "`in_a_row` of a breaker must be from 1 to 10, not 11"
    );
    assert_eq!(
        error(BreakerSpec { open: Duration::ZERO, ..good }),
        "`open` of a breaker must be from 1 ms to 3600s, not 0ns"
    );
}

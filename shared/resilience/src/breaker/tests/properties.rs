//! What holds for the breaker whatever happens to it, and in whatever order.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::breaker::*;

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        any::<u64>().prop_map(|ms| Outcome::Success { took: Duration::from_millis(ms) }),
        Just(Outcome::Failure),
        Just(Outcome::Neutral),
    ]
}

/// Any number, with a liking for those that overflow.
fn odd() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), any::<i64>(), 0i64..100 * SECOND]
}

fn odd_state() -> impl Strategy<Value = Value> {
    let window = || {
        let buckets = prop::collection::vec((any::<u32>(), any::<u32>()), 0..20);
        (odd(), buckets).prop_map(|(newest, buckets)| json!({ "n": newest, "b": buckets }))
    };
    let row = prop::collection::vec(odd(), 0..20);
    let closed = (window(), window(), row).prop_map(|(e, s, r)| json!({ "c": { "e": e, "s": s, "r": r } }));
    let open = odd().prop_map(|until| json!({ "o": until }));
    let probes = (prop::collection::vec(odd(), 0..20), any::<[u32; 3]>())
        .prop_map(|(out, [w, s, f])| json!({ "h": { "o": out, "w": w, "s": s, "f": f } }));
    (prop_oneof![closed, open, probes], any::<u64>())
        .prop_map(|(phase, generation)| json!({ "g": generation, "s": phase }))
}

fn policies() -> impl Strategy<Value = BreakerPolicy> {
    let ms = || (1u64..=3_600_000).prop_map(Duration::from_millis);
    ((0.01f64..=1.0, 0.01f64..=1.0), (1u32.., 1u32..=10, 1u32..), (ms(), ms(), ms(), ms(), ms())).prop_map(
        |(rates, counts, times)| {
            BreakerPolicy::new(BreakerSpec {
                error_rate: rates.0,
                slow_rate: rates.1,
                min_calls: counts.0,
                in_a_row: counts.1,
                slow_calls: counts.2,
                window: times.0,
                row_window: times.1,
                slow: times.2,
                open: times.3,
                probe_lease: times.4,
            })
            .unwrap()
        },
    )
}

proptest! {
    #[test]
    fn every_state_and_every_time_is_survived(
        state in odd_state(),
        policy in policies(),
        calls in prop::collection::vec((odd(), odd(), outcome()), 1..60),
    ) {
        let mut breaker: Breaker = serde_json::from_value(state).unwrap();
        let mut passes = Vec::new();
        for (now, later, outcome) in calls {
            if let Admission::Pass(pass) = breaker.admit(&policy, timestamp(now)) {
                passes.push((pass, later, outcome));
            }
            if passes.len() > 3 {
                let (pass, later, outcome) = passes.swap_remove(0);
                breaker.settle(&policy, pass, outcome, timestamp(later));
            }
        }
        let json = serde_json::to_string(&breaker).unwrap();
        prop_assert_eq!(serde_json::from_str::<Breaker>(&json).unwrap(), breaker);
    }

    #[test]
    fn no_more_probes_are_out_than_the_wave_allows(
        calls in prop::collection::vec((0i64..5_000, any::<usize>(), outcome()), 1..200),
    ) {
        let policy = BreakerPolicy::default();
        let mut breaker = Breaker::default();
        let mut time = 0;
        let mut out: Vec<(Pass, i64)> = Vec::new();
        for (millis, which, outcome) in calls {
            time += millis * 1_000;
            if let Admission::Pass(pass) = breaker.admit(&policy, timestamp(time)) {
                out.push((pass, time));
            }
            let generation = breaker.generation;
            out.retain(|(pass, since)| pass.generation == generation && since + 90 * SECOND > time);
            if let Phase::HalfOpen(_) = breaker.phase {
                prop_assert!(out.len() <= 8, "{} probes", out.len());
            }
            if which % 3 > 0 && !out.is_empty() {
                let (pass, _) = out.swap_remove(which % out.len());
                breaker.settle(&policy, pass, outcome, timestamp(time));
            }
        }
    }

    #[test]
    fn a_service_that_is_well_is_always_reached_again(state in odd_state()) {
        let policy = BreakerPolicy::default();
        let mut breaker: Breaker = serde_json::from_value(state).unwrap();
        let mut closed = false;
        for second in 0..400 {
            let now = timestamp(1_790_000_000 * SECOND + second * SECOND);
            if let Admission::Pass(pass) = breaker.admit(&policy, now) {
                closed = !pass.is_probe();
                breaker.settle(&policy, pass, Outcome::Success { took: Duration::from_secs(1) }, now);
            }
        }
        prop_assert!(closed);
    }
}

//! Outages and noise in simulated time.

use crate::breaker::*;

const START: i64 = 1_790_000_000 * SECOND;

/// One call under way.
struct Call {
    ends: i64,
    pass: Pass,
    outcome: Outcome,
}

/// A fleet that calls a service through one breaker.
struct Fleet {
    breaker: Breaker,
    policy: BreakerPolicy,
    under_way: Vec<Call>,
    /// When calls passed, in microseconds.
    passed: Vec<i64>,
    /// What the breaker did, and when.
    transitions: Vec<(i64, Transition)>,
}

impl Fleet {
    fn new() -> Self {
        Self {
            breaker: Breaker::default(),
            policy: BreakerPolicy::default(),
            under_way: Vec::new(),
            passed: Vec::new(),
            transitions: Vec::new(),
        }
    }

    /// Somebody wants to call at `time`; the call would take `takes` microseconds.
    fn ask(&mut self, time: i64, takes: i64, outcome: Outcome) {
        self.settle_until(time);
        if let Admission::Pass(pass) = self.breaker.admit(&self.policy, timestamp(START + time)) {
            self.passed.push(time);
            self.under_way.push(Call { ends: time + takes, pass, outcome });
        }
    }

    fn settle_until(&mut self, time: i64) {
        self.under_way.sort_by_key(|call| call.ends);
        let ended = self.under_way.partition_point(|call| call.ends <= time);
        for call in self.under_way.drain(..ended) {
            let now = timestamp(START + call.ends);
            if let Some(transition) = self.breaker.settle(&self.policy, call.pass, call.outcome, now) {
                self.transitions.push((call.ends, transition));
            }
        }
    }
}

fn answer(takes: i64) -> Outcome {
    Outcome::Success { took: Duration::from_micros(takes.unsigned_abs()) }
}

#[test]
fn failures_of_15_percent_at_random_do_not_open() {
    let mut random = fastrand::Rng::with_seed(15);
    let mut fleet = Fleet::new();
    for n in 0..100_000 {
        let takes = random.i64(SECOND..8 * SECOND);
        let outcome = if random.f64() < 0.15 { Outcome::Failure } else { answer(takes) };
        fleet.ask(n * SECOND / 10, takes, outcome);
    }
    assert_eq!(fleet.transitions, []);
    assert_eq!(fleet.passed.len(), 100_000);
}

#[test]
fn breaker_closes_again_though_15_percent_fail_at_random() {
    let mut random = fastrand::Rng::with_seed(15);
    let mut closed = Vec::new();
    for _ in 0..200 {
        let mut fleet = Fleet::new();
        for n in 0..6_000 {
            let dead = n < 100;
            let outcome = if dead || random.f64() < 0.15 { Outcome::Failure } else { answer(SECOND) };
            fleet.ask(n * SECOND / 10, SECOND, outcome);
        }
        let at = fleet.transitions.iter().find(|(_, transition)| *transition == Transition::Closed);
        closed.push(at.map_or(600, |(at, _)| at / SECOND));
    }
    closed.sort_unstable();
    assert!(closed[100] <= 70, "half within {} s", closed[100]);
    assert!(closed[180] <= 200, "nine of ten within {} s", closed[180]);
}

#[test]
fn an_outage_of_a_minute_is_left_alone_and_its_end_is_found() {
    let mut random = fastrand::Rng::with_seed(60);
    let (down, up) = (20 * SECOND, 80 * SECOND);
    let mut fleet = Fleet::new();
    // A fleet of four, each asking five times a second: 20 a second.
    for n in 0..(150 * 20) {
        let time = n * SECOND / 20;
        let dead = (down..up).contains(&time);
        let takes = if dead { SECOND / 5 } else { random.i64(SECOND..3 * SECOND) };
        fleet.ask(time, takes, if dead { Outcome::Failure } else { answer(takes) });
    }
    let (opened, first) = fleet.transitions[0];
    assert_eq!(first, Transition::Opened);
    // Half of ten seconds' calls failed.
    assert!(opened - down <= 6 * SECOND, "{opened}");
    let to_the_dead = fleet.passed.iter().filter(|time| (opened..up).contains(*time)).count();
    assert!(to_the_dead <= 2, "{to_the_dead} calls");
    let back = fleet.passed.iter().find(|time| **time >= up).unwrap() - up;
    assert!(back <= 35 * SECOND, "{back}");
    let (closed, last) = *fleet.transitions.last().unwrap();
    assert_eq!(last, Transition::Closed);
    assert!(closed <= up + back + 12 * SECOND, "{closed}");
}

#[test]
fn probes_that_hang_cost_one_call_a_lease() {
    let mut fleet = Fleet::new();
    for n in 0..(600 * 20) {
        // Nothing ever answers: every call is lost, and none is settled.
        let takes = if n < 3 { 0 } else { 10_000 * SECOND };
        fleet.ask(n * SECOND / 20, takes, Outcome::Failure);
    }
    let (opened, _) = fleet.transitions[0];
    let after: Vec<i64> = fleet.passed.iter().filter(|time| **time > opened).map(|t| t / SECOND).collect();
    assert_eq!(after, [30, 120, 210, 300, 390, 480, 570]);
}

#[test]
fn state_of_a_busy_breaker_is_small() {
    let mut fleet = Fleet::new();
    let mut random = fastrand::Rng::with_seed(1);
    let mut largest = String::new();
    for n in 0..20_000 {
        let outcome = if random.f64() < 0.3 { Outcome::Failure } else { answer(70 * SECOND) };
        fleet.ask(n * SECOND / 20, SECOND, if n % 3 == 0 { answer(SECOND) } else { outcome });
        let json = serde_json::to_string(&fleet.breaker).unwrap();
        if json.len() > largest.len() {
            largest = json;
        }
    }
    assert!(largest.len() <= 350, "{} bytes: {largest}", largest.len());
    assert_eq!(serde_json::to_string(&Breaker::default()).unwrap(), r#"{}"#);
}

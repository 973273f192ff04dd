//! Breaker and quota together, through an outage, in simulated time: who is shut out books a slot
//! after the breaker's time, and the fleet comes back one after the other.

#![allow(clippy::unwrap_used)]

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use jiff::Timestamp;
use resilience::{
    Admission, Ask, Backoff, Breaker, BreakerPolicy, Outcome, Pass, Quota, QuotaLimits, Reserve, Transition,
    Urgency,
};

/// Microseconds.
const SECOND: i64 = 1_000_000;

const START: i64 = 1_790_000_000 * SECOND;
const DOWN: i64 = 20 * SECOND;
const UP: i64 = 80 * SECOND;
const LIMITS: QuotaLimits = QuotaLimits {
    requests_per_minute: Some(240),
    tokens_per_minute: None,
    requests_per_day: None,
    slack: Duration::ZERO,
};

/// What happens to a task next; times are microseconds after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Visit,
    /// The call that began then ends.
    End(i64),
}

#[derive(Default)]
struct Fleet {
    quota: Quota,
    breaker: Breaker,
    /// Per task: its slot, its failures, its pass while it calls.
    slots: Vec<Option<i64>>,
    failures: Vec<u32>,
    passes: Vec<Option<Pass>>,
    visits: Vec<i64>,
    calls: Vec<i64>,
    successes: Vec<i64>,
    opened: Option<i64>,
}

impl Fleet {
    fn run(tasks: usize, seconds: i64) -> Self {
        let mut fleet = Self {
            slots: vec![None; tasks],
            failures: vec![0; tasks],
            passes: vec![None; tasks],
            ..Self::default()
        };
        let mut random = fastrand::Rng::with_seed(3);
        let mut events: BinaryHeap<_> = (0..tasks).map(|task| Reverse((0, task, Event::Visit))).collect();
        while let Some(Reverse((time, task, event))) = events.pop() {
            if time > seconds * SECOND {
                break;
            }
            let next = match event {
                Event::Visit => fleet.visit(task, time),
                Event::End(began) => fleet.end(task, began, time, random.f64()),
            };
            events.extend(next.map(|(at, event)| Reverse((at, task, event))));
        }
        fleet
    }

    /// Asks breaker and quota in one change, as one conditional write does.
    fn visit(&mut self, task: usize, time: i64) -> Option<(i64, Event)> {
        self.visits.push(time);
        let now = timestamp(START + time);
        let mut breaker = self.breaker.clone();
        let pass = match breaker.admit(&BreakerPolicy::default(), now) {
            Admission::Rejected { until } => {
                return Some(self.wait(task, until.as_microsecond() - START, time));
            }
            Admission::Pass(pass) => pass,
        };
        if self.quota.reserve(&LIMITS, &self.ask(task), now) != Reserve::Granted {
            return Some(self.wait(task, time, time));
        }
        self.breaker = breaker;
        self.passes[task] = Some(pass);
        self.calls.push(time);
        let dead = (DOWN..UP).contains(&time);
        Some((time + if dead { SECOND / 5 } else { 2 * SECOND }, Event::End(time)))
    }

    fn end(&mut self, task: usize, began: i64, time: i64, draw: f64) -> Option<(i64, Event)> {
        let took = Duration::from_micros((time - began).unsigned_abs());
        let dead = (DOWN..UP).contains(&began);
        let outcome = if dead { Outcome::Failure } else { Outcome::Success { took } };
        let now = timestamp(START + time);
        self.quota.settle(&LIMITS, 1_000, 1_000, now);
        let pass = self.passes[task].take().unwrap();
        if self.breaker.settle(&BreakerPolicy::default(), pass, outcome, now) == Some(Transition::Opened) {
            self.opened.get_or_insert(time);
        }
        if !dead {
            self.successes.push(time);
            return None;
        }
        self.failures[task] += 1;
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(32)).unwrap();
        let delay = backoff.delay(self.failures[task], draw).as_micros();
        Some(self.wait(task, time + i64::try_from(delay).unwrap(), time))
    }

    /// Books, and comes back through a queue that counts whole seconds.
    fn wait(&mut self, task: usize, from: i64, time: i64) -> (i64, Event) {
        let (from, now) = (timestamp(START + from), timestamp(START + time));
        let slot = self.quota.book(&LIMITS, &self.ask(task), from, now).as_microsecond() - START;
        self.slots[task] = Some(slot);
        let delay = (slot - time + SECOND - 1).div_euclid(SECOND) * SECOND;
        (time + delay, Event::Visit)
    }

    fn ask(&self, task: usize) -> Ask {
        Ask {
            tokens: 1_000,
            urgency: Urgency::Standard,
            slot: self.slots[task].map(|slot| timestamp(START + slot)),
            day_ends: timestamp(START + 86_400 * SECOND),
        }
    }
}

#[test]
fn a_fleet_leaves_a_dead_service_alone_and_comes_back_without_a_herd() {
    let fleet = Fleet::run(400, 600);
    let opened = fleet.opened.unwrap();
    let to_the_dead = fleet.calls.iter().filter(|time| (opened..UP).contains(*time)).count();
    assert!(to_the_dead <= 3, "{to_the_dead}");
    let first = fleet.successes.iter().find(|time| **time > UP).unwrap();
    assert!(*first <= UP + 37 * SECOND, "{first}");
    assert_eq!(fleet.successes.len(), 400, "every task ends");
    // Four a second is the rate; nobody polls.
    let most = (0..600).map(|s| fleet.visits.iter().filter(|at| **at / SECOND == s).count()).skip(1).max();
    assert!(most <= Some(6), "{most:?}");
    assert!(fleet.visits.len() <= 1_200, "{}", fleet.visits.len());
    let last = fleet.successes.last().unwrap();
    // A hundred seconds of the rate, a minute of outage, and the way back.
    assert!(*last <= 180 * SECOND, "{last}");
}

/// The time so many microseconds after 1970.
fn timestamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap()
}

//! What holds for the quota whatever happens to it, and in whatever order.

use proptest::prelude::*;
use serde_json::json;

use crate::quota::*;

const START: i64 = 1_790_000_000 * SECOND;
const MINUTE: i64 = 60 * SECOND;

/// Something that happens to the quota.
#[derive(Debug, Clone)]
enum Event {
    /// A new arrival; it books when it is denied and `books`.
    Arrive {
        urgency: Urgency,
        tokens: u64,
        books: bool,
    },
    /// The waiter whose slot is next comes, if that has come.
    Come,
    /// The n-th of the calls under way ends, having used a share of its tokens.
    Settle {
        call: usize,
        percent: u64,
    },
    /// The n-th of the calls under way never reached the service.
    Refund {
        call: usize,
    },
    Pause {
        millis: i64,
    },
    /// Time passes.
    Pass {
        millis: i64,
    },
}

fn urgency() -> impl Strategy<Value = Urgency> {
    prop_oneof![Just(Urgency::Express), Just(Urgency::Standard), Just(Urgency::Bulk)]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (urgency(), 1u64..20_000, any::<bool>())
            .prop_map(|(urgency, tokens, books)| Event::Arrive { urgency, tokens, books }),
        6 => Just(Event::Come),
        2 => (any::<usize>(), 0u64..=100).prop_map(|(call, percent)| Event::Settle { call, percent }),
        1 => any::<usize>().prop_map(|call| Event::Refund { call }),
        1 => (0i64..10_000).prop_map(|millis| Event::Pause { millis }),
        6 => (0i64..2_000).prop_map(|millis| Event::Pass { millis }),
        1 => (0i64..90_000).prop_map(|millis| Event::Pass { millis }),
    ]
}

fn limits() -> impl Strategy<Value = QuotaLimits> {
    let day = proptest::option::of(0u64..40);
    (proptest::option::of(1u64..2_000), proptest::option::of(1_000u64..500_000), day).prop_map(
        |(requests_per_minute, tokens_per_minute, requests_per_day)| QuotaLimits {
            requests_per_minute,
            tokens_per_minute,
            requests_per_day,
            ..QuotaLimits::default()
        },
    )
}

/// What went through, as the service would count it.
#[derive(Debug, Default)]
struct Ledger {
    quota: Quota,
    now: i64,
    waiting: Vec<Ask>,
    under_way: Vec<(i64, u64)>,
    /// When, how many requests, how many tokens; negative when given back.
    book: Vec<(i64, i64, i64)>,
    /// By day: how many requests reached the service.
    days: std::collections::BTreeMap<i64, i64>,
}

/// The length of a day in these tests: short, so that there are several.
const DAY: i64 = 3_000 * SECOND;

impl Ledger {
    fn apply(&mut self, limits: &QuotaLimits, event: &Event) {
        let now = timestamp(START + self.now);
        match *event {
            Event::Arrive { urgency, tokens, books } => {
                let ask = Ask { tokens, urgency, slot: None, day_ends: now };
                self.ask(limits, ask, books);
            }
            Event::Come => self.come(limits),
            Event::Settle { call, percent } => {
                if let Some((_, tokens)) = self.pick(call) {
                    let used = tokens * percent / 100;
                    self.quota.settle(limits, tokens, used, now);
                    self.book.push((self.now, 0, -((tokens - used) as i64)));
                }
            }
            Event::Refund { call } => {
                if let Some((at, tokens)) = self.pick(call) {
                    self.quota.refund(limits, tokens, now);
                    self.book.push((self.now, -1, -(tokens as i64)));
                    *self.days.entry(at / DAY).or_default() -= 1;
                }
            }
            Event::Pause { millis } => {
                self.quota.pause(timestamp(START + self.now + millis * 1_000), Denial::Paused);
            }
            Event::Pass { millis } => {
                self.now += millis * 1_000;
                // No call outlives its invocation.
                self.under_way.retain(|(at, _)| *at + 900 * SECOND >= self.now);
            }
        }
    }

    fn pick(&mut self, call: usize) -> Option<(i64, u64)> {
        let count = self.under_way.len();
        (count > 0).then(|| self.under_way.swap_remove(call % count))
    }

    /// The waiter whose slot comes first; time passes until it does, if that is soon.
    fn come(&mut self, limits: &QuotaLimits) {
        self.waiting.sort_by_key(|ask| ask.slot);
        let Some(slot) = self.waiting.first().and_then(|ask| ask.slot) else { return };
        let wait = micros(slot) - START - self.now;
        if wait < 5 * SECOND {
            self.now += wait.max(0);
            let ask = self.waiting.remove(0);
            self.ask(limits, ask, true);
        }
    }

    fn ask(&mut self, limits: &QuotaLimits, mut ask: Ask, books: bool) {
        let now = timestamp(START + self.now);
        let today = self.now / DAY;
        ask.day_ends = timestamp(START + (today + 1) * DAY);
        match self.quota.reserve(limits, &ask, now) {
            Reserve::Granted => {
                self.under_way.push((self.now, ask.tokens));
                self.book.push((self.now, 1, ask.tokens as i64));
                *self.days.entry(today).or_default() += 1;
            }
            Reserve::Denied { at, .. } => {
                assert!(at >= now, "{at} is in the past");
                if books {
                    let slot = self.quota.book(limits, &ask, now, now);
                    assert_eq!(slot, at, "a denial names the next free slot");
                    self.waiting.push(Ask { slot: Some(slot), ..ask });
                }
            }
        }
    }

    /// The most that went through in any minute, less what was given back in it.
    fn most(&self, amount: impl Fn(&(i64, i64, i64)) -> i64) -> i64 {
        let mut most = 0;
        for (index, first) in self.book.iter().enumerate() {
            let mut sum = 0;
            for entry in self.book[index..].iter().take_while(|entry| entry.0 - first.0 <= MINUTE) {
                sum += amount(entry);
                most = most.max(sum);
            }
        }
        most
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_minute_and_no_day_exceeds_its_limit(limits in limits(), events in prop::collection::vec(event(), 1..300)) {
        let mut ledger = Ledger::default();
        for event in &events {
            ledger.apply(&limits, event);
        }
        if let Some(limit) = limits.requests_per_minute {
            let burst = (limit / 30).max(1);
            let most = ledger.most(|entry| entry.1);
            prop_assert!(most <= (limit + burst) as i64, "{most} requests in a minute");
        }
        if let Some(limit) = limits.tokens_per_minute {
            let largest = ledger.book.iter().map(|entry| entry.2).max().unwrap_or(0);
            // One call larger than the burst passes up to 1.5 s before the meter is at rest.
            let burst = (limit as i64 / 30).max(largest + limit as i64 * 3 / 120 + 1);
            let most = ledger.most(|entry| entry.2);
            prop_assert!(most <= limit as i64 + burst, "{most} tokens in a minute");
        }
        if let Some(limit) = limits.requests_per_day {
            let most = ledger.days.values().copied().max().unwrap_or(0);
            prop_assert!(most <= limit as i64, "{most} requests in a day");
        }
    }

    #[test]
    fn refunds_of_nothing_let_nothing_more_through(
        events in prop::collection::vec(event(), 1..100), bogus in 1usize..20,
    ) {
        let limits = QuotaLimits { requests_per_minute: Some(60), ..QuotaLimits::default() };
        let mut ledger = Ledger::default();
        for event in &events {
            ledger.apply(&limits, event);
        }
        while let Some((_, tokens)) = ledger.pick(0) {
            ledger.quota.settle(&limits, tokens, tokens, timestamp(START + ledger.now));
        }
        let settled = ledger.quota.clone();
        for _ in 0..bogus {
            ledger.quota.refund(&limits, 5_000, timestamp(START + ledger.now));
        }
        // Calls that ended without a word may be given back once; here there are none but those
        // that outlived their invocation.
        let forgotten = settled.unsettled.requests;
        let gained = settled.requests.rests_from() - ledger.quota.requests.rests_from();
        prop_assert!(gained <= forgotten as i64 * SECOND);
    }

    #[test]
    fn every_state_and_every_time_is_survived(
        state in odd_state(),
        limits in (any::<Option<u64>>(), any::<Option<u64>>(), any::<Option<u64>>()),
        calls in prop::collection::vec((0u8..6, urgency(), odd(), odd(), odd(), any::<u64>(), any::<u64>()), 1..40),
    ) {
        let limits = QuotaLimits {
            requests_per_minute: limits.0, tokens_per_minute: limits.1, requests_per_day: limits.2, ..QuotaLimits::default()
        };
        let mut quota: Quota = serde_json::from_value(state).unwrap();
        for (call, urgency, now, slot, day_ends, tokens, used) in calls {
            let (now, slot, day_ends) = (timestamp(now), timestamp(slot), timestamp(day_ends));
            let ask = Ask { tokens, urgency, slot: Some(slot).filter(|_| used % 2 == 0), day_ends };
            match call {
                0 | 1 => { let _ = quota.reserve(&limits, &ask, now); }
                2 => { quota.book(&limits, &ask, slot, now); }
                3 => quota.settle(&limits, tokens, used, now),
                4 => quota.refund(&limits, tokens, now),
                _ => quota.pause(slot, Denial::Day),
            }
        }
        let json = serde_json::to_string(&quota).unwrap();
        prop_assert!(json.len() < 700, "{}", json.len());
        prop_assert_eq!(serde_json::from_str::<Quota>(&json).unwrap(), quota);
    }
}

/// Any number, with a liking for those that overflow and those about now.
fn odd() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(i64::MIN),
        Just(i64::MAX),
        Just(0),
        any::<i64>(),
        (START - 10 * MINUTE)..(START + 10 * MINUTE),
    ]
}

fn odd_state() -> impl Strategy<Value = serde_json::Value> {
    let lane = (odd(), odd(), odd(), odd(), odd())
        .prop_map(|(a, b, c, d, e)| json!({ "n": [a, b], "f": [c, d], "l": e }));
    let counts = (any::<u64>(), any::<u64>(), any::<u64>());
    let times = prop::collection::vec(odd(), 6);
    (prop::collection::vec(lane, 3), counts, times).prop_map(|(lanes, counts, times)| {
        json!({
            "r": times[0], "t": times[1], "c": times[2],
            "d": [counts.0, times[3], times[4]],
            "p": [times[5], "m"],
            "w": lanes,
            "u": [counts.1, counts.2],
        })
    })
}

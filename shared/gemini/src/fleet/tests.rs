//! A fleet of 500 environments at 50,000 calls a minute of one model: DynamoDB takes about 1,000 write units a second on
//! one key (its documentation, "partition throughput"), one for each KiB, and writes that its condition refuses count.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::contract::watched_state::{StateCall, StateWatcher, WatchedState};
use domain::{Clock, Jitter, ModelLimits, StoreError, Timestamp, after, between};
use embedded::Embedded;
use resilience::{Ask, Outcome, Urgency};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Ended, FleetModel, Parked, Policy, Read, Shared, fresh_id};
use crate::budget::BudgetAccount;
use crate::cache::Digest;
use crate::config::Budgets;
use crate::failure::FailureClass;
use crate::signal::{Signal, Signals};

const ENVIRONMENTS: u32 = 500;
const PER_MINUTE: u64 = 50_000;
/// Calls that each environment has under way, and how long one takes: together 10 % more than the quota lets pass.
const AT_ONCE: usize = 11;
const CALL: Duration = Duration::from_secs(6);
const TOKENS: u64 = 1_000;
const SECONDS: u64 = 8;
const DAY: Duration = Duration::from_secs(36_000);
/// From a function to DynamoDB, and back again.
const WAY: Duration = Duration::from_millis(5);
/// Bytes of an item besides key and value: names of attributes, version, end, and the limits that a refusal teaches.
const ATTRIBUTES: usize = 200;

/// Whether a store makes the next write of this key and loses the answer.
type Loses = Box<dyn FnMut(&str) -> bool + Send>;
/// The way to a store that is far away, and the writes of each key by the second.
struct Counting {
    began: Instant,
    writes: Mutex<HashMap<(String, u64), u32>>,
    loses: Mutex<Loses>,
    is_lost: AtomicBool,
}

#[async_trait]
impl StateWatcher for Counting {
    async fn before(&self, call: StateCall, key: &str) -> Result<(), StoreError> {
        if call == StateCall::Swap {
            tokio::time::sleep(WAY).await;
            let second = self.began.elapsed().as_secs();
            *self.writes.lock().unwrap().entry((key.to_owned(), second)).or_default() += 1;
            self.is_lost.store(self.loses.lock().unwrap()(key), Ordering::Relaxed);
        }
        Ok(())
    }

    async fn after(&self, _: StateCall) -> Result<(), StoreError> {
        let lost = || Err(StoreError::unavailable("swap", "the answer was lost"));
        if self.is_lost.swap(false, Ordering::Relaxed) { lost() } else { Ok(()) }
    }
}

/// The most units that one key took in one second.
async fn hottest(state: &WatchedState<Counting>) -> u32 {
    let writes = state.watcher.writes.lock().unwrap().clone();
    let ((key, _), writes) = writes.into_iter().max_by_key(|(_, writes)| *writes).unwrap();
    let value = state.store.get(&key, start()).await.unwrap().unwrap().value.to_string();
    writes * u32::try_from((key.len() + value.len() + ATTRIBUTES).div_ceil(1_024)).unwrap()
}

/// A fixed course of numbers from 0 to 1 (Weyl's sequence of the golden ratio).
fn random() -> f64 {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    (f64::from(DRAWN.fetch_add(1, Ordering::Relaxed)) * 0.618_033_988_75).fract()
}

struct Fleet {
    shared: Shared,
    began: Instant,
    alone: AtomicU32,
    cents: AtomicU32,
    waited: Mutex<Vec<Duration>>,
}

impl Fleet {
    fn now(&self) -> Timestamp {
        after(start(), self.began.elapsed())
    }

    /// Calls one after the other, as an environment that always has work.
    async fn work(&self, model: &FleetModel, digest: &Digest) {
        let mut slot = None;
        loop {
            let now = self.now();
            let ask = Ask { tokens: TOKENS, urgency: Urgency::Express, slot, day_ends: after(now, DAY) };
            let asked = Instant::now();
            let mut admitted = match model.admit(&self.shared, ask, Some(digest), now, true).await {
                Ok(admitted) => admitted,
                Err(denied) => {
                    tokio::time::sleep(between(self.now(), denied.at).max(Duration::from_millis(5))).await;
                    slot = Some(denied.at);
                    continue;
                }
            };
            slot = None;
            self.waited.lock().unwrap().push(asked.elapsed());
            self.alone.fetch_add(u32::from(admitted.is_alone), Ordering::Relaxed);
            admitted.sent = true;
            tokio::time::sleep(self.shared.jitter.spread(CALL)).await;
            let (version, outcome) = (Some("gemini-3.8-flash".to_owned()), Outcome::Success { took: CALL });
            let read = Some(Read { digest: digest.clone(), version, implicit: Some(0.5) });
            let ended = Ended { outcome, took: CALL, read, ..Ended::UNKNOWN };
            admitted.settle(&self.shared, &Signals::none(), ended, self.now()).await;
        }
    }

    /// Makes calls that may cost 5 cents and cost 4, until there is no money.
    async fn spend(&self, account: &BudgetAccount) {
        let signals = Signals::none();
        loop {
            tokio::time::sleep(self.shared.jitter.spread(CALL)).await;
            let now = self.now();
            let reservation = account.open(&self.shared, &signals, "t", (now, after(now, CALL)));
            if reservation.cover(0.05, now).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            reservation.risk(0.04);
            self.cents.fetch_add(4, Ordering::Relaxed);
            reservation.close(self.now()).await;
        }
    }
}

fn fleet() -> (Arc<WatchedState<Counting>>, Arc<Fleet>) {
    let began = Instant::now();
    let store = Embedded::in_memory(Clock::fixed(start())).unwrap().stores().state;
    let (writes, loses) = (Mutex::default(), Mutex::new(Box::new(|_: &str| false) as _));
    let watcher = Counting { began, writes, loses, is_lost: AtomicBool::new(false) };
    let store = Arc::new(WatchedState { store, watcher });
    let shared = Shared { store: Arc::clone(&store) as _, jitter: Jitter::from_fn(random), fresh_id };
    let (alone, cents, waited) = Default::default();
    (store, Arc::new(Fleet { shared, began, alone, cents, waited }))
}

#[tokio::test(start_paused = true)]
async fn five_hundred_environments_stay_below_what_one_key_takes() {
    let (store, fleet) = fleet();
    let limits =
        ModelLimits { requests_per_minute: Some(PER_MINUTE), concurrency: 20_000, ..ModelLimits::default() };
    let mut running = JoinSet::new();
    for n in 0..ENVIRONMENTS {
        // The prompts of triage and of answers.
        let digest = Digest::numbered(n as usize % 2);
        let model =
            Arc::new(FleetModel::new("m", (0, ""), Policy::new("m", &limits, ENVIRONMENTS, 0).unwrap()));
        for _ in 0..AT_ONCE {
            let (fleet, model, digest) = (Arc::clone(&fleet), Arc::clone(&model), digest.clone());
            running.spawn(async move { fleet.work(&model, &digest).await });
        }
    }
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    running.abort_all();
    let mut waited = std::mem::take(&mut *fleet.waited.lock().unwrap());
    waited.sort_unstable();
    let (admitted, p99) = (waited.len() as u64, waited[waited.len() * 99 / 100]);
    let hottest = hottest(&store).await;
    // A burst of two seconds, and the rate.
    let most = PER_MINUTE * (SECONDS + 2) / 60;
    assert!((most * 85 / 100..=most).contains(&admitted), "{admitted} of {most}");
    let alone = fleet.alone.load(Ordering::Relaxed);
    assert!(u64::from(alone) * 1_000 <= admitted, "{alone} of {admitted} without the fleet's limits");
    assert!(hottest < 1_000, "{hottest} units a second");
    assert!(p99 < Duration::from_millis(500), "{p99:?}");
}

/// Environments that spend `usd` a day: what they spent within `time`, and the most units of one key in a second.
async fn spent_of(usd: f64, environments: u32, time: Duration) -> (f64, u32) {
    let (store, fleet) = fleet();
    let budgets = Budgets { per_day_usd: Some(usd), per_tenant_day_usd: None, ..Budgets::default() };
    let mut running = JoinSet::new();
    for _ in 0..environments {
        let account = Arc::new(BudgetAccount::new(budgets, environments));
        for _ in 0..AT_ONCE {
            let (fleet, account) = (Arc::clone(&fleet), Arc::clone(&account));
            running.spawn(async move { fleet.spend(&account).await });
        }
    }
    let all = async { while running.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(time, all).await;
    let cents = fleet.cents.load(Ordering::Relaxed);
    (f64::from(cents) / 100.0, hottest(&store).await)
}

#[tokio::test(start_paused = true)]
async fn a_days_budget_that_five_hundred_environments_share_stays_below_what_one_key_takes() {
    let (spent, hottest) = spent_of(50_000.0, ENVIRONMENTS, Duration::from_secs(15)).await;
    assert!(spent > 200.0, "{spent}");
    assert!(hottest < 1_000, "{hottest} units a second");
}

#[tokio::test(start_paused = true)]
async fn shards_spend_a_days_budget_and_no_more() {
    let (spent, _) = spent_of(200.0, 100, Duration::from_secs(3_600)).await;
    assert!((190.0..=200.0).contains(&spent), "{spent}");
}

/// An environment of the first of the two shards of $20.
fn in_first_shard() -> BudgetAccount {
    let budgets = Budgets { per_day_usd: Some(20.0), ..Budgets::default() };
    let mut drawn = std::iter::repeat_with(|| BudgetAccount::new(budgets, 11));
    drawn.find(|account| format!("{account:?}").contains("index: 0")).unwrap()
}

/// The first environment hears of its shard's block, or does not; others come, and every other write of the whole is heard.
#[tokio::test(start_paused = true)]
async fn a_block_whose_answer_was_lost_is_a_shards_once_and_no_other_takes_its_place() {
    const WHOLE: &str = "budget:2026-11-20";
    for (lost, is_first_heard) in [(format!("{WHOLE}#0"), false), (WHOLE.to_owned(), true)] {
        let ((store, fleet), signals, first, mut writes) = (fleet(), Signals::none(), in_first_shard(), 0);
        *store.watcher.loses.lock().unwrap() = Box::new(move |key| {
            writes += u32::from(key == lost);
            key == lost && if is_first_heard { writes > 2 && writes % 2 == 1 } else { writes == 2 }
        });
        let cover = async |account: &BudgetAccount| {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let now = fleet.now();
            let reservation = account.open(&fleet.shared, &signals, "t", (now, after(now, CALL)));
            reservation.cover(0.25, now).await.is_ok()
        };
        assert_eq!(cover(&first).await, is_first_heard);
        let mut covered = 0;
        for _ in 0..30 {
            covered += u32::from(cover(&in_first_shard()).await);
        }
        assert!(covered >= 24, "{covered}: the day's budget is used up by what was lost");
        *store.watcher.loses.lock().unwrap() = Box::new(|_| false);
        assert!(cover(&first).await && cover(&first).await);
        let value = async |key: &str| store.store.get(key, fleet.now()).await.unwrap().unwrap().value;
        let (whole, shard) = (value(WHOLE).await, value(&format!("{WHOLE}#0")).await);
        assert_eq!(whole["u"], shard["g"], "{whole} is given, {shard} is had");
    }
}

#[tokio::test(start_paused = true)]
async fn a_settlement_that_is_cut_off_at_one_budget_is_left_for_all() {
    let ((store, fleet), signals) = (fleet(), Signals::none());
    let budgets = Budgets { per_day_usd: Some(9.0), per_tenant_day_usd: Some(9.0), ..Budgets::default() };
    let account = BudgetAccount::new(budgets, 1);
    let reservation = account.open(&fleet.shared, &signals, "t", (start(), after(start(), CALL)));
    reservation.cover(0.05, start()).await.unwrap();
    tokio::time::timeout(WAY / 2, reservation.close(start())).await.unwrap_err();
    account.write_left(&fleet.shared, start(), CALL).await;
    for key in ["budget:2026-11-20", "budget:2026-11-20:t"] {
        let kept = store.store.get(key, start()).await.unwrap().unwrap().value;
        assert!(kept["u"] == 0 && kept["r"].is_null(), "{key}: {kept}");
    }
}

/// A fleet of 500 environments is in 32 parts. Each asks every ten seconds: of what is refused for an hour, one call
/// every three minutes goes out and not one of each part, and the first that is answered opens the way for all.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_tried_again_by_one_part_of_a_wide_fleet_for_all() {
    let (_, fleet) = fleet();
    let policy = || Policy::new("m", &ModelLimits::default(), ENVIRONMENTS, 0).unwrap();
    let parts: Vec<_> =
        (0..policy().shards).map(|n| FleetModel::in_shard(n, "m", (0, ""), policy())).collect();
    let told = Arc::new(AtomicU32::new(0));
    let alarms = Arc::clone(&told);
    let signals = Signals::to(move |signal| {
        alarms.fetch_add(u32::from(matches!(signal, Signal::Parked { .. })), Ordering::Relaxed);
    });
    let ask = async |part: &FleetModel, second: u64, is_refused: bool| {
        let now = after(start(), Duration::from_secs(second));
        let ask = Ask { tokens: TOKENS, urgency: Urgency::Express, slot: None, day_ends: after(now, DAY) };
        let mut admitted = match part.admit(&fleet.shared, ask, None, now, false).await {
            Ok(admitted) => admitted,
            Err(denied) => {
                part.next_slot(&fleet.shared, ask, Some(denied.at), now).await;
                return 0;
            }
        };
        admitted.sent = true;
        let class = if is_refused { FailureClass::AccountRefused } else { FailureClass::Stumbled };
        let parked = Parked::of(class, &part.policy.rules, "Leaked.".to_owned(), now);
        let outcome = if is_refused { Outcome::Neutral } else { Outcome::Success { took: CALL } };
        admitted.settle(&fleet.shared, &signals, Ended { outcome, parked, ..Ended::UNKNOWN }, now).await;
        1
    };
    let mut calls = [0; 3];
    for second in (0..=3_610_u64).step_by(10) {
        for part in &parts {
            calls[second.saturating_sub(3_590) as usize / 10] += ask(part, second, second < 3_600).await;
        }
    }
    assert_eq!((parts.len(), calls, told.load(Ordering::Relaxed)), (32, [20, 1, 32], 1));
}

fn start() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

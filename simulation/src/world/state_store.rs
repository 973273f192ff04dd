//! What processors share besides tasks: values, counters and leases.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::{Acquire, Expected, StateStore, StoreError, Swap, Timestamp, Versioned};
use serde_json::Value;

use super::history::FIGURES;
use super::ledger::{BUDGET, Budget, BudgetWrite};
use super::port::Operation;
use super::{Port, Ports, Purse, lock};

/// The name of a write by which a whole budget gives money to a shard.
pub(crate) const GIVE: &str = "give";
/// The name of a write of a shard's money.
pub(crate) const SPEND: &str = "spend";

/// The table.
#[derive(Default)]
pub(crate) struct Values(Mutex<Table>);

#[derive(Default)]
struct Table {
    values: BTreeMap<String, (Versioned, Timestamp)>,
    counters: BTreeMap<String, (i64, Timestamp)>,
    leases: BTreeMap<String, (String, Timestamp)>,
}

impl Values {
    /// The value at `key`, whoever may have forgotten it.
    pub(crate) fn value(&self, key: &str) -> Option<Value> {
        lock(&self.0).values.get(key).map(|(known, _)| known.value.clone())
    }

    /// All budgets by their keys, whoever may have forgotten them.
    pub(crate) fn budgets(&self) -> Vec<(String, Budget)> {
        let table = lock(&self.0);
        let budgets = table.values.iter().filter(|(key, _)| key.starts_with(BUDGET));
        budgets.map(|(key, (known, _))| (key.clone(), Budget::read(&known.value))).collect()
    }

    /// The ids of all reservations, of those that are over too.
    pub(crate) fn reservations(&self) -> Vec<String> {
        let table = lock(&self.0);
        let budgets = table.values.iter().filter(|(key, _)| key.starts_with(BUDGET));
        budgets.flat_map(|(_, (known, _))| ids(&known.value)).collect()
    }

    /// The leases that run at `now`.
    pub(crate) fn leases(&self, now: Timestamp) -> Vec<(String, Timestamp)> {
        let table = lock(&self.0);
        let running = table.leases.iter().filter(|(_, (_, until))| *until > now);
        running.map(|(key, (_, until))| (key.clone(), *until)).collect()
    }

    /// Nobody holds anything any more.
    pub(crate) fn void_leases(&self) {
        lock(&self.0).leases.clear();
    }

    fn get(&self, key: &str, now: Timestamp) -> Option<Versioned> {
        let table = lock(&self.0);
        table.values.get(key).filter(|(_, forget_at)| *forget_at > now).map(|(known, _)| known.clone())
    }

    fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Swap {
        let mut table = lock(&self.0);
        let known = table.values.get(key);
        let fresh = known.filter(|(_, forget_at)| *forget_at > now).map(|(known, _)| known);
        let fits = match expected {
            Expected::Absent => fresh.is_none(),
            Expected::Version(version) => fresh.is_some_and(|known| known.version == version),
        };
        if !fits {
            return Swap::Conflict(fresh.cloned());
        }
        // No version of a value comes again after it was forgotten.
        let first = u64::try_from(now.as_millisecond()).unwrap_or(1);
        let version = match (expected, known) {
            (Expected::Version(version), _) => version + 1,
            (Expected::Absent, Some((old, _))) => first.max(old.version + 1),
            (Expected::Absent, None) => first,
        };
        table.values.insert(key.to_owned(), (Versioned { value: value.clone(), version }, forget_at));
        Swap::Done(version)
    }

    fn add(&self, key: &str, amount: i64, now: Timestamp, forget_at: Timestamp) -> i64 {
        let mut table = lock(&self.0);
        let counter = table.counters.entry(key.to_owned()).or_insert((0, forget_at));
        if counter.1 <= now {
            counter.0 = 0;
        }
        *counter = (counter.0 + amount, forget_at);
        counter.0
    }

    fn acquire(&self, key: &str, owner: &str, now: Timestamp, until: Timestamp) -> Acquire {
        let mut table = lock(&self.0);
        match table.leases.get(key) {
            Some((other, held)) if other != owner && *held > now => Acquire::Busy { until: *held },
            _ => {
                table.leases.insert(key.to_owned(), (owner.to_owned(), until));
                Acquire::Held
            }
        }
    }

    fn release(&self, key: &str, owner: &str) {
        let mut table = lock(&self.0);
        if table.leases.get(key).is_some_and(|(holder, _)| holder == owner) {
            table.leases.remove(key);
        }
    }
}

/// The ids of the reservations in a budget.
fn ids(budget: &Value) -> impl Iterator<Item = String> {
    budget["r"].as_object().into_iter().flatten().map(|(id, _)| id.clone())
}

fn unavailable() -> StoreError {
    StoreError::unavailable("state", "the world is at fault")
}

impl Ports {
    /// As a swap, of the figures of a day.
    async fn count(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        mut run: impl FnMut() -> Swap,
    ) -> Result<Swap, StoreError> {
        let world = &self.world;
        world.troubles.owes_figures(self.env, true);
        let mut noted = None;
        let swap = || {
            let before = (expected != Expected::Absent).then(|| world.values.value(key)).flatten();
            let swap = run();
            if matches!(swap, Swap::Done(_)) {
                noted = Some(world.history().counted(before, value));
            }
            swap
        };
        let swapped = self.operate(Operation::write(Port::State, "swap", &key), swap, unavailable).await;
        if matches!(swapped, Ok(Swap::Done(_))) {
            world.troubles.owes_figures(self.env, false);
            world.history().counts_heard(noted);
        }
        swapped
    }

    /// Tells the ledger of a write, if it is a budget's.
    fn watch_budget(&self, key: &str, before: Option<&Value>, value: &Value, swap: &Swap) {
        if !key.starts_with(BUDGET) {
            return;
        }
        match swap {
            Swap::Done(version) => {
                let had = before.map_or(0, |before| Budget::read(before).spent);
                let spent = Budget::read(value).spent.saturating_sub(had);
                let write = BudgetWrite { env: self.env, key: key.to_owned(), version: *version, spent };
                self.world.reserved(self.env, ids(value));
                self.world.budget_written(write, value);
            }
            Swap::Conflict(Some(known)) => self.world.budget_refused(self.env, key, known.version),
            Swap::Conflict(None) => {}
        }
    }
}

#[async_trait]
impl StateStore for Ports {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
        let read = Operation::read(Port::State, "get value", &key);
        self.operate(read, || self.world.values.get(key, now), unavailable).await
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError> {
        let value = self.bugs().shared(key, value);
        let (credits_twice, mut raised) = (self.bugs().credits_twice(key), 0);
        let run = || {
            let is_watched = key.starts_with(BUDGET) && expected != Expected::Absent;
            let before = is_watched.then(|| self.world.values.value(key)).flatten();
            let mut value = value.clone();
            let again = if credits_twice { self.world.credit(self.env, key) } else { 0 };
            if again > 0 {
                value.to_mut()["g"] = (Budget::read(&value).granted + again).into();
            }
            let swap = self.world.values.swap(key, expected, &value, now, forget_at);
            self.watch_budget(key, before.as_ref(), &value, &swap);
            if credits_twice && matches!(swap, Swap::Done(_)) {
                let had = before.as_ref().map_or(0, |before| Budget::read(before).granted);
                raised = Budget::read(&value).granted.saturating_sub(had);
            } else if again > 0 {
                self.world.credit_again(self.env, key, again);
            }
            swap
        };
        if key.starts_with(FIGURES) {
            return self.count(key, expected, &value, run).await;
        }
        let name = match key.starts_with(BUDGET).then(|| self.world.purse(key)) {
            Some(Purse::Given) => GIVE,
            Some(Purse::Day) if key.contains('#') => SPEND,
            _ => "swap",
        };
        let swapped = self.operate(Operation::write(Port::State, name, &key), run, unavailable).await;
        if swapped.is_ok() {
            self.world.budget_heard(self.env, key);
        } else if raised > 0 {
            self.world.credit_again(self.env, key, raised);
        }
        swapped
    }

    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError> {
        let run = || self.world.values.add(key, amount, self.world.now(), forget_at);
        self.operate(Operation::write(Port::State, "add", &key), run, unavailable).await
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        let run = || self.world.values.acquire(key, owner, now, until);
        self.operate(Operation::write(Port::State, "acquire", &key), run, unavailable).await
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        let run = || self.world.values.release(key, owner);
        self.operate(Operation::write(Port::State, "release", &key), run, unavailable).await
    }
}

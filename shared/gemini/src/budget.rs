//! Budgets: money is set aside before a call and settled after it, so that no number of processors
//! spends more in a day than was allowed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{StoreError, Timestamp, after};
use serde::{Deserialize, Serialize};

use crate::config::Budgets;
use crate::failure::Failure;
use crate::fleet::{FleetCell, Shared, WhenCut, lock};
use crate::signal::{Signal, Signals};

/// A day's sums are kept for two more, for whoever looks.
const LIFE: Duration = Duration::from_secs(3 * 86_400);
/// From here on people are told.
const ALARM: f64 = 0.8;
const MICRO: f64 = 1e6;

/// What was spent and set aside in a day, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    #[serde(default, rename = "u")]
    micro_usd: u64,
}

/// The budgets that agent.toml sets, and what the fleet has spent and set aside of them today.
#[derive(Debug)]
pub(crate) struct BudgetAccount {
    limits: Budgets,
    sums: Mutex<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    day: String,
    by_key: HashMap<String, Arc<FleetCell<Spent>>>,
}

/// A budget that a call counts against.
#[derive(Debug)]
struct Budget {
    /// `day` or `tenant`.
    name: &'static str,
    limit: u64,
    spent: Arc<FleetCell<Spent>>,
}

/// Money set aside for one call of the chain. Dropped without [`Reservation::close`] (a panic, a
/// cancelled task), it gives back what was not spent with this environment's next write.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    shared: &'a Shared,
    signals: &'a Signals,
    budgets: Vec<Budget>,
    amounts: Mutex<Amounts>,
}

/// Millionths of a US dollar.
#[derive(Debug, Default)]
struct Amounts {
    reserved: u64,
    spent: u64,
}

impl BudgetAccount {
    pub(crate) fn new(limits: Budgets) -> Self {
        Self { limits, sums: Mutex::default() }
    }

    /// An empty reservation against the budgets of `tenant` on the day of `now`.
    pub(crate) fn open<'a>(
        &self,
        shared: &'a Shared,
        signals: &'a Signals,
        tenant: &str,
        now: Timestamp,
    ) -> Reservation<'a> {
        let mut budgets = Vec::new();
        let day = now.strftime("%Y-%m-%d").to_string();
        let budget = |name, key, usd| Budget { name, limit: micro(usd), spent: self.cell(&day, key) };
        if let Some(usd) = self.limits.per_day_usd {
            budgets.push(budget("day", format!("budget:{day}"), usd));
        }
        if let Some(usd) = self.limits.per_tenant_day_usd {
            budgets.push(budget("tenant", format!("budget:{day}:{tenant}"), usd));
        }
        Reservation { shared, signals, budgets, amounts: Mutex::default() }
    }

    fn cell(&self, day: &str, key: String) -> Arc<FleetCell<Spent>> {
        let mut sums = lock(&self.sums);
        if sums.day != day {
            *sums = Sums { day: day.to_owned(), by_key: HashMap::new() };
        }
        let cell = || Arc::new(FleetCell::new(key.clone(), LIFE));
        Arc::clone(sums.by_key.entry(key.clone()).or_insert_with(cell))
    }
}

impl Reservation<'_> {
    /// Makes sure that another `usd` may be spent.
    ///
    /// # Errors
    /// A budget is used up, or cannot be read: no money is spent unseen.
    pub(crate) async fn cover(&self, usd: f64, now: Timestamp) -> Result<(), Failure> {
        let missing = {
            let amounts = lock(&self.amounts);
            (amounts.spent + micro(usd)).saturating_sub(amounts.reserved)
        };
        self.reserve(missing, now).await
    }

    async fn reserve(&self, missing: u64, now: Timestamp) -> Result<(), Failure> {
        if missing == 0 || self.budgets.is_empty() {
            return Ok(());
        }
        for (index, budget) in self.budgets.iter().enumerate() {
            let taken = self.take(budget, missing, now).await;
            if let Err(failure) = taken {
                for earlier in &self.budgets[..index] {
                    earlier.give_back_later(missing);
                }
                return Err(failure);
            }
        }
        lock(&self.amounts).reserved += missing;
        Ok(())
    }

    /// Whether there is any budget to keep.
    pub(crate) fn is_bound(&self) -> bool {
        !self.budgets.is_empty()
    }

    /// Sets aside `usd` for something besides what is covered.
    ///
    /// # Errors
    /// As [`Reservation::cover`].
    pub(crate) async fn cover_besides(&self, usd: f64, now: Timestamp) -> Result<(), Failure> {
        self.reserve(micro(usd), now).await
    }

    async fn take(&self, budget: &Budget, amount: u64, now: Timestamp) -> Result<(), Failure> {
        let limit = budget.limit;
        let change = move |sum: &mut Spent| {
            let after = sum.micro_usd.saturating_add(amount);
            if after > limit {
                return Err(sum.micro_usd);
            }
            let before = std::mem::replace(&mut sum.micro_usd, after);
            Ok((before, after))
        };
        match budget.spent.change(self.shared, now, WhenCut::Repeat, change).await {
            Ok(Ok((before, after))) => {
                self.tell(budget, before, after);
                Ok(())
            }
            Ok(Err(spent)) => Err(used_up(budget, spent, amount, now)),
            Err(problem) => Err(unseen(&problem)),
        }
    }

    fn tell(&self, budget: &Budget, before: u64, after: u64) {
        let share = |sum| share(sum, budget.limit);
        self.signals.send(Signal::BudgetUsed { budget: budget.name, share: share(after) });
        if share(before) < ALARM && share(after) >= ALARM {
            let limit_usd = dollars(budget.limit);
            tracing::warn!(budget = budget.name, limit_usd, share = share(after), "budget nearly used up");
        }
    }

    /// `usd` were spent of what is covered.
    pub(crate) fn spend(&self, usd: f64) {
        lock(&self.amounts).spent += micro(usd);
    }

    /// Gives back what was not spent, or takes what was spent beyond it.
    pub(crate) async fn close(self, now: Timestamp) {
        let Amounts { reserved, spent } = std::mem::take(&mut *lock(&self.amounts));
        if reserved == spent {
            return;
        }
        for budget in &self.budgets {
            let change = move |sum: &mut Spent| settle(sum, reserved, spent);
            if let Err(problem) = budget.spent.change(self.shared, now, WhenCut::Drop, change).await {
                tracing::warn!(budget = budget.name, %problem, "budget not settled; what was not spent stays set aside");
            }
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let Amounts { reserved, spent } = std::mem::take(&mut *lock(&self.amounts));
        if reserved != spent {
            for budget in &self.budgets {
                budget.spent.later(move |sum| settle(sum, reserved, spent));
            }
        }
    }
}

impl Budget {
    fn give_back_later(&self, amount: u64) {
        self.spent.later(move |sum| settle(sum, amount, 0));
    }
}

fn settle(sum: &mut Spent, reserved: u64, spent: u64) {
    sum.micro_usd = sum.micro_usd.saturating_add(spent).saturating_sub(reserved);
}

fn used_up(budget: &Budget, spent: u64, amount: u64, now: Timestamp) -> Failure {
    let whose = if budget.name == "day" { "the day's budget" } else { "this tenant's budget for the day" };
    let key = if budget.name == "day" { "per_day_usd" } else { "per_tenant_day_usd" };
    let (limit, spent, amount) = (dollars(budget.limit), dollars(spent), dollars(amount));
    let message = if amount > limit {
        format!(
            "{whose} of ${limit:.2} is less than the ${amount:.4} that this one call may cost: raise [budget] {key} in agent.toml"
        )
    } else {
        format!(
            "{whose} of ${limit:.2} is used up (${spent:.4} spent or set aside, ${amount:.4} more needed); raise [budget] {key} in agent.toml, or wait for midnight UTC"
        )
    };
    Failure::over_budget(message, Some(next_midnight(now)))
}

fn unseen(problem: &StoreError) -> Failure {
    let message = format!("the budgets cannot be read, and no call is made without them: {problem}");
    Failure::over_budget(message, None)
}

fn next_midnight(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    let rest = 86_400 - second.rem_euclid(86_400);
    after(Timestamp::from_second(second).unwrap_or(now), Duration::from_secs(rest.unsigned_abs()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; prices are not negative"
)]
fn micro(usd: f64) -> u64 {
    (usd * MICRO).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "sums of money stay far below 2^52 millionths")]
fn dollars(micro: u64) -> f64 {
    micro as f64 / MICRO
}

fn share(sum: u64, limit: u64) -> f64 {
    dollars(sum) / dollars(limit.max(1))
}

//! Budgets: money is set aside before a call and settled after it, so that no number of processors
//! spends more in a day than was allowed.
//!
//! A reservation has an id, and ends by itself some minutes after the call's deadline: one that was
//! written although the caller heard nothing of it, or whose process died, locks no money for good. What
//! is set aside under an id is written as a whole, so a write that is repeated changes nothing.

mod bound;
mod short;
mod spent;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{StoreError, Timestamp, after};
use futures::future::join_all;

use crate::config::Budgets;
use crate::failure::{Failure, Helps, pacific};
use crate::fleet::{FleetCell, Shared, WhenCut, fresh_id, lock};
use crate::signal::Signals;
use bound::{Budget, Claim, Shard};
use short::Short;
use spent::{Spent, micro};

/// A day's sums are kept for two more, for whoever looks.
const LIFE: Duration = Duration::from_secs(3 * 86_400);

/// After a call's deadline, so long its reservation is kept: the clocks of a fleet differ.
const GRACE: Duration = Duration::from_secs(300);

/// Waits for money that calls under way have set aside: together no longer than any other wait in place.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
];
/// After these, the task waits about so long: calls under way have a time-out of a minute or two.
const SETTLES: Duration = Duration::from_secs(20);

/// The budgets that agent.toml sets, and what the fleet has spent and set aside of them today.
#[derive(Debug)]
pub(crate) struct BudgetAccount {
    limits: Budgets,
    shard: Option<Shard>,
    /// By key, those of the day and those of which something is still to be written.
    sums: Mutex<BTreeMap<String, Arc<FleetCell<Spent>>>>,
}

/// Money set aside for one call of the chain. Dropped without [`Reservation::close`] (a panic, a
/// cancelled task), it gives back what was not spent with this environment's next write.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    shared: &'a Shared,
    signals: &'a Signals,
    id: String,
    /// The second in which it ends by itself.
    until: i64,
    /// Whose money it is.
    account: &'static str,
    budgets: Vec<Budget>,
    amounts: Mutex<Amounts>,
}

/// Millionths of a US dollar.
#[derive(Debug, Default)]
struct Amounts {
    reserved: u64,
    /// What was spent, and what requests under way may cost.
    spent: u64,
}

/// What a request that was sent may cost, millionths of a US dollar, until it is known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AtRisk(u64);

impl BudgetAccount {
    /// For one of `environments`.
    pub(crate) fn new(limits: Budgets, environments: u32) -> Self {
        let shard = limits.per_day_usd.and_then(|usd| Shard::of(usd, environments));
        Self { limits, shard, sums: Mutex::default() }
    }

    /// An empty reservation against the budgets of `tenant` on the day of `now`, for a call that ends
    /// before `deadline`.
    pub(crate) fn open<'a>(
        &self,
        shared: &'a Shared,
        signals: &'a Signals,
        tenant: &str,
        (now, deadline): (Timestamp, Timestamp),
    ) -> Reservation<'a> {
        let mut budgets = Vec::new();
        let day = format!("budget:{}{}", self.limits.account, now.strftime("%Y-%m-%d"));
        if let Some(usd) = self.limits.per_day_usd {
            let whole = Budget::new("day", usd, self.cell(&day, ""));
            budgets.push(match self.shard {
                Some(shard) => whole.cut(shard, self.cell(&day, &format!("#{}", shard.index))),
                None => whole,
            });
        }
        if let Some(usd) = self.limits.per_tenant_day_usd {
            budgets.push(Budget::new("tenant", usd, self.cell(&day, &format!(":{tenant}"))));
        }
        let (id, until) = (format!("{:x}", fresh_id()), after(deadline, GRACE).as_second());
        let (account, amounts) = (self.limits.account, Mutex::default());
        Reservation { shared, signals, id, until, account, budgets, amounts }
    }

    /// As [`FleetCell::write_left`].
    pub(crate) async fn write_left(&self, shared: &Shared, now: Timestamp, patience: Duration) {
        let left: Vec<_> = lock(&self.sums).values().filter(|cell| cell.has_left()).cloned().collect();
        join_all(left.iter().map(|cell| cell.write_left(shared, now, patience))).await;
    }

    fn cell(&self, day: &str, of: &str) -> Arc<FleetCell<Spent>> {
        let (mut sums, key) = (lock(&self.sums), format!("{day}{of}"));
        if !sums.contains_key(&key) {
            sums.retain(|key, cell| key.starts_with(day) || Arc::strong_count(cell) > 1 || cell.has_left());
        }
        let cell = || Arc::new(FleetCell::strict(key.clone(), LIFE));
        Arc::clone(sums.entry(key.clone()).or_insert_with(cell))
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
        let had = lock(&self.amounts).reserved;
        // At once: whoever is cut off in the middle gives it back.
        lock(&self.amounts).reserved += missing;
        for (index, budget) in self.budgets.iter().enumerate() {
            let claim = Claim { id: &self.id, until: self.until, had, missing };
            if let Err(failure) = self.take(budget, claim, now).await {
                lock(&self.amounts).reserved = had;
                // Whose answer was lost may have been written too.
                for Budget { spent, .. } in &self.budgets[..=index] {
                    let (id, until) = (self.id.clone(), self.until);
                    spent.later(WhenCut::Repeat, move |sum| sum.set_aside(&id, had, until));
                }
                return Err(failure);
            }
        }
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

    /// Money that is only set aside comes back when the calls under way end, most of it: that is worth a moment, and
    /// then a short deferral. Money that is spent comes back at midnight.
    async fn take(&self, budget: &Budget, claim: Claim<'_>, now: Timestamp) -> Result<(), Failure> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let taken = budget.take(self.shared, self.signals, claim, now).await;
            let Err(short) = taken.map_err(|problem| unseen(&problem))? else { return Ok(()) };
            let pause = pauses.next().filter(|_| short.is_only_set_aside());
            let Some(pause) = pause else { return Err(self.refused(budget, short, now)) };
            tokio::time::sleep(self.shared.jitter.spread(pause)).await;
            // What this environment remembers to be set aside may be over: nobody is refused for it.
            budget.spent.forget().await;
        }
    }

    fn refused(&self, budget: &Budget, short: Short, now: Timestamp) -> Failure {
        let until = if short.is_only_set_aside() {
            after(now, self.shared.jitter.spread(SETTLES))
        } else {
            pacific::next_midnight_in(jiff::tz::TimeZone::UTC, now)
        };
        let failure = Failure::over_budget(short.told(budget.name, budget.limit, self.account), Some(until));
        // What no day's budget covers a cheaper model may.
        let helps = if short.needed > budget.limit { Helps::OtherModel } else { failure.helps };
        Failure { helps, ..failure }
    }

    /// A request goes out that may cost `usd`: so much is spent until [`Reservation::came_to`] says better.
    pub(crate) fn risk(&self, usd: f64) -> AtRisk {
        lock(&self.amounts).spent += micro(usd);
        AtRisk(micro(usd))
    }

    /// What was at risk came to `usd`.
    pub(crate) fn came_to(&self, AtRisk(risk): AtRisk, usd: f64) {
        let mut amounts = lock(&self.amounts);
        amounts.spent = amounts.spent.saturating_sub(risk).saturating_add(micro(usd));
    }

    /// Gives back what was not spent, or takes what was spent beyond it.
    pub(crate) async fn close(self, now: Timestamp) {
        if !self.settle_later() {
            return;
        }
        for Budget { name, spent, .. } in &self.budgets {
            if let Err(problem) = spent.change(self.shared, now, WhenCut::Forget, |_| ()).await {
                tracing::warn!(budget = name, %problem, "the budget is not settled yet; it is once the store answers");
            }
        }
    }

    /// Leaves the settlement of every budget to whoever writes next, since its own call may be cut off at any of them;
    /// `false` if there is nothing to settle.
    fn settle_later(&self) -> bool {
        let Amounts { reserved, spent } = std::mem::take(&mut *lock(&self.amounts));
        for budget in self.budgets.iter().filter(|_| reserved > 0 || spent > 0) {
            let id = self.id.clone();
            budget.spent.later(WhenCut::Repeat, move |sum| sum.settle(&id, spent));
        }
        reserved > 0 || spent > 0
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.settle_later();
    }
}

fn unseen(problem: &StoreError) -> Failure {
    let message = format!("the budgets cannot be read, and no call is made without them: {problem}");
    Failure::over_budget(message, None)
}

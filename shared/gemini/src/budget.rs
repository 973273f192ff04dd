//! Budgets: money is set aside before a call and settled after it, so that no number of processors
//! spends more in a day than was allowed.
//!
//! A reservation has an id, and ends by itself some minutes after the call's deadline: one that was
//! written although the caller heard nothing of it, or whose process died, locks no money for good. What
//! is set aside under an id is written as a whole, so a write that is repeated changes nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{StoreError, Timestamp, after};
use serde::{Deserialize, Serialize};

use crate::config::Budgets;
use crate::failure::Failure;
use crate::fleet::{FleetCell, Shared, WhenCut, fresh_id, lock};
use crate::signal::{Signal, Signals};

/// A day's sums are kept for two more, for whoever looks.
const LIFE: Duration = Duration::from_secs(3 * 86_400);
/// From here on people are told.
const ALARM: f64 = 0.8;
const MICRO: f64 = 1e6;

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

/// What was spent in a day, and what is set aside, in millionths of a US dollar.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    #[serde(default, rename = "u")]
    micro_usd: u64,
    /// By the reservation's id: how much, and until which second.
    #[serde(default, rename = "r", skip_serializing_if = "BTreeMap::is_empty")]
    reserved: BTreeMap<String, (u64, i64)>,
}

impl Spent {
    /// Spent and set aside at `now`, all but what `id` has.
    fn besides(&mut self, id: &str, now: Timestamp) -> u64 {
        self.reserved.retain(|_, (_, until)| *until > now.as_second());
        let others = self.reserved.iter().filter(|(other, _)| *other != id);
        others.fold(self.micro_usd, |sum, (_, (amount, _))| sum.saturating_add(*amount))
    }

    fn set_aside(&mut self, id: &str, amount: u64, until: i64) {
        match amount {
            0 => self.reserved.remove(id),
            _ => self.reserved.insert(id.to_owned(), (amount, until)),
        };
    }

    fn settle(&mut self, id: &str, spent: u64) {
        self.reserved.remove(id);
        self.micro_usd = self.micro_usd.saturating_add(spent);
    }
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
    id: String,
    /// The second in which it ends by itself.
    until: i64,
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
    pub(crate) fn new(limits: Budgets) -> Self {
        Self { limits, sums: Mutex::default() }
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
        let day = now.strftime("%Y-%m-%d").to_string();
        let budget = |name, key, usd| Budget { name, limit: micro(usd), spent: self.cell(&day, key) };
        if let Some(usd) = self.limits.per_day_usd {
            budgets.push(budget("day", format!("budget:{day}"), usd));
        }
        if let Some(usd) = self.limits.per_tenant_day_usd {
            budgets.push(budget("tenant", format!("budget:{day}:{tenant}"), usd));
        }
        let (id, until) = (format!("{:x}", fresh_id()), after(deadline, GRACE).as_second());
        Reservation { shared, signals, id, until, budgets, amounts: Mutex::default() }
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
        let had = lock(&self.amounts).reserved;
        for (index, budget) in self.budgets.iter().enumerate() {
            if let Err(failure) = self.take(budget, had, missing, now).await {
                // Whose answer was lost may have been written too.
                for budget in &self.budgets[..=index] {
                    let (id, until) = (self.id.clone(), self.until);
                    budget.spent.later(WhenCut::Repeat, move |sum| sum.set_aside(&id, had, until));
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

    /// Money that is only set aside comes back when the calls under way end, most of it: that is worth a moment, and
    /// then a short deferral. Money that is spent comes back at midnight.
    async fn take(&self, budget: &Budget, had: u64, missing: u64, now: Timestamp) -> Result<(), Failure> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let short = match self.try_take(budget, had, missing, now).await? {
                Ok(()) => return Ok(()),
                Err(short) => short,
            };
            let pause = pauses.next().filter(|_| short.is_only_set_aside(budget.limit));
            let Some(pause) = pause else { return Err(self.refused(budget, &short, now)) };
            tokio::time::sleep(self.shared.jitter.spread(pause)).await;
            // What this environment remembers may be over: nobody is refused for it.
            budget.spent.forget().await;
        }
    }

    async fn try_take(
        &self,
        budget: &Budget,
        had: u64,
        missing: u64,
        now: Timestamp,
    ) -> Result<Result<(), Short>, Failure> {
        let (limit, id, until) = (budget.limit, self.id.clone(), self.until);
        let change = move |sum: &mut Spent| {
            let others = sum.besides(&id, now);
            let (before, after) = (others.saturating_add(had), others.saturating_add(had + missing));
            if after > limit {
                return Err(Short { spent: sum.micro_usd, taken: before, needed: had + missing, missing });
            }
            sum.set_aside(&id, had + missing, until);
            Ok((before, after))
        };
        let taken = budget.spent.change(self.shared, now, WhenCut::Forget, change).await;
        Ok(taken.map_err(|problem| unseen(&problem))?.map(|(before, after)| self.tell(budget, before, after)))
    }

    fn refused(&self, budget: &Budget, short: &Short, now: Timestamp) -> Failure {
        let until = if short.is_only_set_aside(budget.limit) {
            after(now, self.shared.jitter.spread(SETTLES))
        } else {
            next_midnight(now)
        };
        Failure::over_budget(short.told(budget), Some(until))
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
        let Some(spent) = self.end() else { return };
        for budget in &self.budgets {
            let id = self.id.clone();
            let change = move |sum: &mut Spent| sum.settle(&id, spent);
            if let Err(problem) = budget.spent.change(self.shared, now, WhenCut::Repeat, change).await {
                tracing::warn!(budget = budget.name, %problem, "budget not settled yet; the next call does it");
            }
        }
    }

    /// What was spent; `None` if there is nothing to settle.
    fn end(&self) -> Option<u64> {
        let Amounts { reserved, spent } = std::mem::take(&mut *lock(&self.amounts));
        (reserved > 0 || spent > 0).then_some(spent)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let Some(spent) = self.end() else { return };
        for budget in &self.budgets {
            let id = self.id.clone();
            budget.spent.later(WhenCut::Repeat, move |sum| sum.settle(&id, spent));
        }
    }
}

/// Why a budget does not cover a call, in millionths of a US dollar.
#[derive(Debug, Clone, Copy)]
struct Short {
    /// Spent today.
    spent: u64,
    /// Spent today or set aside, this call's own part included.
    taken: u64,
    /// What the whole call may cost.
    needed: u64,
    /// What of that is not covered yet.
    missing: u64,
}

impl Short {
    fn is_only_set_aside(self, limit: u64) -> bool {
        self.spent.saturating_add(self.needed) <= limit
    }

    fn told(self, budget: &Budget) -> String {
        let (whose, key) = match budget.name {
            "day" => ("the day's budget", "per_day_usd"),
            _ => ("this tenant's budget for the day", "per_tenant_day_usd"),
        };
        let (limit, spent, missing) = (dollars(budget.limit), dollars(self.spent), dollars(self.missing));
        let set_aside = dollars(self.taken.saturating_sub(self.spent));
        if self.needed > budget.limit {
            format!(
                "{whose} of ${limit:.2} is less than the ${missing:.4} that this one call may cost: raise [budget] {key} in agent.toml"
            )
        } else if self.is_only_set_aside(budget.limit) {
            format!(
                "{whose} of ${limit:.2} is set aside for calls under way (${set_aside:.4}, and ${spent:.4} spent; ${missing:.4} more needed): it is asked for again when they have ended; [budget] {key} in agent.toml bounds them"
            )
        } else {
            format!(
                "{whose} of ${limit:.2} is used up (${spent:.4} spent, ${set_aside:.4} set aside, ${missing:.4} more needed); raise [budget] {key} in agent.toml, or wait for midnight UTC"
            )
        }
    }
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

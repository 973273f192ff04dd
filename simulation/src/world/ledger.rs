//! Money and quota, as the service counts them: against what the system has written down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{ServiceTier, Timestamp, between};
use gemini::wire::UsageMetadata;
use serde_json::Value;

use super::{EnvId, World, lock};

/// Whoever stood still has sent by then, or asks for another permit: longest between the two, with a state store that
/// is slow.
pub(crate) const ON_ITS_WAY: Duration = Duration::from_secs(10);
/// So long after the state store has failed it an environment may ask by itself: a second until it gives up, the five
/// that the store has to rest, and the way to the question.
const ALONE: Duration = Duration::from_secs(6).saturating_add(ON_ITS_WAY);

/// What the keys of budgets begin with.
pub(crate) const BUDGET: &str = "budget:";
/// So much of such a key names the day.
const DAY: usize = BUDGET.len() + "2026-11-20".len();
/// No output token costs more, US dollars for a million; nor does a token of a prompt.
const DEAREST: f64 = 18.0;

/// No call of a run costs so much, millionths of a US dollar: a shard with that on its way lacks nothing.
const A_CALL: u64 = 1_000_000;

/// So many writes back the model plane knows one of its own again whose answer was lost.
const REMEMBERED: u64 = 16;
/// A reservation outlives its call by five minutes. A process that stands still for longer in mid-call finds it gone:
/// the service has answered by then, and what that cost is written down when the process goes on.
const COVERED: Duration = Duration::from_secs(300);

/// Around the parts of a prompt there may be so many tokens more.
const TOKENS_AROUND: u64 = 1_000;

/// What the service knows.
#[derive(Default)]
pub(crate) struct Ledger {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    bills: u64,
    /// What requests under way cost, millionths of a US dollar.
    /// What each may cost, and when it was sent.
    under_way: BTreeMap<u64, (u64, Timestamp)>,
    /// What may have been written down as spent for all others, at most.
    most_spent: u64,
    /// Likewise once more, in the items of each kind.
    spent_again: BTreeMap<Purse, u64>,
    /// The shard in which each environment keeps its money: what its key ends with.
    shards: BTreeMap<EnvId, String>,
    /// What each shard was given, by its key.
    given: BTreeMap<String, u64>,
    /// By environment and key, what a planted bug gives a shard once more.
    credits: BTreeMap<(EnvId, String), u64>,
    /// What was billed.
    billed: u64,
    /// Writes of budgets of which their environments have not heard.
    unheard: Vec<BudgetWrite>,
    /// By the ids of reservations, who made them.
    reserved_by: BTreeMap<String, EnvId>,
    /// What each model was asked in each minute, when it was sent.
    asked: BTreeMap<(String, i64), Minute>,
    /// Requests of each model that each environment has under way.
    at_once: BTreeMap<(EnvId, String), u64>,
    /// Requests of each model on each day.
    asked_on: BTreeMap<(String, u64), u64>,
}

/// What was asked of a model in a minute. Of an environment that stood still a moment ago nobody knows when it had its
/// permit: its requests are not among these.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Minute {
    /// Requests.
    pub(crate) requests: Counted,
    /// Tokens of their prompts.
    pub(crate) tokens: Counted,
    /// Those of the longest prompt.
    pub(crate) longest: u64,
    /// The environments that may have asked alone.
    pub(crate) alone: BTreeSet<EnvId>,
}

/// So much of what a limit counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Of all environments.
    pub(crate) all: u64,
    /// Of those that certainly had asked the fleet.
    pub(crate) by_fleet: u64,
}

/// A request under way in an environment, until it is dropped.
pub(crate) struct UnderWay {
    ledger: Arc<Mutex<Inner>>,
    what: (EnvId, String),
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(calls) = lock(&self.ledger).at_once.get_mut(&self.what) {
            *calls = calls.saturating_sub(1);
        }
    }
}

/// A write of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BudgetWrite {
    /// Whose.
    pub(crate) env: EnvId,
    /// Of which budget.
    pub(crate) key: String,
    /// The version that it made.
    pub(crate) version: u64,
    /// What it wrote down as spent, millionths of a US dollar.
    pub(crate) spent: u64,
}

/// What one request costs, millionths of a US dollar. Dropped before its answer has arrived, nobody on our side knows
/// how much.
pub(crate) struct Bill {
    ledger: Arc<Mutex<Inner>>,
    number: u64,
    env: EnvId,
    /// When the request was made.
    opened: Timestamp,
    /// Its environment stood still a moment ago.
    is_late: bool,
    /// Its environment may have asked nobody.
    may_be_alone: bool,
    /// What it is taken for, at most.
    taken_for: u64,
    cost: u64,
}

impl Bill {
    /// The answer, which says what it cost, is there; or it is certain that it cost nothing.
    pub(crate) fn became_known(mut self) {
        self.taken_for = self.cost;
    }
}

impl Drop for Bill {
    fn drop(&mut self) {
        let mut inner = lock(&self.ledger);
        inner.under_way.remove(&self.number);
        inner.most_spent += self.taken_for;
        inner.billed += self.cost;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "prices are small and positive")]
fn micro(usd: f64) -> u64 {
    (usd * 1e6).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn dearest(tokens: u64) -> u64 {
    micro(tokens as f64 * DEAREST / 1e6)
}

impl World {
    /// A request of so many bytes, whose answer may have so many tokens, is on its way.
    pub(crate) fn open_bill(&self, env: EnvId, bytes: usize, output: u64) -> Bill {
        let (trouble, opened) = (self.troubles.of(env), self.now());
        let is_within =
            |time: Option<Timestamp>, span| time.is_some_and(|time| between(time, opened) <= span);
        let mut inner = lock(&self.ledger.inner);
        inner.bills += 1;
        Bill {
            ledger: Arc::clone(&self.ledger.inner),
            number: inner.bills,
            env,
            opened,
            is_late: is_within(trouble.still_until, ON_ITS_WAY),
            may_be_alone: is_within(trouble.state_at, ALONE),
            taken_for: dearest(bytes as u64 + TOKENS_AROUND + output),
            cost: 0,
        }
    }

    /// `env` has one more request to `model` under way, of those that it may have at once.
    pub(crate) fn under_way(&self, env: EnvId, model: &str) -> UnderWay {
        let what = (env, model.to_owned());
        let calls = {
            let mut inner = lock(&self.ledger.inner);
            let calls = inner.at_once.entry(what.clone()).or_default();
            *calls += 1;
            *calls
        };
        let limit = self.scenario.policy.concurrency.map_or(u64::MAX, u64::from);
        if calls > (limit / self.scenario.sharers()).max(1) {
            let what = format!("{} has {calls} calls of {model} under way", self.name_of(env));
            self.violated("no environment has more calls at once than its share", what);
        }
        UnderWay { ledger: Arc::clone(&self.ledger.inner), what }
    }

    /// The request has arrived at `model`, and is billed as `usage` says. What is set aside must cover what is under way.
    pub(crate) fn charge(&self, bill: &mut Bill, model: &str, version: &str, usage: &UsageMetadata) {
        let now = self.now();
        bill.cost = micro(
            usage
                .billed(ServiceTier::Standard)
                .and_then(|billed| prices::cost_usd(version, &billed, now))
                .unwrap_or_default(),
        );
        let under_way = {
            let mut inner = lock(&self.ledger.inner);
            inner.under_way.insert(bill.number, (bill.cost, bill.opened));
            if !bill.is_late {
                let minute = (model.to_owned(), bill.opened.as_second() / 60);
                let tokens = usage.prompt_token_count.unwrap_or_default();
                inner.asked.entry(minute).or_default().ask(bill, tokens);
            }
            *inner.asked_on.entry((model.to_owned(), self.time.day())).or_default() += 1;
            let covered = inner.under_way.values().filter(|(_, sent)| between(*sent, now) <= COVERED);
            covered.map(|(cost, _)| *cost).sum::<u64>()
        };
        for purse in self.purses() {
            let aside: u64 = self.budgets(purse).iter().map(|budget| budget.aside(None)).sum();
            if under_way > aside {
                let what = format!(
                    "requests under way cost {under_way} millionths, {aside} are set aside ({purse:?})"
                );
                self.violated("no call costs more than was set aside for it", what);
            }
        }
    }

    /// The kinds of money that are bounded.
    pub(crate) fn purses(&self) -> impl Iterator<Item = Purse> {
        let policy = &self.scenario.policy;
        let bounds = [(Purse::Day, policy.budget_cents), (Purse::Tenant, policy.tenant_cents)];
        bounds.into_iter().filter(|(_, cents)| cents.is_some()).map(|(purse, _)| purse)
    }

    /// All items of a kind.
    pub(crate) fn budgets(&self, purse: Purse) -> Vec<Budget> {
        let all = self.values.budgets().into_iter();
        all.filter(|(key, _)| self.purse(key) == purse).map(|(_, budget)| budget).collect()
    }

    /// What the item at the key of a budget keeps.
    pub(crate) fn purse(&self, key: &str) -> Purse {
        match key.get(DAY..).unwrap_or_default().chars().next() {
            None if self.scenario.is_in_shards() => Purse::Given,
            None | Some('#') => Purse::Day,
            Some(_) => Purse::Tenant,
        }
    }

    /// A batch of `env` was answered: whatever it had set aside and not used is given back, unless the state store failed
    /// it while it did that.
    pub(crate) fn batch_answered(&self, env: EnvId) {
        let trouble = self.troubles.of(env);
        let began = trouble.left_at.unwrap_or(self.now());
        if trouble.state_at.max(trouble.still_until) >= Some(began) {
            return;
        }
        let left: Vec<String> = {
            let (reservations, inner) = (self.values.reservations(), lock(&self.ledger.inner));
            reservations.into_iter().filter(|id| inner.reserved_by.get(id) == Some(&env)).collect()
        };
        if !left.is_empty() {
            let what = format!("{} has left {left:?}", self.name_of(env));
            self.violated("an answered batch leaves no money set aside", what);
        }
    }

    /// Those of `ids` that were not there before are `env`'s.
    pub(crate) fn reserved(&self, env: EnvId, ids: impl Iterator<Item = String>) {
        let mut inner = lock(&self.ledger.inner);
        ids.for_each(|id| {
            inner.reserved_by.entry(id).or_insert(env);
        });
    }

    /// A budget was written; whether `write`'s environment hears of it is open.
    pub(crate) fn budget_written(&self, write: BudgetWrite, value: &Value) {
        let key = write.key.clone();
        lock(&self.ledger.inner).unheard.push(write.clone());
        let (purse, policy) = (self.purse(&key), &self.scenario.policy);
        let cents = if purse == Purse::Tenant { policy.tenant_cents } else { policy.budget_cents };
        let limit = cents.map_or(u64::MAX, |cents| u64::from(cents) * 10_000);
        let items = self.values.budgets().into_iter().filter(|(other, _)| other.get(..DAY) == key.get(..DAY));
        let (shards, others): (Vec<_>, Vec<_>) = items.partition(|(other, _)| other.contains('#'));
        let sum = match key.contains('#') {
            true => shards.iter().map(|(_, shard)| shard.sum()).sum(),
            false => Budget::read(value).sum(),
        };
        if sum > limit {
            let what = format!("{key}: {sum} of {limit} millionths are spent or set aside");
            self.violated("no budget is exceeded", what);
        }
        if purse == Purse::Tenant || !self.scenario.is_in_shards() {
            return;
        }
        let given = others.iter().filter(|(other, _)| self.purse(other) == Purse::Given);
        let given: u64 = given.map(|(_, whole)| whole.spent).sum();
        let had: u64 = shards.iter().map(|(_, shard)| shard.granted).sum();
        if had > given {
            let what = format!("{key}: shards have {had} millionths, and were given {given}");
            self.violated("no budget is exceeded", what);
        }
        let Some(shard) = lock(&self.ledger.inner).shard_of(&write) else { return };
        let had = shards.iter().find(|(other, _)| *other == shard).map_or(0, |(_, shard)| shard.granted);
        let unheard = {
            let mut inner = lock(&self.ledger.inner);
            let given = inner.given.entry(shard.clone()).or_default();
            *given += write.spent;
            given.saturating_sub(write.spent).saturating_sub(had)
        };
        if write.spent > 0 && unheard >= A_CALL {
            let what =
                format!("{shard}: is given {} millionths more, and has not heard of {unheard}", write.spent);
            self.violated("what a shard was given is not lost", what);
        }
    }

    /// A write of `env` raised what a shard has by so much, and it heard nothing of it: the bug that is planted makes it
    /// give that once more.
    pub(crate) fn credit_again(&self, env: EnvId, key: &str, raised: u64) {
        *lock(&self.ledger.inner).credits.entry((env, key.to_owned())).or_default() += raised;
    }

    /// What that bug makes `env` give to the shard at `key`.
    pub(crate) fn credit(&self, env: EnvId, key: &str) -> u64 {
        lock(&self.ledger.inner).credits.remove(&(env, key.to_owned())).unwrap_or_default()
    }

    /// A write of `env` was refused, since the budget has `version`: those before it that nobody remembers any more
    /// are made again, which is on the safe side.
    pub(crate) fn budget_refused(&self, env: EnvId, key: &str, version: u64) {
        let mut inner = lock(&self.ledger.inner);
        let is_forgotten = |write: &mut BudgetWrite| {
            write.env == env && write.key == key && write.version + REMEMBERED <= version
        };
        let again: u64 = inner.unheard.extract_if(.., is_forgotten).map(|write| write.spent).sum();
        *inner.spent_again.entry(self.purse(key)).or_default() += again;
    }

    /// `env` has heard how the budget stands: what it wrote there is settled.
    pub(crate) fn budget_heard(&self, env: EnvId, key: &str) {
        lock(&self.ledger.inner).unheard.retain(|write| write.env != env || write.key != key);
    }

    /// What was asked of each model in each minute of the service's.
    pub(crate) fn minutes(&self) -> Vec<Minute> {
        lock(&self.ledger.inner).asked.values().cloned().collect()
    }

    /// Requests of each model on each day of the service's, at most.
    pub(crate) fn busiest_day(&self) -> u64 {
        lock(&self.ledger.inner).asked_on.values().copied().max().unwrap_or_default()
    }

    /// What was billed, millionths of a US dollar.
    pub(crate) fn billed(&self) -> u64 {
        lock(&self.ledger.inner).billed
    }

    /// The most that can have been written down as spent in the items of a kind, millionths of a US dollar.
    pub(crate) fn most_spent(&self, purse: Purse) -> u64 {
        let inner = lock(&self.ledger.inner);
        inner.most_spent + inner.spent_again.get(&purse).copied().unwrap_or_default()
    }
}

impl Inner {
    /// The key of the shard that `write` gives money to; `None` if it gives none.
    fn shard_of(&mut self, write: &BudgetWrite) -> Option<String> {
        match write.key.get(DAY..).filter(|end| !end.is_empty()) {
            Some(end) => {
                self.shards.insert(write.env, end.to_owned());
                None
            }
            None => Some(write.key.clone() + self.shards.get(&write.env)?),
        }
    }
}

impl Minute {
    fn ask(&mut self, bill: &Bill, tokens: u64) {
        for (asked, count) in [(&mut self.requests, 1), (&mut self.tokens, tokens)] {
            asked.all += count;
            asked.by_fleet += if bill.may_be_alone { 0 } else { count };
        }
        self.longest = self.longest.max(tokens);
        if bill.may_be_alone {
            self.alone.insert(bill.env);
        }
    }
}

/// What an item of the budgets keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purse {
    /// What calls spend and set aside of a day's money: all of it, or a shard's.
    Day,
    /// Likewise of a tenant's.
    Tenant,
    /// What shards were given of a day's.
    Given,
}

/// A budget as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) spent: u64,
    /// What a shard has been given.
    pub(crate) granted: u64,
    /// How much, and until which second.
    pub(crate) reserved: Vec<(u64, i64)>,
}

impl Budget {
    pub(crate) fn read(value: &Value) -> Self {
        let reserved = value["r"].as_object().into_iter().flatten();
        let reserved = reserved
            .map(|(_, one)| (one[0].as_u64().unwrap_or_default(), one[1].as_i64().unwrap_or_default()));
        let amount = |field: &str| value[field].as_u64().unwrap_or_default();
        Self { spent: amount("u"), granted: amount("g"), reserved: reserved.collect() }
    }

    /// Spent and set aside.
    fn sum(&self) -> u64 {
        self.spent + self.aside(None)
    }

    /// What is set aside; as of `now`, if that matters.
    pub(crate) fn aside(&self, now: Option<Timestamp>) -> u64 {
        let runs = |until: i64| now.is_none_or(|now| until > now.as_second());
        self.reserved.iter().filter(|(_, until)| runs(*until)).map(|(amount, _)| *amount).sum()
    }
}

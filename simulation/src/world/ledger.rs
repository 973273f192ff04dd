//! Money and quota, as the service counts them: against what the system has written down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{ServiceTier, Timestamp, between};
use gemini::wire::UsageMetadata;
use serde_json::Value;

use super::{EnvId, World, lock};

/// What the keys of budgets begin with.
pub(crate) const BUDGET: &str = "budget:";
/// No output token costs more, US dollars for a million; nor does a token of a prompt.
const DEAREST: f64 = 18.0;

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
    /// What was billed.
    billed: u64,
    /// Writes of budgets of which their environments have not heard.
    unheard: Vec<BudgetWrite>,
    /// Requests of each model in each minute.
    asked: BTreeMap<(String, i64), u64>,
    /// Requests of each model on each day.
    asked_on: BTreeMap<(String, u64), u64>,
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
    /// When the request was made.
    opened: Timestamp,
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
    pub(crate) fn open_bill(&self, bytes: usize, output: u64) -> Bill {
        let mut inner = lock(&self.ledger.inner);
        inner.bills += 1;
        let (number, taken_for) = (inner.bills, dearest(bytes as u64 + TOKENS_AROUND + output));
        Bill { ledger: Arc::clone(&self.ledger.inner), number, opened: self.now(), taken_for, cost: 0 }
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
            *inner.asked.entry((model.to_owned(), now.as_second() / 60)).or_default() += 1;
            *inner.asked_on.entry((model.to_owned(), self.time.day())).or_default() += 1;
            let covered = inner.under_way.values().filter(|(_, sent)| between(*sent, now) <= COVERED);
            covered.map(|(cost, _)| *cost).sum::<u64>()
        };
        let aside: u64 = self.values.budgets().iter().map(|budget| budget.aside(None)).sum();
        if under_way > aside && self.scenario.policy.budget_cents.is_some() {
            let what = format!("requests under way cost {under_way} millionths, {aside} are set aside");
            self.violated("no call costs more than was set aside for it", what);
        }
    }

    /// A budget was written; whether `write`'s environment hears of it is open.
    pub(crate) fn budget_written(&self, write: BudgetWrite, value: &Value) {
        let key = write.key.clone();
        lock(&self.ledger.inner).unheard.push(write);
        let budget = Budget::read(value);
        let sum = budget.spent + budget.aside(None);
        let limit = self.scenario.policy.budget_cents.map_or(u64::MAX, |cents| u64::from(cents) * 10_000);
        if sum > limit {
            let what = format!("{key}: {sum} of {limit} millionths are spent or set aside");
            self.violated("no budget is exceeded", what);
        }
    }

    /// A write of `env` was refused, since the budget has `version`: those before it that nobody remembers any more
    /// are made again, which is on the safe side.
    pub(crate) fn budget_refused(&self, env: EnvId, key: &str, version: u64) {
        let mut inner = lock(&self.ledger.inner);
        let is_forgotten = |write: &mut BudgetWrite| {
            write.env == env && write.key == key && write.version + REMEMBERED <= version
        };
        let again: u64 = inner.unheard.extract_if(.., is_forgotten).map(|write| write.spent).sum();
        inner.most_spent += again;
    }

    /// `env` has heard how the budget stands: what it wrote there is settled.
    pub(crate) fn budget_heard(&self, env: EnvId, key: &str) {
        lock(&self.ledger.inner).unheard.retain(|write| write.env != env || write.key != key);
    }

    /// Requests of each model in each minute of the service's, at most.
    pub(crate) fn busiest_minute(&self) -> u64 {
        lock(&self.ledger.inner).asked.values().copied().max().unwrap_or_default()
    }

    /// Requests of each model on each day of the service's, at most.
    pub(crate) fn busiest_day(&self) -> u64 {
        lock(&self.ledger.inner).asked_on.values().copied().max().unwrap_or_default()
    }

    /// What was billed, millionths of a US dollar.
    pub(crate) fn billed(&self) -> u64 {
        lock(&self.ledger.inner).billed
    }

    /// The most that can have been written down as spent, millionths of a US dollar.
    pub(crate) fn most_spent(&self) -> u64 {
        lock(&self.ledger.inner).most_spent
    }
}

/// A budget as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Budget {
    pub(crate) spent: u64,
    /// How much, and until which second.
    pub(crate) reserved: Vec<(u64, i64)>,
}

impl Budget {
    pub(crate) fn read(value: &Value) -> Self {
        let reserved = value["r"].as_object().into_iter().flatten();
        let reserved = reserved
            .map(|(_, one)| (one[0].as_u64().unwrap_or_default(), one[1].as_i64().unwrap_or_default()));
        Self { spent: value["u"].as_u64().unwrap_or_default(), reserved: reserved.collect() }
    }

    /// What is set aside; as of `now`, if that matters.
    pub(crate) fn aside(&self, now: Option<Timestamp>) -> u64 {
        let runs = |until: i64| now.is_none_or(|now| until > now.as_second());
        self.reserved.iter().filter(|(_, until)| runs(*until)).map(|(amount, _)| *amount).sum()
    }
}

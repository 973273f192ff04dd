//! [`Budget`]: one bound on a day's money, in one item or, in a large fleet, in shards.
//!
//! A shard is given money by the whole, a block at a time, and spends no more than that. What it was given counts
//! as spent of the whole: so the bound holds however many shards there are, and whenever their number changes. The
//! whole keeps how much each was given in all, and a shard has that much: heard twice, it is had once, and what a shard
//! has not heard of is handed over when it asks again, before it is given more.

use std::sync::Arc;

use domain::{StoreError, Timestamp};

use super::short::{Short, Turn};
use super::spent::{Spent, dollars, micro};
use crate::fleet::{FleetCell, Shared, WhenCut, fresh_id};
use crate::signal::{Signal, Signals};

/// From here on people are told.
const ALARM: f64 = 0.8;
/// An environment takes its shard by chance, and some shards have three times as many as others.
const ENVIRONMENTS: u32 = 10;
/// A smaller part of a day's budget is not worth an item: what rests in it when the day ends is spent by nobody.
const MIN_SHARD_USD: f64 = 10.0;
/// A block is this part of what a shard's even share of the rest would be: large at first, since each costs two
/// writes, and small in the end, when others want some too.
const PART: u64 = 8;
/// And it is enough for so many calls like the one that it is asked for.
const AT_LEAST: u64 = 8;

/// The part of the fleet that an environment is of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shard {
    pub(super) index: u32,
    of: u32,
}

impl Shard {
    /// A part of a fleet of `environments` with `usd` a day; `None` if one item is enough.
    pub(super) fn of(usd: f64, environments: u32) -> Option<Self> {
        let by_size = environments.div_ceil(ENVIRONMENTS);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let of = by_size.min((usd / MIN_SHARD_USD) as u32);
        (of > 1).then(|| Self { index: fresh_id() % of, of })
    }
}

/// A budget that a call counts against.
#[derive(Debug)]
pub(super) struct Budget {
    /// `day` or `tenant`.
    pub(super) name: &'static str,
    /// Millionths of a US dollar.
    pub(super) limit: u64,
    /// Where calls set money aside: the whole, or a shard of it.
    pub(super) spent: Arc<FleetCell<Spent>>,
    /// Where a shard has its money from.
    whole: Option<Whole>,
}

#[derive(Debug)]
struct Whole {
    spent: Arc<FleetCell<Spent>>,
    shard: Shard,
}

/// What the reservation `id` wants besides what it had, in millionths of a US dollar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) id: &'a str,
    /// The second from which on it counts as spent.
    pub(super) until: i64,
    pub(super) had: u64,
    pub(super) missing: u64,
}

impl Budget {
    pub(super) fn new(name: &'static str, usd: f64, spent: Arc<FleetCell<Spent>>) -> Self {
        Self { name, limit: micro(usd), spent, whole: None }
    }

    /// The same, with money set aside in the item of `shard`.
    pub(super) fn cut(self, shard: Shard, spent: Arc<FleetCell<Spent>>) -> Self {
        let whole = Some(Whole { spent: self.spent, shard });
        Self { spent, whole, ..self }
    }

    /// Sets aside what `claim` wants, or says what is short.
    pub(super) async fn take(
        &self,
        shared: &Shared,
        signals: &Signals,
        claim: Claim<'_>,
        now: Timestamp,
    ) -> Result<Result<(), Short>, StoreError> {
        let short = match self.set_aside(shared, claim, now).await? {
            Ok((before, after)) => {
                if self.whole.is_none() {
                    self.tell(signals, before, after);
                }
                return Ok(Ok(()));
            }
            Err(short) => short,
        };
        let Some(whole) = self.whole.as_ref().filter(|_| short.turn == Some(Turn::Ours)) else {
            return Ok(Err(short));
        };
        let (before, after, given) = self.grant(whole, shared, short, now).await?;
        self.tell(signals, before, after);
        if given <= short.limit {
            return Ok(Err(short));
        }
        let change = move |sum: &mut Spent| (sum.granted, sum.asked_until) = (sum.granted.max(given), 0);
        self.spent.change(shared, now, WhenCut::Repeat, change).await?;
        Ok(self.set_aside(shared, claim, now).await?.map(|_| ()))
    }

    /// What is spent and set aside before and after it.
    async fn set_aside(
        &self,
        shared: &Shared,
        Claim { id, until, had, missing }: Claim<'_>,
        now: Timestamp,
    ) -> Result<Result<(u64, u64), Short>, StoreError> {
        let (whole, is_shard, id) = (self.limit, self.whole.is_some(), id.to_owned());
        let change = move |sum: &mut Spent| {
            let limit = if is_shard { sum.granted } else { whole };
            let others = sum.besides(&id);
            let (before, after) = (others.saturating_add(had), others.saturating_add(had + missing));
            if after > limit {
                let turn = is_shard.then(|| sum.turn(now));
                let (spent, settled, needed) = (sum.spent(now), sum.micro_usd, had + missing);
                return Err(Short { limit, spent, settled, taken: before, needed, missing, turn });
            }
            sum.set_aside(&id, had + missing, until);
            Ok((before, after))
        };
        self.spent.change(shared, now, WhenCut::Forget, change).await
    }

    /// Spends a block of the whole for a shard that is `short`, or as much as there is above what it lacks; nothing if
    /// that is not there, or was given before. What was spent before and after it, and what the shard was given in all.
    async fn grant(
        &self,
        Whole { spent, shard: Shard { index, of } }: &Whole,
        shared: &Shared,
        short: Short,
        now: Timestamp,
    ) -> Result<(u64, u64, u64), StoreError> {
        let (limit, parts, index) = (self.limit, u64::from(*of) * PART, *index);
        let change = move |sum: &mut Spent| {
            let (before, given) = (sum.besides(""), sum.given(index).max(short.limit));
            let lacking = (short.taken + short.missing).saturating_sub(given);
            let rest = limit.saturating_sub(before);
            if !(1..=rest).contains(&lacking) {
                return (before, before, given);
            }
            let block = lacking.saturating_mul(AT_LEAST).max(rest / parts).min(rest);
            sum.give(index, block, given + block);
            (before, before + block, given + block)
        };
        spent.change(shared, now, WhenCut::Forget, change).await
    }

    fn tell(&self, signals: &Signals, before: u64, after: u64) {
        let share = |sum| dollars(sum) / dollars(self.limit.max(1));
        let (before, share, limit_usd) = (share(before), share(after), dollars(self.limit));
        signals.send(Signal::BudgetUsed { budget: self.name, share });
        if before < ALARM && share >= ALARM {
            tracing::warn!(budget = self.name, limit_usd, share, "the budget is nearly used up");
        }
    }
}

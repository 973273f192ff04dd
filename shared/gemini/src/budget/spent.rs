//! [`Spent`]: the sums of one budget and day.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::short::Turn;

const MICRO: f64 = 1e6;
/// Reservations of one budget: calls under way of a shard's environments, and those of the dead.
const MAX_RESERVED: usize = 2_000;
/// Milliseconds within which the whole has answered, or whoever asked it is gone.
const ASKING: u64 = 1_000;

/// What was spent in a day, and what is set aside, in millionths of a US dollar.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spent {
    #[serde(rename = "u")]
    pub(super) micro_usd: u64,
    /// What a shard was given of the whole.
    #[serde(default, rename = "g", skip_serializing_if = "is_none")]
    pub(super) granted: u64,
    /// What the whole has given to each shard, by its index. A write of the item costs by its size.
    #[serde(default, rename = "s", skip_serializing_if = "Vec::is_empty")]
    given: Vec<u64>,
    /// Until this millisecond somebody asks the whole for more.
    #[serde(default, rename = "a", skip_serializing_if = "is_none")]
    pub(super) asked_until: u64,
    /// By the reservation's id: how much, and from which second on it counts as spent. Whoever has it is gone by then, and
    /// what they asked for may have been answered; a late settlement still says better. Only who made it can tell that a
    /// call was never sent, before their batch is answered: a crash spends at most what its calls under way had set aside.
    #[serde(default, rename = "r", skip_serializing_if = "BTreeMap::is_empty")]
    reserved: BTreeMap<String, (u64, i64)>,
}

impl Spent {
    /// Spent and set aside, all but what `id` has.
    pub(super) fn besides(&self, id: &str) -> u64 {
        self.sum(|other, _| other != id)
    }

    /// Spent at `now`.
    pub(super) fn spent(&self, now: Timestamp) -> u64 {
        self.sum(|_, until| until <= now.as_second())
    }

    fn sum(&self, counts: impl Fn(&str, i64) -> bool) -> u64 {
        let counted = self.reserved.iter().filter(|(id, (_, until))| counts(id, *until));
        counted.fold(self.micro_usd, |sum, (_, (amount, _))| sum.saturating_add(*amount))
    }

    /// What the whole has given to the shard of this index.
    pub(super) fn given(&self, shard: u32) -> u64 {
        self.given.get(shard as usize).copied().unwrap_or_default()
    }

    /// Spends `block` for a shard, which has been given `total` with it.
    pub(super) fn give(&mut self, shard: u32, block: u64, total: u64) {
        self.micro_usd = self.micro_usd.saturating_add(block);
        let shard = shard as usize;
        self.given.resize(self.given.len().max(shard + 1), 0);
        self.given[shard] = total;
    }

    /// Whose turn it is to ask the whole for more: one environment at a time, or at midnight all would.
    pub(super) fn turn(&mut self, now: Timestamp) -> Turn {
        let now = u64::try_from(now.as_millisecond()).unwrap_or_default();
        if now < self.asked_until {
            return Turn::Another;
        }
        self.asked_until = now + ASKING;
        Turn::Ours
    }

    pub(super) fn set_aside(&mut self, id: &str, amount: u64, until: i64) {
        if self.reserved.len() > MAX_RESERVED {
            self.spend_oldest();
        }
        match amount {
            0 => self.reserved.remove(id),
            _ => self.reserved.insert(id.to_owned(), (amount, until)),
        };
    }

    /// The item stays small however many die in a day: nobody settles the oldest reservation of so many.
    fn spend_oldest(&mut self) {
        let oldest = self.reserved.iter().min_by_key(|(_, (_, until))| *until).map(|(id, _)| id.clone());
        if let Some((amount, _)) = oldest.and_then(|id| self.reserved.remove(&id)) {
            self.micro_usd = self.micro_usd.saturating_add(amount);
        }
    }

    pub(super) fn settle(&mut self, id: &str, spent: u64) {
        self.reserved.remove(id);
        self.micro_usd = self.micro_usd.saturating_add(spent);
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde asks for")]
fn is_none(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates; none is negative")]
pub(super) fn micro(usd: f64) -> u64 {
    (usd * MICRO).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "sums of money stay far below 2^52 millionths")]
pub(super) fn dollars(micro: u64) -> f64 {
    micro as f64 / MICRO
}

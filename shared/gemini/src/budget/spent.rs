//! [`Spent`]: the sums of one budget and day.

use std::collections::BTreeMap;

use domain::Timestamp;
use serde::{Deserialize, Serialize};

use super::short::Turn;

const MICRO: f64 = 1e6;
/// Milliseconds within which the whole has answered, or whoever asked it is gone.
const ASKING: u64 = 1_000;

/// What was spent in a day, and what is set aside, in millionths of a US dollar.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Spent {
    #[serde(default, rename = "u")]
    pub(super) micro_usd: u64,
    /// What a shard was given of the whole.
    #[serde(default, rename = "g", skip_serializing_if = "is_none")]
    pub(super) granted: u64,
    /// Until this millisecond somebody asks the whole for more.
    #[serde(default, rename = "a", skip_serializing_if = "is_none")]
    pub(super) asked_until: u64,
    /// By the reservation's id: how much, and until which second.
    #[serde(default, rename = "r", skip_serializing_if = "BTreeMap::is_empty")]
    reserved: BTreeMap<String, (u64, i64)>,
}

impl Spent {
    /// Spent and set aside at `now`, all but what `id` has.
    pub(super) fn besides(&mut self, id: &str, now: Timestamp) -> u64 {
        self.reserved.retain(|_, (_, until)| *until > now.as_second());
        let others = self.reserved.iter().filter(|(other, _)| *other != id);
        others.fold(self.micro_usd, |sum, (_, (amount, _))| sum.saturating_add(*amount))
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
        match amount {
            0 => self.reserved.remove(id),
            _ => self.reserved.insert(id.to_owned(), (amount, until)),
        };
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

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; prices are not negative"
)]
pub(super) fn micro(usd: f64) -> u64 {
    (usd * MICRO).ceil() as u64
}

#[expect(clippy::cast_precision_loss, reason = "sums of money stay far below 2^52 millionths")]
pub(super) fn dollars(micro: u64) -> f64 {
    micro as f64 / MICRO
}

pub(super) fn share(sum: u64, limit: u64) -> f64 {
    dollars(sum) / dollars(limit.max(1))
}

//! [`Quota`]: requests and tokens per minute and requests per day of one model, shared by a fleet.
//!
//! Two meters spend the rate evenly (GCRA, the "generic cell rate algorithm" of ATM networks); a
//! count limits the day. Whoever is denied books a *slot*, the time at which it comes back, so nobody
//! polls and nobody stampedes: slots are spaced by what each call costs.
//!
//! In any minute at most the limit and the burst are granted, whatever the order of calls: requests
//! exactly, tokens up to the size of one call larger than the burst, which passes at rest.

mod booked_slots;
mod day;
mod limits;
mod meter;
mod need;
mod pause;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{
    booked_slots::{BookedSlots, Slot},
    day::Day,
    meter::{Meter, Unsettled},
    need::Need,
    pause::Pause,
};
pub use self::{
    limits::{Ask, QuotaLimits, Urgency},
    pause::Denial,
};
use crate::{
    is_default,
    time::{SECOND, micros, timestamp},
};

/// How early a waiter may come: clocks of a fleet differ a little, and the meters judge him anyway.
const EARLY: i64 = SECOND / 10;
/// Queues count whole seconds: a waiter later than this was held up by something else.
const PUNCTUAL: i64 = SECOND * 3 / 2;
/// A waiter later than this has lost his turn: he is a new arrival.
const LATE: i64 = 300 * SECOND;
/// How long no call outlives: what is unsettled after so long a rest will never be settled.
const MAX_CALL: i64 = 900 * SECOND;

/// What is left of a model's quota, and who waits for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    #[serde(rename = "r", skip_serializing_if = "is_default")]
    requests: Meter,
    #[serde(rename = "t", skip_serializing_if = "is_default")]
    tokens: Meter,
    #[serde(rename = "d", skip_serializing_if = "is_default")]
    day: Day,
    #[serde(rename = "p", skip_serializing_if = "is_default")]
    pause: Pause,
    #[serde(rename = "w", skip_serializing_if = "is_default")]
    booked: BookedSlots,
    /// When a waiter last came: he proves that the others are still to be counted with.
    #[serde(rename = "c", skip_serializing_if = "is_default")]
    came: i64,
    #[serde(rename = "u", skip_serializing_if = "is_default")]
    unsettled: Unsettled,
}

/// The answer to an [`Ask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what was granted must be settled or refunded"]
pub enum Reserve {
    /// The call may start now; it must be settled or refunded.
    Granted,
    /// It may not.
    Denied {
        /// The next free slot as things stand; only [`Quota::book`] secures it.
        at: Timestamp,
        /// What is used up.
        why: Denial,
    },
}

impl Quota {
    /// Takes one request and its tokens, if they may start now. A denial changes nothing.
    pub fn reserve(&mut self, limits: &QuotaLimits, ask: &Ask, now: Timestamp) -> Reserve {
        let need = Need::of(limits, ask);
        let now = micros(now);
        if let Some(why) = self.denial(limits, &need, ask, now) {
            return Reserve::Denied { at: timestamp(self.free_slot(limits, &need, ask, now, now).at), why };
        }
        self.take(limits, &need, ask, now);
        Reserve::Granted
    }

    /// Books the next free slot at or after `from` in the lane of the ask: the time to come back at,
    /// as [`Ask::slot`].
    pub fn book(&mut self, limits: &QuotaLimits, ask: &Ask, from: Timestamp, now: Timestamp) -> Timestamp {
        let need = Need::of(limits, ask);
        let (from, now) = (micros(from), micros(now));
        let slot = self.free_slot(limits, &need, ask, from, now);
        self.booked = self.present_slots(now);
        self.booked.take(ask.urgency, slot, need.spacing(), now);
        if ask.slot.is_some() {
            self.came = now;
        }
        timestamp(slot.at)
    }

    /// Corrects a reservation once it is known what the call used: gives back the difference, or
    /// adds it. Gives back nothing that was not taken.
    pub fn settle(&mut self, limits: &QuotaLimits, reserved_tokens: u64, used_tokens: u64, now: Timestamp) {
        let now = micros(now);
        let taken = self.unsettled.close(reserved_tokens);
        let (reserved, used) = (limits.token_cost(reserved_tokens), limits.token_cost(used_tokens));
        if used >= reserved {
            self.tokens.add(used - reserved, now);
        } else {
            self.tokens.give_back((reserved - used).min(limits.token_cost(taken.tokens)), now);
        }
    }

    /// Gives back a reservation whose request never reached the service.
    pub fn refund(&mut self, limits: &QuotaLimits, reserved_tokens: u64, now: Timestamp) {
        let now = micros(now);
        let taken = self.unsettled.close(reserved_tokens);
        self.tokens.give_back(limits.token_cost(taken.tokens), now);
        if taken.requests > 0 {
            self.requests.give_back(limits.request_cost(), now);
            self.day.give_back(now);
        }
    }

    /// Grants nothing before `until`: the service said so. The longest pause wins.
    pub fn pause(&mut self, until: Timestamp, why: Denial) {
        self.pause.extend(micros(until), why);
    }

    /// Calls that were granted and have not ended.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.unsettled.requests
    }

    /// Counts a call that was made without asking, because this state could not be reached then: it is
    /// not settled.
    pub fn charge(&mut self, limits: &QuotaLimits, ask: &Ask, now: Timestamp) {
        self.spend(limits, &Need::of(limits, ask), ask, micros(now));
    }

    fn denial(&self, limits: &QuotaLimits, need: &Need, ask: &Ask, now: i64) -> Option<Denial> {
        if need.is_impossible() {
            return Some(Denial::Minute);
        }
        if let Some(why) = self.pause.holds(now) {
            return Some(why);
        }
        if self.day.used_up(limits.day_of(ask.urgency), micros(ask.day_ends), now).is_some() {
            return Some(Denial::Day);
        }
        let allowed = if is_due(ask, now) {
            need.waiter_passes(self.requests, self.tokens, now)
        } else {
            let ahead = self.present_slots(now).ahead(ask.urgency, now);
            need.newcomer_passes(self.requests, self.tokens, ahead, now)
        };
        (!allowed).then_some(Denial::Minute)
    }

    fn take(&mut self, limits: &QuotaLimits, need: &Need, ask: &Ask, now: i64) {
        if self.resting_since().saturating_add(MAX_CALL) < now {
            self.unsettled = Unsettled::default();
        }
        self.booked = self.present_slots(now);
        self.spend(limits, need, ask, now);
        self.unsettled.open(ask.tokens);
    }

    fn spend(&mut self, limits: &QuotaLimits, need: &Need, ask: &Ask, now: i64) {
        need.charge(&mut self.requests, &mut self.tokens, now);
        if limits.requests_per_day.is_some() {
            self.day.count(micros(ask.day_ends), now);
        }
    }

    fn free_slot(&self, limits: &QuotaLimits, need: &Need, ask: &Ask, from: i64, now: i64) -> Slot {
        let day = self.day.used_up(limits.day_of(ask.urgency), micros(ask.day_ends), now);
        let earliest = from.max(now).max(self.pause.until()).max(day.unwrap_or(now)).max(need.free_at(
            self.requests,
            self.tokens,
            now,
        ));
        let booked = self.present_slots(now);
        if is_late(ask, now) {
            booked.next_slot(ask.urgency, earliest, now)
        } else {
            booked.free_slot(ask.urgency, earliest, now)
        }
    }

    /// The waiters that are still to be counted with.
    fn present_slots(&self, now: i64) -> BookedSlots {
        self.booked.at(now, self.resting_since().max(self.pause.until()))
    }

    fn resting_since(&self) -> i64 {
        self.requests.rests_from().max(self.tokens.rests_from()).max(self.came)
    }
}

/// Whether the ask is a waiter's who came so late that others may have come with him.
fn is_late(ask: &Ask, now: i64) -> bool {
    is_due(ask, now) && ask.slot.is_some_and(|slot| now.saturating_sub(micros(slot)) > PUNCTUAL)
}

/// Whether the ask is a waiter's whose slot has come.
fn is_due(ask: &Ask, now: i64) -> bool {
    ask.slot
        .map(micros)
        .is_some_and(|slot| slot <= now.saturating_add(EARLY) && now.saturating_sub(slot) <= LATE)
}

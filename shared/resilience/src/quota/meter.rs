//! [`Meter`]: one rate, spent evenly (GCRA); [`Unsettled`]: what was taken and may be given back.

use serde::{Deserialize, Serialize};

use crate::time::SECOND;

/// The furthest a meter runs ahead of the present. A clock that is wrong, or a state that is, blocks
/// a model no longer than this.
pub(super) const HOUR: i64 = 3_600 * SECOND;

/// The "theoretical arrival time": when all that was taken will have been earned. In the past, the
/// meter is at rest and its burst is full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Meter(i64);

impl Meter {
    /// Whether something may start now, after `ahead` is taken by others, when the meter may run
    /// `tolerance` ahead of the present.
    pub(super) fn allows(self, ahead: i64, tolerance: i64, now: i64) -> bool {
        self.busy_until(now).saturating_add(ahead) <= now.saturating_add(tolerance)
    }

    /// When something with that tolerance may start.
    pub(super) fn free_at(self, tolerance: i64, now: i64) -> i64 {
        self.busy_until(now).saturating_sub(tolerance).max(now)
    }

    /// Since when, or from when, the meter is at rest.
    pub(super) fn rests_from(self) -> i64 {
        self.0
    }

    pub(super) fn charge(&mut self, cost: i64, now: i64) {
        self.0 = self.busy_until(now).saturating_add(cost);
    }

    /// Adds what a call used beyond its reservation: it was used when the call was made, so a meter
    /// that has rested since takes note of the remainder alone.
    pub(super) fn add(&mut self, cost: i64, now: i64) {
        self.0 = self.0.saturating_add(cost).min(now.saturating_add(HOUR));
    }

    /// Gives `cost` back; a meter at rest gains nothing by it.
    pub(super) fn give_back(&mut self, cost: i64, now: i64) {
        self.0 = self.0.saturating_sub(cost).max(self.0.min(now));
    }

    fn busy_until(self, now: i64) -> i64 {
        self.0.clamp(now, now.saturating_add(HOUR))
    }
}

/// Reservations that are neither settled nor refunded: no more than these can be given back, so a
/// settlement that comes twice lets nothing more through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u64, u64)", into = "(u64, u64)")]
pub(super) struct Unsettled {
    pub(super) requests: u64,
    pub(super) tokens: u64,
}

impl Unsettled {
    pub(super) fn open(&mut self, tokens: u64) {
        self.requests = self.requests.saturating_add(1);
        self.tokens = self.tokens.saturating_add(tokens);
    }

    /// Ends one reservation; what of it was in truth taken.
    pub(super) fn close(&mut self, tokens: u64) -> Self {
        let taken = Self { requests: self.requests.min(1), tokens: self.tokens.min(tokens) };
        self.requests -= taken.requests;
        self.tokens = if self.requests == 0 { 0 } else { self.tokens - taken.tokens };
        taken
    }
}

impl From<(u64, u64)> for Unsettled {
    fn from((requests, tokens): (u64, u64)) -> Self {
        Self { requests, tokens }
    }
}

impl From<Unsettled> for (u64, u64) {
    fn from(unsettled: Unsettled) -> Self {
        (unsettled.requests, unsettled.tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn giving_back_stops_at_the_present() {
        let mut meter = Meter(10 * SECOND);
        meter.give_back(4 * SECOND, 8 * SECOND);
        assert_eq!(meter, Meter(8 * SECOND));
        meter.give_back(4 * SECOND, 9 * SECOND);
        assert_eq!(meter, Meter(8 * SECOND));
    }

    #[test]
    fn what_was_used_long_ago_is_earned_already() {
        let mut meter = Meter(10 * SECOND);
        meter.add(4 * SECOND, 30 * SECOND);
        assert!(meter.allows(0, 0, 14 * SECOND));
        assert!(!meter.allows(0, 0, 13 * SECOND));
    }

    #[test]
    fn the_last_reservation_takes_what_is_left_with_it() {
        let mut unsettled = Unsettled::default();
        unsettled.open(100);
        unsettled.open(100);
        assert_eq!(unsettled.close(50), Unsettled { requests: 1, tokens: 50 });
        assert_eq!(unsettled.close(50), Unsettled { requests: 1, tokens: 50 });
        assert_eq!(unsettled, Unsettled::default());
        assert_eq!(unsettled.close(50), Unsettled::default());
    }
}

//! [`Need`]: what one call costs on both meters, and how far each may run ahead for it.

use super::{
    limits::{Ask, QuotaLimits, Urgency},
    meter::{HOUR, Meter},
};
use crate::time::SECOND;

/// Slots of a model without limits are this far apart: those who wait for a breaker must not come in
/// the same instant.
const MIN_SPACING: i64 = SECOND / 100;

/// What one call needs of one meter, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Draw {
    cost: i64,
    /// How far ahead of the present the meter may be for a new arrival: zero is "at rest".
    newcomer: i64,
    /// The same for one whose slot has come.
    waiter: i64,
}

impl Draw {
    /// `most` bounds what lateness may add.
    fn new(cost: i64, urgency: Urgency, most: i64) -> Self {
        let newcomer = (urgency.burst() - cost).max(0);
        Self { cost, newcomer, waiter: newcomer.max(urgency.lateness().min(most)) }
    }
}

/// What one call needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    requests: Option<Draw>,
    tokens: Option<Draw>,
    impossible: bool,
}

impl Need {
    pub(super) fn of(limits: &QuotaLimits, ask: &Ask) -> Self {
        let requests = limits.requests_per_minute.map(|_| {
            let cost = limits.request_cost();
            // Below a whole number of requests, lateness adds none to what a minute can hold.
            let burst = (Urgency::Express.burst() / cost.max(1)).max(1);
            Draw::new(cost, ask.urgency, cost.saturating_mul(burst) - 1)
        });
        let tokens =
            limits.tokens_per_minute.map(|_| Draw::new(limits.token_cost(ask.tokens), ask.urgency, HOUR));
        let impossible = limits.requests_per_minute == Some(0) || limits.tokens_per_minute == Some(0);
        Self { requests, tokens, impossible }
    }

    /// A limit of zero: no waiting helps.
    pub(super) const fn is_impossible(&self) -> bool {
        self.impossible
    }

    /// How far apart slots of such calls are.
    pub(super) fn spacing(&self) -> i64 {
        let cost = |draw: Option<Draw>| draw.map_or(0, |draw| draw.cost);
        match cost(self.requests).max(cost(self.tokens)) {
            0 => MIN_SPACING,
            spacing => spacing,
        }
    }

    /// Whether a new arrival may start, after all the work `ahead` that others booked.
    pub(super) fn newcomer_passes(&self, requests: Meter, tokens: Meter, ahead: i64, now: i64) -> bool {
        self.requests.is_none_or(|draw| requests.allows(ahead, draw.newcomer, now))
            && self.tokens.is_none_or(|draw| tokens.allows(ahead, draw.newcomer, now))
    }

    /// Whether one whose slot has come may start.
    pub(super) fn waiter_passes(&self, requests: Meter, tokens: Meter, now: i64) -> bool {
        self.requests.is_none_or(|draw| requests.allows(0, draw.waiter, now))
            && self.tokens.is_none_or(|draw| tokens.allows(0, draw.waiter, now))
    }

    /// The earliest start the meters allow. A slot is judged as a newcomer's start, so that a meter
    /// kept busy is still busy when its waiter comes late, and loses nothing.
    pub(super) fn free_at(&self, requests: Meter, tokens: Meter, now: i64) -> i64 {
        if self.impossible {
            return now.saturating_add(HOUR);
        }
        let free = |draw: Option<Draw>, meter: Meter| draw.map_or(now, |d| meter.free_at(d.newcomer, now));
        free(self.requests, requests).max(free(self.tokens, tokens))
    }

    pub(super) fn charge(&self, requests: &mut Meter, tokens: &mut Meter, now: i64) {
        for (draw, meter) in [(self.requests, requests), (self.tokens, tokens)] {
            if let Some(draw) = draw {
                meter.charge(draw.cost, now);
            }
        }
    }
}

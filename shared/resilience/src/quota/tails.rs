//! [`Tails`]: the slots that are given out, per lane.
//!
//! A lane keeps two runs of slots. The *near* one is the queue for the rate: it begins about now, and
//! its end is the next free slot. The *far* one collects those who must not come before some later
//! time (a breaker, the day's reset, a long back-off), so that they come one after the other then,
//! without holding up those who come now. A single far-off booking beside a larger far run is not
//! remembered: one call too many is the meters' to judge.

use serde::{Deserialize, Serialize};

use super::limits::Urgency;
use crate::{is_default, time::SECOND};

/// Bookings closer than this belong to the same run.
const GAP: i64 = 2 * SECOND;
/// If the meters rested so long while slots fell due, those who booked them will not come.
const VANISHED: i64 = 5 * SECOND;

/// Slots one after the other, without a gap worth filling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
struct Run {
    start: i64,
    length: i64,
}

impl Run {
    fn between(start: i64, end: i64) -> Self {
        Self { start, length: end.saturating_sub(start) }
    }

    fn end(self) -> i64 {
        self.start.saturating_add(self.length)
    }

    fn is_ahead(self, now: i64) -> bool {
        self.length > 0 && self.end() > now
    }

    /// Whether a booking for `at` belongs to this run.
    fn is_close(self, at: i64) -> bool {
        self.start.saturating_sub(GAP) <= at && at <= self.end().saturating_add(GAP)
    }

    fn join(self, other: Self) -> Self {
        Self::between(self.start.min(other.start), self.end().max(other.end()))
    }
}

impl From<(i64, i64)> for Run {
    fn from((start, length): (i64, i64)) -> Self {
        Self { start, length: length.max(0) }
    }
}

impl From<Run> for (i64, i64) {
    fn from(run: Run) -> Self {
        (run.start, run.length)
    }
}

/// The waiters of one lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Lane {
    #[serde(rename = "n", skip_serializing_if = "is_default")]
    near: Run,
    #[serde(rename = "f", skip_serializing_if = "is_default")]
    far: Run,
}

impl Lane {
    /// The lane as it stands now: what is past or vanished is forgotten, and the far run becomes the
    /// near one once it begins or the queue has grown up to it.
    fn at(mut self, now: i64, resting_since: i64) -> Self {
        let unused_since = resting_since.max(self.near.start);
        if !self.near.is_ahead(now) || now.saturating_sub(unused_since) > VANISHED {
            self.near = Run::default();
        }
        if !self.far.is_ahead(now) {
            self.far = Run::default();
            return self;
        }
        let queue = self.near.length > 0;
        if self.far.start <= now || (queue && self.far.start <= self.near.end()) {
            self.near = if queue { self.near.join(self.far) } else { self.far };
            self.far = Run::default();
        }
        self
    }

    fn ahead(self, now: i64) -> i64 {
        if self.near.length == 0 {
            0
        } else {
            self.near.end().saturating_sub(self.near.start.max(now)).max(0)
        }
    }

    /// The run a slot at `at` belongs to, if there is one.
    fn is_near(self, at: i64, now: i64) -> bool {
        let end = if self.near.length > 0 { self.near.end() } else { now };
        at <= end.saturating_add(GAP)
    }

    fn free_slot(self, earliest: i64, now: i64) -> i64 {
        if self.is_near(earliest, now) {
            if self.near.length > 0 { earliest.max(self.near.end()) } else { earliest }
        } else if self.far.length > 0 && self.far.is_close(earliest) {
            earliest.max(self.far.end())
        } else {
            earliest
        }
    }

    fn take(&mut self, slot: i64, spacing: i64, now: i64) {
        let booked = Run::between(slot, slot.saturating_add(spacing));
        if self.is_near(slot, now) {
            self.near = if self.near.length > 0 { self.near.join(booked) } else { booked };
        } else if self.far.length > 0 && self.far.is_close(slot) {
            self.far = self.far.join(booked);
        } else if booked.length >= self.far.length {
            self.far = booked;
        }
    }

    /// The first time at or after `at` that no slot of this lane is in the way of.
    fn after(self, at: i64) -> i64 {
        let at = if self.near.length > 0 { at.max(self.near.end()) } else { at };
        if self.far.start <= at { at.max(self.far.end()) } else { at }
    }
}

/// The waiters of all lanes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tails {
    #[serde(rename = "e", skip_serializing_if = "is_default")]
    express: Lane,
    #[serde(rename = "s", skip_serializing_if = "is_default")]
    standard: Lane,
    #[serde(rename = "b", skip_serializing_if = "is_default")]
    bulk: Lane,
}

impl Tails {
    /// The tails as they stand now. `resting_since`: since when nothing was started though it might
    /// have been.
    pub(super) fn at(self, now: i64, resting_since: i64) -> Self {
        Self {
            express: self.express.at(now, resting_since),
            standard: self.standard.at(now, resting_since),
            bulk: self.bulk.at(now, resting_since),
        }
    }

    /// The work booked by those whom a new arrival of this lane may not overtake.
    pub(super) fn ahead(&self, urgency: Urgency, now: i64) -> i64 {
        self.not_after(urgency).iter().fold(0, |sum, lane| lane.ahead(now).saturating_add(sum))
    }

    /// The next free slot at or after `earliest`.
    pub(super) fn free_slot(&self, urgency: Urgency, earliest: i64, now: i64) -> i64 {
        let lanes = self.not_after(urgency);
        let (own, urgent) =
            lanes.split_last().map_or((Lane::default(), [].as_slice()), |(own, rest)| (*own, rest));
        own.free_slot(urgent.iter().fold(earliest, |at, lane| lane.after(at)), now)
    }

    pub(super) fn take(&mut self, urgency: Urgency, slot: i64, spacing: i64, now: i64) {
        let lane = match urgency {
            Urgency::Express => &mut self.express,
            Urgency::Standard => &mut self.standard,
            Urgency::Bulk => &mut self.bulk,
        };
        lane.take(slot, spacing, now);
    }

    /// The lanes at least as urgent, this one last.
    fn not_after(&self, urgency: Urgency) -> Vec<Lane> {
        let all = [self.express, self.standard, self.bulk];
        all.into_iter().take(urgency as usize + 1).collect()
    }
}

//! [`BookedSlots`]: the slots that are given out, per lane.
//!
//! A lane keeps two runs of slots. The *near* one is the queue for the rate: it begins about now, and
//! its end is the next free slot. The *far* one collects those who must not come before some later
//! time (a breaker, the day's reset, a long back-off), so that they come one after the other then,
//! without holding up those who come now. A single far-off booking beside a larger far run is not
//! remembered: one call too many is the meters' to judge.
//!
//! Queues deliver in batches, so waiters come late and together, more of them than the burst can take.
//! Those beyond it get the moments after, while that is *soon* enough to wait in place; sent to the
//! end of the queue, they would come together again, and most of the rate would be lost.

use serde::{Deserialize, Serialize};

use super::limits::Urgency;
use crate::{is_default, time::SECOND};

/// Bookings closer than this belong to the same run.
const GAP: i64 = 2 * SECOND;
/// If the meters rested so long while slots fell due, those who booked them will not come.
const VANISHED: i64 = 5 * SECOND;
/// Waits up to this are worth waiting in place.
const SOON: i64 = 2 * SECOND;

/// Slots one after the other, without a gap worth filling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, i64)", into = "(i64, i64)")]
struct SlotRange {
    start: i64,
    length: i64,
}

impl SlotRange {
    fn between(start: i64, end: i64) -> Self {
        Self { start, length: end.saturating_sub(start).max(0) }
    }

    fn end(self) -> i64 {
        self.start.saturating_add(self.length)
    }

    /// Whether its waiters are still to be counted with at `now`, when nothing was started after
    /// `resting_since` though it might have been.
    fn is_expected(self, now: i64, resting_since: i64) -> bool {
        self.end() > now && now.saturating_sub(resting_since.max(self.start)) <= VANISHED
    }

    /// Whether a booking for `at` belongs to this run.
    fn is_close(self, at: i64) -> bool {
        self.start.saturating_sub(GAP) <= at && at <= self.end().saturating_add(GAP)
    }

    fn join(self, other: Self) -> Self {
        Self::between(self.start.min(other.start), self.end().max(other.end()))
    }
}

impl From<(i64, i64)> for SlotRange {
    fn from((start, length): (i64, i64)) -> Self {
        Self { start, length: length.max(0) }
    }
}

impl From<SlotRange> for (i64, i64) {
    fn from(run: SlotRange) -> Self {
        (run.start, run.length)
    }
}

/// A slot that is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// When, in microseconds.
    pub(super) at: i64,
    /// Whether it is out of turn, for one whose turn it was.
    is_soon: bool,
}

/// The waiters of one lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Lane {
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    near: Option<SlotRange>,
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    far: Option<SlotRange>,
    /// The end of the slots given to waiters who came too late, or too many at once.
    #[serde(rename = "l", skip_serializing_if = "is_default")]
    soon: i64,
}

impl Lane {
    /// The lane as it stands now: what is past or vanished is forgotten, and the far run becomes the
    /// near one once it begins or the queue has grown up to it.
    fn at(self, now: i64, resting_since: i64) -> Self {
        let near = self.near.filter(|run| run.is_expected(now, resting_since));
        let far = self.far.filter(|run| run.is_expected(now, resting_since));
        let soon = if self.soon > now { self.soon } else { 0 };
        match far {
            Some(far) if far.start <= near.map_or(now, SlotRange::end) => {
                Self { near: Some(near.map_or(far, |near| near.join(far))), far: None, soon }
            }
            _ => Self { near, far, soon },
        }
    }

    /// The work booked from now on, as far as it is one queue.
    fn ahead(self, now: i64) -> i64 {
        self.near.map_or(0, |run| run.end().saturating_sub(run.start.max(now)).max(0))
    }

    fn is_near(self, at: i64, now: i64) -> bool {
        at <= self.near.map_or(now, SlotRange::end).saturating_add(GAP)
    }

    fn free_slot(self, earliest: i64, now: i64) -> i64 {
        let run = if self.is_near(earliest, now) {
            self.near
        } else {
            self.far.filter(|run| run.is_close(earliest))
        };
        run.map_or(earliest, |run| earliest.max(run.end()))
    }

    /// The next moment for a waiter who came and was denied, if it is soon.
    fn soon(self, earliest: i64, now: i64) -> Option<i64> {
        Some(earliest.max(self.soon)).filter(|slot| slot.saturating_sub(now) <= SOON)
    }

    /// Gives out a slot that is soon. The queue grows by it: whoever is waiting comes later by as
    /// much, or is denied once.
    fn take_soon(&mut self, slot: i64, spacing: i64) {
        self.soon = slot.saturating_add(spacing);
        let start = self.near.map_or(slot, |run| run.start);
        let end = self.near.map_or(slot, SlotRange::end);
        self.near = Some(SlotRange::between(start, end.saturating_add(spacing)));
    }

    fn take(&mut self, slot: i64, spacing: i64, now: i64) {
        let booked = SlotRange::between(slot, slot.saturating_add(spacing));
        let place = if self.is_near(slot, now) { &mut self.near } else { &mut self.far };
        *place = Some(match *place {
            Some(run) if run.is_close(slot) => run.join(booked),
            Some(run) if run.length > booked.length => run,
            _ => booked,
        });
    }

    /// The first time at or after `at` that no slot of this lane is in the way of.
    fn after(self, at: i64) -> i64 {
        let at = self.near.map_or(at, |run| at.max(run.end()));
        self.far.filter(|run| run.start <= at).map_or(at, |run| at.max(run.end()))
    }
}

/// The waiters of all lanes, the most urgent first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct BookedSlots([Lane; 3]);

impl BookedSlots {
    /// The booked as they stand now. `resting_since`: since when nothing was started though it might
    /// have been.
    pub(super) fn at(self, now: i64, resting_since: i64) -> Self {
        Self(self.0.map(|lane| lane.at(now, resting_since)))
    }

    /// The work booked by those whom a new arrival of this lane may not overtake.
    pub(super) fn ahead(&self, urgency: Urgency, now: i64) -> i64 {
        let lanes = self.0.iter().take(place(urgency) + 1);
        lanes.fold(0, |sum, lane| lane.ahead(now).saturating_add(sum))
    }

    /// The next free slot at or after `earliest`.
    pub(super) fn free_slot(&self, urgency: Urgency, earliest: i64, now: i64) -> Slot {
        let earliest = self.after_more_urgent(urgency, earliest);
        let at = self.0.get(place(urgency)).map_or(earliest, |own| own.free_slot(earliest, now));
        Slot { at, is_soon: false }
    }

    /// The next slot for a waiter who came when his own was due, and was denied.
    pub(super) fn next_slot(&self, urgency: Urgency, earliest: i64, now: i64) -> Slot {
        let after = self.after_more_urgent(urgency, earliest);
        let soon = self.0.get(place(urgency)).and_then(|own| own.soon(after, now));
        soon.map_or_else(|| self.free_slot(urgency, earliest, now), |at| Slot { at, is_soon: true })
    }

    /// Gives `slot` out.
    pub(super) fn take(&mut self, urgency: Urgency, slot: Slot, spacing: i64, now: i64) {
        match self.0.get_mut(place(urgency)) {
            Some(own) if slot.is_soon => own.take_soon(slot.at, spacing),
            Some(own) => own.take(slot.at, spacing, now),
            None => {}
        }
    }

    fn after_more_urgent(&self, urgency: Urgency, at: i64) -> i64 {
        self.0.iter().take(place(urgency)).fold(at, |at, lane| lane.after(at))
    }
}

const fn place(urgency: Urgency) -> usize {
    match urgency {
        Urgency::Express => 0,
        Urgency::Standard => 1,
        Urgency::Bulk => 2,
    }
}

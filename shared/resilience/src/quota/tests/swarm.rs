//! A simulated fleet for the tests: tasks that reserve, are denied, book, and come back through a
//! queue that counts whole seconds.

use std::{cmp::Reverse, collections::BinaryHeap};

use crate::quota::*;

/// When the simulation begins, in microseconds.
pub(super) const START: i64 = 1_790_000_000 * SECOND;

/// One task.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) urgency: Urgency,
    pub(super) tokens: u64,
    /// Microseconds after the start.
    pub(super) arrives: i64,
    /// Never comes back once it was denied.
    pub(super) vanishes: bool,
    /// Denials so far.
    pub(super) denials: u32,
    /// When it was granted, in microseconds after the start.
    pub(super) granted: Option<i64>,
    slot: Option<Timestamp>,
}

pub(super) fn tasks(count: usize, urgency: Urgency, arrives: i64) -> Vec<Task> {
    let task =
        Task { urgency, tokens: 1_000, arrives, vanishes: false, denials: 0, granted: None, slot: None };
    vec![task; count]
}

/// Tasks, the quota they share, and what happens when.
#[derive(Debug)]
pub(super) struct Swarm {
    pub(super) quota: Quota,
    pub(super) limits: QuotaLimits,
    pub(super) tasks: Vec<Task>,
    /// When anybody asked, in microseconds after the start.
    pub(super) asked: Vec<i64>,
    /// `until` and when the pause is asked for, in microseconds after the start.
    pub(super) pause: Option<(i64, i64)>,
    /// Delays are rounded up to whole seconds.
    pub(super) whole_seconds: bool,
    /// Delays up to this, in microseconds, are waited for in place, and end on time.
    pub(super) in_place: i64,
    /// The queue delivers what is due in batches, every so many microseconds.
    pub(super) batches: Option<i64>,
    /// The most a task comes late, in microseconds, beside the rounding.
    pub(super) lateness: i64,
    /// By how much the clocks of the environments differ from the truth, in microseconds.
    pub(super) clocks: Vec<i64>,
    pub(super) day_ends: i64,
}

impl Swarm {
    pub(super) fn new(limits: QuotaLimits, tasks: Vec<Task>) -> Self {
        Self {
            quota: Quota::default(),
            limits,
            tasks,
            asked: Vec::new(),
            pause: None,
            whole_seconds: true,
            in_place: 0,
            batches: None,
            lateness: SECOND / 10,
            clocks: vec![0],
            day_ends: 36_000 * SECOND,
        }
    }

    /// Runs for `seconds`, the same way every time.
    pub(super) fn run(mut self, seconds: i64) -> Self {
        let mut random = fastrand::Rng::with_seed(7);
        let mut events: BinaryHeap<Reverse<(i64, usize)>> =
            self.tasks.iter().enumerate().map(|(index, task)| Reverse((task.arrives, index))).collect();
        while let Some(Reverse((time, index))) = events.pop() {
            if time > seconds * SECOND {
                break;
            }
            if let Some((until, _)) = self.pause.take_if(|(_, asked)| *asked <= time) {
                self.quota.pause(timestamp(START + until), Denial::Paused);
            }
            if let Some(slot) = self.visit(index, time) {
                let back = self.back(time, (slot - time).max(0), random.i64(0..=self.lateness));
                events.push(Reverse((back, index)));
            }
        }
        self
    }

    /// When a task comes back that is to wait for `delay`.
    fn back(&self, time: i64, delay: i64, lateness: i64) -> i64 {
        if delay <= self.in_place {
            return time + delay;
        }
        let whole = if self.whole_seconds { (delay + SECOND - 1) / SECOND * SECOND } else { delay };
        let back = time + whole + lateness;
        self.batches.map_or(back, |every| (back + every - 1) / every * every)
    }

    /// One task asks; when it may come back, if it is denied.
    fn visit(&mut self, index: usize, time: i64) -> Option<i64> {
        let clock = self.clocks[index % self.clocks.len()];
        let now = timestamp(START + time + clock);
        let day = if time < self.day_ends { self.day_ends } else { self.day_ends + 86_400 * SECOND };
        let task = &mut self.tasks[index];
        let ask = Ask {
            tokens: task.tokens,
            urgency: task.urgency,
            slot: task.slot,
            day_ends: timestamp(START + day),
        };
        self.asked.push(time);
        match self.quota.reserve(&self.limits, &ask, now) {
            Reserve::Granted => {
                task.granted = Some(time);
                None
            }
            Reserve::Denied { .. } => {
                task.denials += 1;
                let slot = self.quota.book(&self.limits, &ask, now, now);
                task.slot = Some(slot);
                (!task.vanishes).then(|| micros(slot) - START - clock)
            }
        }
    }

    /// When tasks of this lane were granted, in order.
    pub(super) fn grants(&self, urgency: Urgency) -> Vec<i64> {
        let lane = self.tasks.iter().filter(|task| task.urgency == urgency);
        let mut grants: Vec<i64> = lane.filter_map(|task| task.granted).collect();
        grants.sort_unstable();
        grants
    }

    pub(super) fn all_grants(&self) -> Vec<i64> {
        let mut grants: Vec<i64> = self.tasks.iter().filter_map(|task| task.granted).collect();
        grants.sort_unstable();
        grants
    }

    /// The denials of the task at that share (0 to 1) of all, in rising order.
    pub(super) fn denials_at(&self, share: f64) -> u32 {
        let mut denials: Vec<u32> = self.tasks.iter().map(|task| task.denials).collect();
        denials.sort_unstable();
        denials[((denials.len() - 1) as f64 * share).ceil() as usize]
    }
}

/// The most of these times that lie within any `span`, its ends included.
pub(super) fn most_within(times: &[i64], span: i64) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (last, time) in times.iter().enumerate() {
        while time - times[first] > span {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

/// How many lie in `from..to`, in seconds.
pub(super) fn between(times: &[i64], from: i64, to: i64) -> usize {
    times.iter().filter(|time| (from * SECOND..to * SECOND).contains(time)).count()
}

//! [`Window`]: how many of the recent calls were bad, in at most ten buckets.

use serde::{Deserialize, Serialize};

/// Buckets of a window.
const BUCKETS: i64 = 10;

/// Counts over the last ten tenths of a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    /// The number of the newest bucket since 1970.
    #[serde(rename = "n")]
    newest: i64,
    /// Calls and bad ones, the newest bucket first.
    #[serde(rename = "b")]
    buckets: Vec<(u32, u32)>,
}

/// The sum over a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) calls: u32,
    pub(super) bad: u32,
}

impl Window {
    /// Counts one call at `now`, in a window of `span` microseconds; the sums including it.
    pub(super) fn count(&mut self, is_bad: bool, span: i64, now: i64) -> Tally {
        self.advance(now.div_euclid((span / BUCKETS).max(1)));
        if let Some((calls, bad)) = self.buckets.first_mut() {
            *calls = calls.saturating_add(1);
            *bad = bad.saturating_add(u32::from(is_bad));
        }
        self.buckets.iter().fold(Tally::default(), |sum, (calls, bad)| Tally {
            calls: sum.calls.saturating_add(*calls),
            bad: sum.bad.saturating_add(*bad),
        })
    }

    /// Makes `bucket` the newest. A clock that is a little behind counts in the newest bucket; one
    /// that was far ahead is forgotten with all it wrote.
    fn advance(&mut self, bucket: i64) {
        let passed = bucket.saturating_sub(self.newest);
        if self.buckets.is_empty() || !(-BUCKETS..BUCKETS).contains(&passed) {
            self.buckets.clear();
            self.buckets.push((0, 0));
            self.newest = bucket;
        } else if passed > 0 {
            let passed = usize::try_from(passed).unwrap_or(0);
            self.buckets.splice(0..0, std::iter::repeat_n((0, 0), passed));
            self.newest = bucket;
        }
        self.buckets.truncate(usize::try_from(BUCKETS).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: i64 = 10_000;

    #[test]
    fn calls_leave_with_their_tenth_of_the_span() {
        let mut window = Window::default();
        for now in [0, 999, 1_000] {
            window.count(true, SPAN, now);
        }
        assert_eq!(window.count(false, SPAN, 9_999), Tally { calls: 4, bad: 3 });
        assert_eq!(window.count(false, SPAN, 10_000), Tally { calls: 3, bad: 1 });
        assert_eq!(window.count(false, SPAN, 30_000), Tally { calls: 1, bad: 0 });
    }

    #[test]
    fn a_clock_a_little_behind_counts_with_the_newest() {
        let mut window = Window::default();
        window.count(true, SPAN, 50_000);
        assert_eq!(window.count(false, SPAN, 48_000), Tally { calls: 2, bad: 1 });
    }

    #[test]
    fn a_clock_that_was_far_ahead_is_forgotten() {
        let mut window = Window::default();
        window.count(true, SPAN, 5_000_000);
        assert_eq!(window.count(false, SPAN, 50_000), Tally { calls: 1, bad: 0 });
    }
}

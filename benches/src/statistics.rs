//! Medians and percentiles.

use std::time::Duration;

/// The value that the share `part` (0 to 1) of `values` does not exceed; zero when there are none.
pub(crate) fn percentile(values: &[Duration], part: f64) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    // The smallest rank that covers the share: of 1,000 values, the 990th for 0.99.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rank = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The middle one: a block that was disturbed does not move it.
pub(crate) fn median(values: &[Duration]) -> Duration {
    percentile(values, 0.5)
}

/// In microseconds, for people.
pub(crate) fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// In milliseconds, for people.
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// In seconds, for people.
pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_is_one_of_the_values() {
        let values: Vec<Duration> = (1..=1_000).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&values, 0.99), Duration::from_millis(990));
        assert_eq!(median(&values), Duration::from_millis(500));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}

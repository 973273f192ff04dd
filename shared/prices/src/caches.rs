//! When a context cache is worth its price: pure arithmetic over list prices.
//!
//! With N reads in H hours, p the price of input, c that of a cached read, s that of storage per hour
//! (each per token) and h the share that the service's implicit cache would have served anyway, an
//! explicit cache repays itself when `N·(p−c)·(1−h) > p + s·H`.

use std::time::Duration;

use super::rates::Rates;

/// The time in which reads are counted.
const HOUR: Duration = Duration::from_hours(1);

/// Reads within an hour, besides those of the implicit cache, that make a cache worthwhile when its price is not known.
const READS_AT_UNKNOWN_PRICE: f64 = 8.0;

/// Whether `per_hour` reads repay a cache that lives for `ttl` at `rates` (`None`: not known), of whose prompt the
/// service's implicit cache serves the share `implicit` anyway.
///
/// The inequality is taken for its life, of which an hour counts at the most: the hour after the one in which the reads
/// were counted is expected to be like that one, and nothing is known of the next.
#[must_use]
pub fn cache_repays(rates: Option<Rates>, per_hour: u32, implicit: f64, ttl: Duration) -> bool {
    let hours = ttl.min(HOUR).div_duration_f64(HOUR);
    let reads = f64::from(per_hour) * (1.0 - implicit) * hours;
    let Some(rates) = rates else { return reads >= READS_AT_UNKNOWN_PRICE };
    let Some(storage) = rates.storage else { return false };
    reads * (rates.input - rates.cached) > rates.input + storage * hours
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ServiceTier, Timestamp};

    fn of(model: &str, at: &str) -> Option<Rates> {
        let at: Timestamp = at.parse().unwrap();
        crate::rates(crate::account(model), 5_000, ServiceTier::Standard, at)
    }

    fn now(model: &str) -> Option<Rates> {
        of(model, "2026-11-20T12:00:00Z")
    }

    /// The fewest reads an hour that are worth a cache.
    fn threshold(rates: Option<Rates>, implicit: f64) -> Option<u32> {
        (0..100).find(|&per_hour| cache_repays(rates, per_hour, implicit, HOUR))
    }

    #[test]
    fn thresholds_are_those_of_the_price_list() {
        for (model, reads) in
            [("gemini-3.8-flash", 2), ("gemini-3.1-pro-preview", 4), ("gemini-3.5-flash-lite", 5)]
        {
            assert_eq!(threshold(now(model), 0.0), Some(reads), "{model}");
        }
    }

    #[test]
    fn aliases_have_the_threshold_of_what_they_stand_for() {
        assert_eq!(threshold(now("gemini-flash-latest"), 0.0), Some(2));
        assert_eq!(threshold(now("gemini-pro-latest"), 0.0), Some(4));
        assert_eq!(threshold(now("gemini-flash-lite-latest"), 0.0), Some(5));
    }

    #[test]
    fn thresholds_follow_the_prices_of_the_day() {
        // 2 × 1.35 = 2.70 > 1.50 + 1.00 all the same.
        assert_eq!(threshold(of("gemini-3.8-flash", "2027-01-02T00:00:00Z"), 0.0), Some(2));
    }

    #[test]
    fn what_the_implicit_cache_serves_anyway_does_not_count() {
        // 0.675 × 0.5 = 0.3375 for each read; 1.25 to earn.
        assert_eq!(threshold(now("gemini-3.8-flash"), 0.5), Some(4));
        assert_eq!(threshold(now("gemini-3.8-flash"), 0.9), Some(19), "not by the eighth read");
        assert_eq!(threshold(now("gemini-3.8-flash"), 1.0), None);
    }

    /// A million tokens of 3.1 Pro cost $2.00 to make and $4.50 an hour; a read saves $1.80.
    #[test]
    fn a_cache_has_to_repay_itself_within_its_life_and_within_the_hour_that_is_foreseen() {
        let pro = now("gemini-3.1-pro-preview");
        for (minutes, per_hour, pays) in [
            (10, 6, false),
            (5, 12, false),
            (30, 4, false),
            // Ten minutes: $2.75, so two reads of them.
            (10, 11, true),
            // Half an hour: $4.25, so three reads of it.
            (30, 5, true),
            (60, 4, true),
            (120, 3, false),
            (120, 4, true),
        ] {
            assert_eq!(cache_repays(pro, per_hour, 0.0, Duration::from_mins(minutes)), pays, "{minutes} min");
        }
        assert!(
            !cache_repays(None, 8, 0.0, Duration::from_mins(30))
                && cache_repays(None, 16, 0.0, Duration::from_mins(30))
        );
    }

    #[test]
    fn the_eighth_read_in_an_hour_makes_a_cache_at_an_unknown_price() {
        assert_eq!(threshold(None, 0.0), Some(8));
        assert_eq!(threshold(now("gemini-9-xenon"), 0.0), Some(8));
    }

    #[test]
    fn a_model_without_explicit_caches_never_gets_one() {
        assert_eq!(threshold(now("gemini-4-argon"), 0.0), None);
    }
}

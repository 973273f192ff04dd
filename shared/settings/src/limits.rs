//! `[models.limits."NAME"]`: what agent.toml says; [`EffectiveLimits`](crate::EffectiveLimits) is what
//! holds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::entry::Entry;
use crate::section::Section;

/// `[models.limits."NAME"]`; `None` where nothing is set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelLimits {
    /// Requests a minute.
    pub rpm: Option<u64>,
    /// Tokens a minute.
    pub tpm: Option<u64>,
    /// Requests a day.
    pub rpd: Option<u64>,
    /// Calls at once, all processors together.
    pub concurrency: Option<u32>,
    /// How long one call may take (default 60 s).
    pub timeout: Option<Duration>,
    /// Circuit breaker.
    pub breaker: BreakerSettings,
    /// Retries in place, at most 2 (default 1).
    pub retries: Option<u32>,
    /// Tasks of a lower priority use the fallback.
    pub min_priority: Option<u8>,
}

/// `breaker = { … }`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BreakerSettings {
    /// Share of failures that opens it.
    pub error_rate: Option<f64>,
    /// Over which time.
    pub window: Option<Duration>,
    /// A call slower than this is slow.
    pub slow: Option<Duration>,
    /// How long it stays open.
    pub open: Option<Duration>,
}

/// A Lambda invocation lasts 15 minutes at most.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_mins(15);
const BREAKER: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(1);

impl ModelLimits {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let limits = Self {
            rpm: section.read("rpm", Entry::count),
            tpm: section.read("tpm", Entry::count),
            rpd: section.read("rpd", Entry::count),
            concurrency: section.read("concurrency", Entry::count),
            timeout: section.read("timeout", |entry| entry.duration(TIMEOUT)),
            breaker: BreakerSettings::read(section.section("breaker")),
            retries: section.read("retries", |entry| small(entry, 0..=2)),
            min_priority: section.read("min_priority", |entry| small(entry, 1..=5)),
        };
        section.finish();
        limits
    }
}

impl BreakerSettings {
    fn read(mut section: Section<'_>) -> Self {
        let breaker = Self {
            error_rate: section.read("error_rate", |entry| entry.number(0.01..=1.0)),
            window: section.read("window", |entry| entry.duration(BREAKER)),
            slow: section.read("slow", |entry| entry.duration(TIMEOUT)),
            open: section.read("open", |entry| entry.duration(BREAKER)),
        };
        section.finish();
        breaker
    }
}

fn small<T: TryFrom<i64>>(entry: &Entry<'_>, range: RangeInclusive<i64>) -> Option<T> {
    entry.integer(range).and_then(|number| T::try_from(number).ok())
}

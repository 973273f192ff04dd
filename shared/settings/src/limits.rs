//! `[models.limits."NAME"]`: what agent.toml says; [`EffectiveLimits`](crate::EffectiveLimits) is what
//! holds.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::effective::EffectiveLimits;
use crate::entry::Entry;
use crate::key::key;
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
        let defaults = EffectiveLimits::default();
        let timeout = key("timeout", "How long one call may take.").or(&defaults.timeout);
        let retries =
            key("retries", "Retries on the spot; longer waits go back to the queue.").or(&defaults.retries);
        let least = u32::from(u8::from(defaults.min_priority));
        let min_priority = key("min_priority", "Tasks of a lower priority use the fallback.").or(&least);
        let breaker = key("breaker", "When calls to a sick model are stopped.");
        let limits = Self {
            rpm: section.read(key("rpm", "Requests a minute, spread evenly."), Entry::count),
            tpm: section.read(key("tpm", "Prompt tokens a minute."), Entry::count),
            rpd: section.read(key("rpd", "Requests a day, until midnight in California."), Entry::count),
            concurrency: section
                .read(key("concurrency", "Calls at once, all processors together."), Entry::count),
            timeout: section.read(timeout, |entry| entry.duration(TIMEOUT)),
            breaker: BreakerSettings::read(section.section(breaker)),
            retries: section.read(retries, |entry| small(entry, 0..=2)),
            min_priority: section.read(min_priority, |entry| small(entry, 1..=5)),
        };
        section.finish();
        limits
    }
}

impl BreakerSettings {
    fn read(mut section: Section<'_>) -> Self {
        let defaults = EffectiveLimits::default().breaker;
        let error_rate =
            key("error_rate", "Share of failures that stops the calls.").or(&defaults.error_rate);
        let window = key("window", "The time over which failures are counted.").or(&defaults.window);
        let slow = key("slow", "A call slower than this is slow.").or(&defaults.slow);
        let open = key("open", "How long the model is left alone.").or(&defaults.open);
        let breaker = Self {
            error_rate: section.read(error_rate, |entry| entry.number(0.01..=1.0)),
            window: section.read(window, |entry| entry.duration(BREAKER)),
            slow: section.read(slow, |entry| entry.duration(TIMEOUT)),
            open: section.read(open, |entry| entry.duration(BREAKER)),
        };
        section.finish();
        breaker
    }
}

fn small<T: TryFrom<i64>>(entry: &Entry<'_>, range: RangeInclusive<i64>) -> Option<T> {
    entry.integer(range).and_then(|number| T::try_from(number).ok())
}

//! `[models.limits."NAME"]`.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{BreakerLimits, ModelLimits};

use crate::duration::show;
use crate::entry::Entry;
use crate::key::key;
use crate::section::Section;

/// Requests a minute with which a model begins whose rate agent.toml does not set: no account has less by much.
/// More are tried minute by minute, and what the service says of its limits is learnt.
const CAUTIOUS_RPM: u64 = 60;

/// How calls begin where agent.toml sets no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Cautiously: they go to Google, or to a gateway before it, whose limits are not known yet.
    Cautious,
    /// At once: they go to a server on this machine, which has limits of its own if it has any.
    AtOnce,
}

impl Start {
    pub(crate) fn rpm(self) -> Option<u64> {
        match self {
            Self::Cautious => Some(CAUTIOUS_RPM),
            Self::AtOnce => None,
        }
    }
}

/// Google takes no deadline below 10 s, and what is broken off sooner may be billed; a Lambda invocation lasts 15 minutes
/// at most.
const TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_mins(15);
const SLOW: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_mins(15);
const BREAKER: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_hours(1);

/// Reads the limits of one model.
pub(crate) fn read(mut section: Section<'_>) -> ModelLimits {
    let defaults = ModelLimits::default();
    let breaker = key("breaker", "When calls to a sick model are stopped.");
    let retries = key("retries", "Retries on the spot; longer waits go back to the queue.");
    let least = u32::from(defaults.min_priority.level());
    let min_priority = key("min_priority", "Tasks of a lower priority use the fallback.").or(&least);
    let rpd = key("rpd", "Requests a day, until midnight in California.");
    let at_once = key("concurrency", "Calls at once, all processors together.").or(&defaults.concurrency);
    let limits = ModelLimits {
        requests_per_minute: section.read(key("rpm", "Requests a minute, spread evenly."), Entry::count),
        tokens_per_minute: section.read(key("tpm", "Prompt tokens a minute."), Entry::count),
        requests_per_day: section.read(rpd, Entry::count),
        concurrency: section.read(at_once, Entry::count).unwrap_or(defaults.concurrency),
        timeout: section.read_or(key("timeout", "How long one call may take."), defaults.timeout, |entry| {
            entry.duration(TIMEOUT)
        }),
        breaker: read_breaker(section.section(breaker)),
        retries: section.read_or(retries, defaults.retries, |entry| {
            entry.integer(0..=2).and_then(|retries| u32::try_from(retries).ok())
        }),
        min_priority: section.read(min_priority, Entry::priority).unwrap_or(defaults.min_priority),
        start_rpm: None,
    };
    section.finish();
    limits
}

fn read_breaker(mut section: Section<'_>) -> BreakerLimits {
    let BreakerLimits { error_rate, window, slow, open } = BreakerLimits::default();
    let about = "Share of failures that stops the calls.";
    let error_rate = section.read_or(key("error_rate", about), error_rate, |entry| entry.number(0.01..=1.0));
    let mut time = |name, about, default, range: RangeInclusive<Duration>| {
        section.read_or(key(name, about), default, |entry| entry.duration(range))
    };
    let breaker = BreakerLimits {
        error_rate,
        window: time("window", "The time over which failures are counted.", window, BREAKER),
        slow: time("slow", "A call slower than this is slow.", slow, SLOW),
        open: time("open", "How long the model is left alone.", open, BREAKER),
    };
    section.finish();
    breaker
}

/// What holds, by the keys of agent.toml, in words for people; `-` is no limit of ours, `from` one that is
/// learnt.
#[must_use]
pub fn shown_limits(limits: &ModelLimits) -> [(&'static str, String); 8] {
    let limit = |limit: Option<u64>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
    let BreakerLimits { error_rate, window, slow, open } = limits.breaker;
    let rpm = match (limits.requests_per_minute, limits.start_rpm) {
        (None, Some(start)) => format!("from {start}"),
        (set, _) => limit(set),
    };
    let (window, slow, open) = (show(window), show(slow), show(open));
    [
        ("rpm", rpm),
        ("tpm", limit(limits.tokens_per_minute)),
        ("rpd", limit(limits.requests_per_day)),
        ("concurrency", limits.concurrency.to_string()),
        ("timeout", show(limits.timeout)),
        ("retries", limits.retries.to_string()),
        ("min_priority", limits.min_priority.to_string()),
        ("breaker", format!("{error_rate} in {window}, slow {slow}, open {open}")),
    ]
}

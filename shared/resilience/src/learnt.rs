//! [`LearntLimits`]: a service's limits, as its refusals tell them and as its silence lets us guess.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::time::{SECOND, micros};
use crate::{QuotaLimits, is_default};

const HOUR: i64 = 3_600 * SECOND;
const MINUTE: i64 = 60 * SECOND;
/// After so long a limit may have been raised: it is tried again, and told again if it was not.
const MINUTES_HOLD: i64 = 6 * HOUR;
/// Through the whole of the next day, whose requests its lanes share.
const DAYS_HOLD: i64 = 36 * HOUR;
/// Faster than this nobody calls a model.
const MAX_PACE: u64 = 1_000_000;

/// A limit that was told, and when, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Told(u64, i64);

/// Requests a minute that went well: where a rate is not known, what is tried next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pace {
    /// Zero before anything was tried.
    #[serde(rename = "r")]
    rate: u64,
    /// When the present minute began.
    #[serde(rename = "s")]
    since: i64,
    /// Requests in it.
    #[serde(rename = "n")]
    granted: u64,
}

/// What is known of a service's limits that nobody has configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LearntLimits {
    #[serde(rename = "r", skip_serializing_if = "is_default")]
    requests_per_minute: Option<Told>,
    #[serde(rename = "t", skip_serializing_if = "is_default")]
    tokens_per_minute: Option<Told>,
    #[serde(rename = "d", skip_serializing_if = "is_default")]
    requests_per_day: Option<Told>,
    #[serde(rename = "p", skip_serializing_if = "is_default")]
    pace: Pace,
}

impl LearntLimits {
    /// The limits that hold at `now`: those that are `set`, those that the service told, and where it has told
    /// no rate of requests and none is set, the pace that began with `start`.
    #[must_use]
    pub fn limits(&self, set: &QuotaLimits, start: Option<u64>, now: Timestamp) -> QuotaLimits {
        let now = micros(now);
        let lower = |set: Option<u64>, told: Option<Told>, hold: i64| match told {
            Some(Told(limit, at)) if now.saturating_sub(at) < hold => Some(set.unwrap_or(limit).min(limit)),
            _ => set,
        };
        let requests = lower(set.requests_per_minute, self.requests_per_minute, MINUTES_HOLD);
        QuotaLimits {
            requests_per_minute: requests.or_else(|| Some(self.pace.rate(start?))),
            tokens_per_minute: lower(set.tokens_per_minute, self.tokens_per_minute, MINUTES_HOLD),
            requests_per_day: lower(set.requests_per_day, self.requests_per_day, DAYS_HOLD),
            ..*set
        }
    }

    /// A call may go out: twice the pace is tried after a minute in which half of it was used and nothing was
    /// refused.
    pub fn granted(&mut self, set: &QuotaLimits, start: Option<u64>, now: Timestamp) {
        let now = micros(now);
        let is_known = set.requests_per_minute.is_some()
            || self.requests_per_minute.is_some_and(|Told(_, at)| now.saturating_sub(at) < MINUTES_HOLD);
        if let Some(start) = start.filter(|_| !is_known) {
            self.pace.grant(start, now);
        }
    }

    /// The service refused a call for its limits, and `told` some of them, or none. What was told, else
    /// half of the pace, is the pace from now on.
    pub fn refused(&mut self, told: &QuotaLimits, start: Option<u64>, now: Timestamp) {
        let now = micros(now);
        let note = |known: &mut Option<Told>, told: Option<u64>| {
            *known = told.filter(|limit| *limit > 0).map(|limit| Told(limit, now)).or(*known);
        };
        note(&mut self.requests_per_minute, told.requests_per_minute);
        note(&mut self.tokens_per_minute, told.tokens_per_minute);
        note(&mut self.requests_per_day, told.requests_per_day);
        // Tokens or a day's requests that are used up say nothing of the pace.
        let is_of_others = told.tokens_per_minute.or(told.requests_per_day).is_some();
        let start = start.filter(|_| told.requests_per_minute.is_some() || !is_of_others);
        if let Some(start) = start {
            self.pace.slow_down(start, told.requests_per_minute, now);
        }
    }

    /// How old the newest of the limits is that the service told; `None` if it told none.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let all = [self.requests_per_minute, self.tokens_per_minute, self.requests_per_day];
        let newest = all.into_iter().flatten().map(|Told(_, at)| at).max()?;
        Some(Duration::from_micros(micros(now).saturating_sub(newest).max(0).unsigned_abs()))
    }
}

impl Pace {
    fn rate(self, start: u64) -> u64 {
        if self.rate == 0 { start } else { self.rate }
    }

    fn grant(&mut self, start: u64, now: i64) {
        let elapsed = now.saturating_sub(self.since);
        if !(0..MINUTE).contains(&elapsed) {
            let was_in_use =
                (MINUTE..2 * MINUTE).contains(&elapsed) && self.granted.saturating_mul(2) >= self.rate(start);
            if was_in_use {
                self.rate = self.rate(start).saturating_mul(2).min(MAX_PACE);
            }
            (self.since, self.granted) = (now, 0);
        }
        self.granted = self.granted.saturating_add(1);
    }

    fn slow_down(&mut self, start: u64, told: Option<u64>, now: i64) {
        // Refused together, calls are one sign: a minute is what it takes to see whether the new pace does.
        if told.is_some() || now.saturating_sub(self.since).saturating_abs() >= MINUTE || self.granted > 0 {
            self.rate = told.filter(|told| *told > 0).unwrap_or_else(|| (self.rate(start) / 2).max(1));
        }
        (self.since, self.granted) = (now, 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::timestamp;

    const START: Option<u64> = Some(60);

    fn at(seconds: i64) -> Timestamp {
        timestamp((1_790_000_000 + seconds) * SECOND)
    }

    fn set(requests_per_minute: Option<u64>) -> QuotaLimits {
        QuotaLimits { requests_per_minute, ..QuotaLimits::default() }
    }

    fn rate(learnt: &LearntLimits, set: &QuotaLimits, seconds: i64) -> Option<u64> {
        learnt.limits(set, START, at(seconds)).requests_per_minute
    }

    #[test]
    fn what_is_set_holds_and_what_is_not_begins_cautiously() {
        let learnt = LearntLimits::default();
        assert_eq!(rate(&learnt, &set(Some(900)), 0), Some(900));
        assert_eq!(rate(&learnt, &set(None), 0), START);
        assert_eq!(learnt.limits(&set(None), None, at(0)), set(None), "a server of one's own has no rate");
    }

    #[test]
    fn a_limit_that_was_told_holds_until_it_is_old() {
        let mut learnt = LearntLimits::default();
        let told = QuotaLimits { requests_per_day: Some(250), tokens_per_minute: Some(9), ..set(Some(25)) };
        learnt.refused(&told, START, at(0));
        assert_eq!(learnt.limits(&set(None), START, at(60)), told);
        assert_eq!(rate(&learnt, &set(Some(900)), 60), Some(25), "what is set is too much");
        assert_eq!(rate(&learnt, &set(Some(10)), 60), Some(10), "what is set is enough");
        assert_eq!(learnt.age(at(60)), Some(Duration::from_secs(60)));
        let later = learnt.limits(&set(Some(900)), START, at(7 * 3_600));
        assert_eq!((later.requests_per_minute, later.requests_per_day), (Some(900), Some(250)));
        assert_eq!(learnt.limits(&set(None), START, at(48 * 3_600)).requests_per_day, None);
        assert_eq!(rate(&learnt, &set(None), 7 * 3_600), Some(25), "goes on from what was told");
    }

    #[test]
    fn no_access_is_no_limit() {
        let mut learnt = LearntLimits::default();
        learnt.refused(&set(Some(0)), None, at(0));
        assert_eq!(learnt, LearntLimits::default());
    }

    #[test]
    fn a_pace_that_is_used_and_goes_well_doubles_each_minute() {
        let mut learnt = LearntLimits::default();
        let mut rates = Vec::new();
        for minute in 0..5 {
            let now = rate(&learnt, &set(None), minute * 60).unwrap();
            (0..now).for_each(|_| learnt.granted(&set(None), START, at(minute * 60)));
            rates.push(now);
        }
        assert_eq!(rates, [60, 60, 120, 240, 480]);
        learnt.granted(&set(None), START, at(99_999));
        assert_eq!(rate(&learnt, &set(None), 99_999), Some(960), "an idle hour proves nothing");
    }

    #[test]
    fn refusals_without_a_number_halve_the_pace_once_for_those_that_come_together() {
        let mut learnt = LearntLimits::default();
        (0..3).for_each(|_| learnt.granted(&set(None), START, at(0)));
        learnt.refused(&set(None), START, at(1));
        learnt.refused(&set(None), START, at(1));
        learnt.refused(&set(None), START, at(2));
        assert_eq!(rate(&learnt, &set(None), 2), Some(30));
        learnt.granted(&set(None), START, at(3));
        learnt.refused(&set(None), START, at(4));
        assert_eq!(rate(&learnt, &set(None), 4), Some(15));
    }

    proptest! {
        #[test]
        fn every_state_and_every_time_is_survived(
            pace in any::<(u64, i64, u64)>(),
            told in any::<Option<(u64, i64)>>(),
            calls in prop::collection::vec(any::<(bool, Option<u64>, Option<u64>, i64)>(), 1..50),
        ) {
            let json = serde_json::json!({"r": told, "p": {"r": pace.0, "s": pace.1, "n": pace.2}});
            let mut learnt: LearntLimits = serde_json::from_value(json).unwrap();
            for (is_granted, limit, start, now) in calls {
                let now = timestamp(now);
                if is_granted { learnt.granted(&set(limit), start, now) } else { learnt.refused(&set(limit), start, now) }
                let _ = (learnt.limits(&set(limit), start, now), learnt.age(now));
            }
            let json = serde_json::to_string(&learnt).unwrap();
            prop_assert_eq!(serde_json::from_str::<LearntLimits>(&json).unwrap(), learnt);
        }
    }
}

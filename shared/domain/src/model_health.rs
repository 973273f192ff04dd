//! [`ModelHealth`]: what the processors share about a model: is its breaker open, does it rest, which limits were
//! learnt.
//!
//! Read from the item that they write (`model:NAME`; in a large fleet that of its first part, which shows what
//! the others show), of which this knows a few fields; an end-to-end test holds it to them. Who only looks links
//! neither the model client nor its state machines.

use jiff::{SignedDuration, Timestamp};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{StateStore, StoreError};

/// A rate that was told holds for so long; then the pace goes on from it.
const TOLD_HOLDS: SignedDuration = SignedDuration::from_hours(6);

/// How a model is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ModelHealth {
    /// The model; with its account, if that is not the first.
    pub name: String,
    /// Whether calls pass: `closed`, `half_open` (a few try whether it works again), `unused`, or `open` until then.
    pub breaker: BreakerState,
    /// It is given a rest until then: a quota is used up, or the service asked for it.
    pub rests_until: Option<Timestamp>,
    /// The service refused all calls when it was asked last, in these words. What one model alone was refused for ends with
    /// its time; what the account was refused for, when a call is taken.
    pub refused: Option<String>,
    /// It did so because the account's money is used up.
    #[serde(default)]
    pub is_out_of_money: bool,
    /// When the model will be gone, in words.
    pub goes: Option<String>,
    /// Limits that the service has told.
    pub learnt: Vec<LearntLimit>,
    /// The rate of requests that is tried, where none is set and none was told of late: it doubles while calls go well, and
    /// halves when they are refused. Its time is when it was last judged.
    #[serde(default)]
    pub pace: Option<LearntLimit>,
}

/// A limit that the service has told, or that was found by trying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LearntLimit {
    /// Of what, such as `requests a minute`.
    pub of: String,
    /// So many.
    pub limit: u64,
    /// When it was told, or found.
    pub told_at: Timestamp,
}

/// Whether calls of a model pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BreakerState {
    /// They do.
    Closed,
    /// They do not, until then.
    Open(Timestamp),
    /// A few try whether it works again.
    HalfOpen,
    /// Nobody has called yet.
    Unused,
}

impl BreakerState {
    /// Whether somebody has called.
    #[must_use]
    pub const fn is_used(self) -> bool {
        !matches!(self, Self::Unused)
    }

    /// Whether ordinary calls are kept away.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open(_) | Self::HalfOpen)
    }
}

impl ModelHealth {
    /// How the model called `name` is doing, whose state is kept at `key`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(
        state: &dyn StateStore,
        name: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let item = state.get(key, now).await?;
        Ok(health(name, item.map(|item| item.value), now))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    #[serde(rename = "b")]
    breaker: Phases,
    #[serde(rename = "q")]
    quota: Quota,
    #[serde(rename = "l")]
    learnt: Learnt,
    #[serde(rename = "p")]
    parked: Option<Parked>,
    #[serde(rename = "g")]
    goes: Option<String>,
}

/// Limits, each with the time at which it was told.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Learnt {
    #[serde(rename = "r")]
    requests_per_minute: Option<(u64, i64)>,
    #[serde(rename = "t")]
    tokens_per_minute: Option<(u64, i64)>,
    #[serde(rename = "d")]
    requests_per_day: Option<(u64, i64)>,
    #[serde(rename = "p")]
    pace: Pace,
}

/// Zero while nothing was tried but the rate that calls begin with.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pace {
    #[serde(rename = "r")]
    rate: u64,
    #[serde(rename = "s")]
    since: i64,
}

#[derive(Deserialize)]
struct Parked {
    #[serde(rename = "u")]
    until: Timestamp,
    #[serde(rename = "m")]
    is_of_the_model: bool,
    #[serde(default, rename = "n")]
    is_for_money: bool,
    #[serde(rename = "w")]
    words: String,
    /// Other credentials are taken meanwhile.
    #[serde(default, rename = "o")]
    is_over: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Phases {
    #[serde(rename = "s")]
    phase: Option<Phase>,
}

/// Times are microseconds since 1970.
#[derive(Deserialize)]
enum Phase {
    #[serde(rename = "c")]
    Closed(IgnoredAny),
    #[serde(rename = "o")]
    Open(i64),
    #[serde(rename = "h")]
    HalfOpen(IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Quota {
    #[serde(rename = "p")]
    pause: Option<(i64, IgnoredAny)>,
}

const RATE: &str = "requests a minute";

/// An item that another version has written in another way shows as unused.
fn health(name: &str, item: Option<Value>, now: Timestamp) -> ModelHealth {
    let item: Option<Item> = item.and_then(|value| serde_json::from_value(value).ok());
    let breaker = match item.as_ref().map(|item| &item.breaker.phase) {
        None => BreakerState::Unused,
        Some(None | Some(Phase::Closed(_))) => BreakerState::Closed,
        // Past its time it lets a probe through.
        Some(Some(Phase::Open(until))) => match later(*until, now) {
            Some(until) => BreakerState::Open(until),
            None => BreakerState::HalfOpen,
        },
        Some(Some(Phase::HalfOpen(_))) => BreakerState::HalfOpen,
    };
    let Item { quota, learnt, parked, goes, .. } = item.unwrap_or_default();
    let holds = |parked: &Parked| !parked.is_over && (parked.until > now || !parked.is_of_the_model);
    let parked = parked.filter(holds);
    let is_out_of_money = parked.as_ref().is_some_and(|parked| parked.is_for_money);
    let refused = parked.map(|parked| parked.words);
    let rests_until = quota.pause.and_then(|(until, _)| later(until, now));
    let limits = [
        (RATE, learnt.requests_per_minute),
        ("tokens a minute", learnt.tokens_per_minute),
        ("requests a day", learnt.requests_per_day),
    ];
    let told = |(what, told): (&'static str, Option<(u64, i64)>)| {
        let (limit, at) = told?;
        Some(LearntLimit { of: what.to_owned(), limit, told_at: Timestamp::from_microsecond(at).ok()? })
    };
    let is_told = |rate: &LearntLimit| now.duration_since(rate.told_at) < TOLD_HOLDS;
    let is_paced = learnt.pace.rate > 0 && !told(limits[0]).as_ref().is_some_and(is_told);
    let pace = told((RATE, is_paced.then_some((learnt.pace.rate, learnt.pace.since))));
    let learnt = limits.into_iter().filter_map(told).collect();
    ModelHealth { name: name.to_owned(), breaker, rests_until, refused, is_out_of_money, goes, learnt, pace }
}

fn later(micros: i64, now: Timestamp) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok().filter(|at| *at > now)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_shows_how_the_model_is_doing() {
        let now = Timestamp::from_second(100).unwrap();
        let of = |item: Option<Value>| health("m", item, now);
        assert_eq!(of(None).breaker, BreakerState::Unused);
        assert_eq!(of(Some(json!({}))).breaker, BreakerState::Closed);
        assert_eq!(of(Some(json!({"b": {"s": {"h": {}}}}))).breaker, BreakerState::HalfOpen);
        let until = Timestamp::from_second(130).unwrap();
        assert_eq!(
            of(Some(json!({"b": {"g": 3, "s": {"o": 130_000_000}}}))).breaker,
            BreakerState::Open(until)
        );
        assert_eq!(of(Some(json!({"b": {"s": {"o": 99_000_000}}}))).breaker, BreakerState::HalfOpen);
        assert_eq!(of(Some(json!({"q": {"p": [130_000_000, "d"]}}))).rests_until, Some(until));
        assert_eq!(of(Some(json!({"q": {"p": [0, "d"]}}))).rests_until, None);
        let item = json!({"l": {"r": [25, 90_000_000], "p": {"r": 25, "s": 0, "n": 0}}, "g": "deprecated",
            "p": {"u": "1970-01-01T00:01:10Z", "k": 1, "m": false, "w": "the key is refused"}});
        let told = of(Some(item));
        let told_at = Timestamp::from_second(90).unwrap();
        assert_eq!(told.learnt, [LearntLimit { of: "requests a minute".to_owned(), limit: 25, told_at }]);
        assert_eq!(
            (told.refused.as_deref(), told.goes.as_deref()),
            (Some("the key is refused"), Some("deprecated"))
        );
        let hours = |hours: i64| hours * 3_600_000_000;
        for (learnt, pace) in [
            (json!({"p": {"r": 1, "s": hours(7), "n": 3}}), Some((1, hours(7)))),
            (json!({"p": {"r": 0, "s": hours(7), "n": 3}}), None),
            (json!({"r": [25, hours(2)], "p": {"r": 12, "s": hours(2), "n": 0}}), None),
            (json!({"r": [25, hours(1)], "p": {"r": 50, "s": hours(7), "n": 9}}), Some((50, hours(7)))),
        ] {
            let told =
                health("m", Some(json!({"l": learnt})), Timestamp::from_microsecond(hours(7)).unwrap());
            assert_eq!(told.pace.map(|pace| (pace.limit, pace.told_at.as_microsecond())), pace, "{learnt}");
        }
        for (until, is_of_the_model, is_over, is_told) in [
            ("1970-01-01T00:02:10Z", false, true, false),
            ("1970-01-01T00:02:10Z", true, false, true),
            ("1970-01-01T00:02:10Z", true, true, false),
            ("1970-01-01T00:01:40Z", true, false, false),
        ] {
            let parked =
                json!({"p": {"u": until, "k": 1, "m": is_of_the_model, "w": "refused", "o": is_over}});
            assert_eq!(of(Some(parked)).refused.is_some(), is_told, "{until}, over: {is_over}");
        }
    }
}

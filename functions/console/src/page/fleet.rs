//! What the processors share about each model: is its breaker open, does it rest.
//!
//! Read from the item that they write (`model:NAME`; in a large fleet that of its first part, which shows what
//! the others show), of which this knows a few fields; an end-to-end test holds it to them. The console links
//! neither the model client nor its state machines.

use domain::{StoreError, Timestamp};
use futures::future::try_join_all;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::Console;

/// How a model is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModelHealth {
    pub(crate) name: String,
    pub(crate) breaker: Breaker,
    /// It is given a rest until then: a quota is used up, or the service asked for it.
    pub(crate) rests_until: Option<Timestamp>,
    /// The service refuses all calls, in these words.
    pub(crate) refused: Option<String>,
    /// When the model will be gone, in words.
    pub(crate) goes: Option<String>,
    /// Limits that the service has told, each with the time at which it did.
    pub(crate) learnt: Vec<(&'static str, u64, Timestamp)>,
}

/// Whether calls pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// They do.
    Closed,
    /// They do not, until then.
    Open(Timestamp),
    /// A few try whether it works again.
    HalfOpen,
    /// Nobody has called yet.
    Unused,
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
}

#[derive(Deserialize)]
struct Parked {
    #[serde(rename = "u")]
    until: Timestamp,
    #[serde(rename = "w")]
    words: String,
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

/// All models of agent.toml.
pub(crate) async fn models(console: &Console, now: Timestamp) -> Result<Vec<ModelHealth>, StoreError> {
    try_join_all(console.models.iter().map(|name| async move {
        let item = console.stores.state.get(&format!("model:{}", prices::account(name)), now).await?;
        Ok(health(name, item.map(|item| item.value), now))
    }))
    .await
}

/// An item that another version has written in another way shows as unused.
fn health(name: &str, item: Option<Value>, now: Timestamp) -> ModelHealth {
    let item: Option<Item> = item.and_then(|value| serde_json::from_value(value).ok());
    let breaker = match item.as_ref().map(|item| &item.breaker.phase) {
        None => Breaker::Unused,
        Some(None | Some(Phase::Closed(_))) => Breaker::Closed,
        // Past its time it lets a probe through.
        Some(Some(Phase::Open(until))) => match later(*until, now) {
            Some(until) => Breaker::Open(until),
            None => Breaker::HalfOpen,
        },
        Some(Some(Phase::HalfOpen(_))) => Breaker::HalfOpen,
    };
    let Item { quota, learnt, parked, goes, .. } = item.unwrap_or_default();
    let rests_until = quota.pause.and_then(|(until, _)| later(until, now));
    let refused = parked.filter(|parked| parked.until > now).map(|parked| parked.words);
    let limits = [
        ("requests a minute", learnt.requests_per_minute),
        ("tokens a minute", learnt.tokens_per_minute),
        ("requests a day", learnt.requests_per_day),
    ];
    let told = |(what, told): (&'static str, Option<(u64, i64)>)| {
        let (limit, at) = told?;
        Some((what, limit, Timestamp::from_microsecond(at).ok()?))
    };
    let learnt = limits.into_iter().filter_map(told).collect();
    ModelHealth { name: name.to_owned(), breaker, rests_until, refused, goes, learnt }
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
        assert_eq!(of(None).breaker, Breaker::Unused);
        assert_eq!(of(Some(json!({}))).breaker, Breaker::Closed);
        assert_eq!(of(Some(json!({"b": {"s": {"h": {}}}}))).breaker, Breaker::HalfOpen);
        let until = Timestamp::from_second(130).unwrap();
        assert_eq!(of(Some(json!({"b": {"g": 3, "s": {"o": 130_000_000}}}))).breaker, Breaker::Open(until));
        assert_eq!(of(Some(json!({"b": {"s": {"o": 99_000_000}}}))).breaker, Breaker::HalfOpen);
        assert_eq!(of(Some(json!({"q": {"p": [130_000_000, "d"]}}))).rests_until, Some(until));
        assert_eq!(of(Some(json!({"q": {"p": [0, "d"]}}))).rests_until, None);
        let item = json!({"l": {"r": [25, 90_000_000], "p": {"r": 25, "s": 0, "n": 0}}, "g": "deprecated",
            "p": {"u": "1970-01-01T00:02:10Z", "k": 1, "m": false, "w": "the key is refused"}});
        let told = of(Some(item));
        assert_eq!(told.learnt, [("requests a minute", 25, Timestamp::from_second(90).unwrap())]);
        assert_eq!(
            (told.refused.as_deref(), told.goes.as_deref()),
            (Some("the key is refused"), Some("deprecated"))
        );
    }
}

//! What the processors share about each model: is its breaker open, does it rest.
//!
//! Read from the item that they write (`model:NAME`; in a large fleet that of its first part, which shows what
//! the others show), of which this knows two fields; an end-to-end test holds it to them. The console links neither the model client nor its state machines.

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
        let item = console.stores.state.get(&format!("model:{name}"), now).await?;
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
    let pause = item.and_then(|item| item.quota.pause);
    let rests_until = pause.and_then(|(until, _)| later(until, now));
    ModelHealth { name: name.to_owned(), breaker, rests_until }
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
    }
}

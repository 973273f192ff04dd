//! Breakers that are open now, and who asks the service for the models.

use std::sync::Arc;
use std::time::Duration;

use domain::*;
use serde_json::{Value, json};
use sweeper::ModelWatch;

use crate::rig::Rig;

fn watch(rig: &Rig) -> ModelWatch {
    let models = prices::model_items(&["m", "n"], &[]);
    let (clock, metrics) = (rig.sweeper.clock.clone(), rig.sweeper.metrics.clone());
    ModelWatch { state: Arc::clone(&rig.stores.state), clock, metrics, models }
}

/// The state of the model `m` is this item.
async fn is(rig: &Rig, item: Value) {
    let forget_at = after(rig.now(), Duration::from_secs(3_600));
    let now = rig.now();
    let known = rig.stores.state.get("model:m", now).await.unwrap().map(|known| known.version);
    let expected = known.map_or(Expected::Absent, Expected::Version);
    let swap = rig.stores.state.swap("model:m", expected, &item, now, forget_at).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)));
}

#[tokio::test]
async fn an_open_breaker_is_told_every_minute_though_nobody_calls() {
    let rig = Rig::new();
    let watch = watch(&rig);
    let open = || rig.figures.total("BreakersOpen", &[("model", "m")]);
    watch.count().await.unwrap();
    assert!(rig.figures.documents().is_empty(), "a model that nobody has called has no figures");
    is(&rig, json!({"b": {"s": {"o": after(rig.now(), Duration::from_secs(90)).as_microsecond()}}})).await;
    for minute in 1..=3_u8 {
        watch.count().await.unwrap();
        assert!((open() - f64::from(minute)).abs() < 0.1, "past its time it is tried, and not closed yet");
        rig.pass(Duration::from_secs(60));
    }
    is(&rig, json!({"b": {}})).await;
    watch.count().await.unwrap();
    assert!((open() - 3.0).abs() < 0.1, "it is closed again: 0");
}

#[tokio::test]
async fn a_refusal_of_the_account_is_told_every_minute_until_a_call_is_answered() {
    for (is_for_money, metric, other) in
        [(false, "ModelRefused", "OutOfMoney"), (true, "OutOfMoney", "ModelRefused")]
    {
        let rig = Rig::new();
        let watch = watch(&rig);
        let told = |metric| rig.figures.total(metric, &[("model", "m")]);
        let until = after(rig.now(), Duration::from_secs(180)).to_string();
        is(&rig, json!({"p": {"u": until, "k": 1, "m": false, "n": is_for_money, "w": "refused"}})).await;
        for minute in 1..=5_u8 {
            watch.count().await.unwrap();
            assert!((told(metric) - f64::from(minute)).abs() < 0.1, "{metric}, minute {minute}");
            rig.pass(Duration::from_secs(60));
        }
        is(&rig, json!({})).await;
        watch.count().await.unwrap();
        assert!((told(metric) - 5.0).abs() < 0.1);
        assert!(told(other) < 0.1, "{other} has an alarm of its own");
    }
}

#[tokio::test]
async fn the_service_is_asked_for_the_models_once_an_hour_by_the_whole_fleet() {
    let rig = Rig::new();
    let (one, other) = (watch(&rig), watch(&rig));
    assert!(one.is_due().await.unwrap());
    rig.pass(Duration::from_secs(60));
    assert!(!one.is_due().await.unwrap() && !other.is_due().await.unwrap());
    rig.pass(Duration::from_secs(3_541));
    assert!(other.is_due().await.unwrap());
    rig.pass(Duration::from_secs(1));
    assert!(!one.is_due().await.unwrap());
}

//! Deliveries that are played back: for a while their record knows them, and then they are too old.

use std::time::Duration;

use domain::after;
use serde_json::json;

use crate::rig::{Parts, Rig, bytes, issue, task_id};

const DAY: Duration = Duration::from_hours(24);

fn deployed() -> Rig {
    Parts { deployed: true, ..Parts::default() }.rig()
}

fn wait(rig: &Rig, days: u32) {
    rig.watch.set(after(rig.watch.now(), DAY * days));
}

/// An issue that was opened `days` ago.
fn opened(rig: &Rig, days: u32) -> axum::body::Bytes {
    let mut event = issue(7);
    event["issue"]["created_at"] = json!(rig.watch.now().checked_sub(DAY * days).unwrap());
    bytes(&event)
}

/// GitHub signs no time, so a signature holds for ever.
#[tokio::test]
async fn a_delivery_played_back_makes_no_second_task_however_late() {
    let rig = deployed();
    let body = opened(&rig, 0);
    rig.post(&body).await.assert_taken("accepted", &body);
    for days in [1, 26, 1, 1, 1, 400] {
        wait(&rig, days);
        let answer = rig.post(&body).await;
        let known = answer.json["task_id"] == task_id(&body).as_str();
        assert!(known || answer.json["reason"] == "stale", "{answer:?}");
    }
    let last = rig.post(&body).await;
    last.assert(200, &json!({ "status": "ignored", "reason": "stale" }));
}

#[tokio::test]
async fn a_redelivery_of_the_week_before_last_is_taken() {
    let rig = deployed();
    let body = opened(&rig, 14);
    rig.post(&body).await.assert_taken("accepted", &body);
}

/// Ignored deliveries leave no record that would know them: their age does.
#[tokio::test]
async fn an_ignored_delivery_is_too_old_when_the_rules_have_long_changed() {
    let mut parts = Parts { deployed: true, ..Parts::default() };
    let (stores, watch) = (parts.stores.clone(), parts.watch.clone());
    parts.source.filter.events = Some(vec!["issue_comment.created".to_owned()]);
    let before = parts.rig();
    let body = opened(&before, 0);
    before.post(&body).await.assert(200, &json!({ "status": "ignored", "reason": "unsubscribed" }));
    let now = Parts { stores, watch, deployed: true, ..Parts::default() }.rig();
    wait(&now, 29);
    now.post(&body).await.assert(200, &json!({ "status": "ignored", "reason": "stale" }));
    now.assert_nothing_stored(&body).await;
}

#[tokio::test]
async fn a_bound_of_agent_toml_stands_above_the_usual_one() {
    let mut parts = Parts { deployed: true, ..Parts::default() };
    parts.source.max_event_age = Some(DAY * 365);
    let rig = parts.rig();
    let body = opened(&rig, 300);
    rig.post(&body).await.assert_taken("accepted", &body);
}

#[tokio::test]
async fn a_laptop_takes_recordings_of_any_age() {
    let rig = Parts::default().rig();
    let body = opened(&rig, 3_000);
    rig.post(&body).await.assert_taken("accepted", &body);
}

//! What Sentry sees at nearly one time is one task, whatever the clock says, and wherever a delivery dies.

use std::future::Future;
use std::pin::pin;

use axum::body::Bytes;
use domain::{ListQuery, TaskId};
use http::{HeaderMap, HeaderName, Request};
use ingest::{SecretMap, SecretsSource};
use serde_json::{Value, json};
use webhook::{Filter, Provider, Secrets, Sender};

use crate::faulty::Faulty;
use crate::rig::{Answer, Parts, Rig, bytes};

const SECRET: &str = "a secret of Sentry";

fn rig(parts: Parts) -> Rig {
    let mut parts = parts;
    parts.source.name = "sentry".to_owned();
    parts.source.sender = Sender::of(Provider::Sentry);
    parts.source.filter = Filter::default();
    let secrets = SecretMap::from([("sentry".to_owned(), Secrets(vec![SECRET.into()]))]);
    parts.secrets = SecretsSource::fixed(secrets);
    parts.rig()
}

async fn post(rig: &Rig, body: &Bytes) -> Answer {
    let mut headers = HeaderMap::new();
    let scheme = Provider::Sentry.scheme();
    for (name, value) in scheme.sign(&Secrets(vec![SECRET.into()]), body, rig.watch.now()) {
        headers.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    headers.insert("content-type", "application/json".parse().unwrap());
    let mut request = Request::post("/webhooks/sentry").body(body.clone().into()).unwrap();
    *request.headers_mut() = headers;
    rig.send(request).await
}

/// A new issue, first seen at `time` of one day.
fn created(time: &str) -> Bytes {
    let at = format!("2026-11-18T{time}Z");
    let issue = json!({ "id": "7", "title": "It fails", "firstSeen": at, "lastSeen": at, "count": "1" });
    bytes(&json!({ "action": "created", "data": { "issue": issue }, "actor": { "id": "sentry" } }))
}

/// An alert on an event of that issue.
fn alert(time: &str, event_id: &str) -> Bytes {
    let at = format!("2026-11-18T{time}Z");
    let event = json!({ "event_id": event_id, "issue_id": "7", "title": "It fails", "datetime": at });
    bytes(&json!({ "action": "triggered", "data": { "event": event, "triggered_rule": "All" } }))
}

/// Somebody changes the issue, which was last seen at `time`.
fn assigned(time: &str, count: &str) -> Bytes {
    let at = format!("2026-11-18T{time}Z");
    let issue = json!({ "id": "7", "title": "It fails", "firstSeen": "2026-11-01T00:00:00Z", "lastSeen": at,
                        "count": count, "assignedTo": { "id": "1" } });
    bytes(&json!({ "action": "assigned", "data": { "issue": issue }, "actor": { "id": 5 } }))
}

async fn tasks(rig: &Rig) -> Vec<TaskId> {
    let query = ListQuery { limit: 100, ..ListQuery::default() };
    rig.stores.tasks.list(&query).await.unwrap().tasks.into_iter().map(|task| task.id).collect()
}

/// How many tasks these deliveries make, one after the other.
async fn made_of(bodies: &[Bytes]) -> usize {
    let rig = rig(Parts::default());
    for body in bodies {
        assert_eq!(post(&rig, body).await.status, 202);
    }
    tasks(&rig).await.len()
}

#[tokio::test]
async fn an_issue_and_its_alert_over_the_turn_of_an_hour_are_one_task() {
    for (one, other) in [
        ("11:59:59", "12:00:01"),
        ("11:29:59.999", "11:30:00"),
        ("23:31:00", "23:59:59"),
        ("11:31:00", "12:00:59"),
        ("11:00:00", "11:00:00"),
        ("11:00:00", "11:59:59"),
    ] {
        let rig = rig(Parts::default());
        let (issue, alert) = (created(one), alert(other, "e1"));
        let first = post(&rig, &issue).await;
        assert_eq!(first.json["status"], "accepted", "{first:?}");
        for again in [&alert, &alert] {
            let second = post(&rig, again).await;
            second.assert(202, &json!({ "status": "duplicate", "task_id": first.json["task_id"] }));
        }
        assert_eq!(post(&rig, &issue).await.json, first.json, "a try of the first is the first");
        assert_eq!(made_of(&[alert, issue]).await, 1, "{other} is reported before {one}");
    }
}

#[tokio::test]
async fn what_is_seen_an_hour_later_is_a_recurrence() {
    for (one, other) in [("11:59:59", "12:59:59"), ("11:00:00", "12:00:00"), ("11:29:59", "12:30:00")] {
        assert_eq!(made_of(&[created(one), alert(other, "e1")]).await, 2, "{one} {other}");
        assert_eq!(made_of(&[alert(other, "e1"), created(one)]).await, 2, "{other} {one}");
    }
}

#[tokio::test]
async fn an_issue_that_never_rests_is_a_task_for_every_hour_or_half_of_one() {
    let all: Vec<Bytes> =
        (0..360).map(|minute| alert(&format!("{:02}:{:02}:07", minute / 60, minute % 60), "e")).collect();
    let made = made_of(&all).await;
    assert!((6..=12).contains(&made), "{made} tasks in six hours");
}

#[tokio::test]
async fn two_integrations_that_are_told_of_a_change_with_other_figures_report_one() {
    assert_eq!(made_of(&[assigned("11:59:59.9", "27"), assigned("12:00:01", "29")]).await, 1);
    assert_eq!(made_of(&[assigned("11:40:00", "27"), assigned("11:50:00", "27")]).await, 2, "once more");
}

/// `future` after `polls` polls, dropped if it is not done by then.
async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        if futures::poll!(future.as_mut()).is_ready() {
            return true;
        }
    }
    false
}

fn faulty() -> Rig {
    let parts = Parts::default();
    let (stores, _) = Faulty::around(parts.stores.clone());
    rig(Parts { stores, ..parts })
}

/// Every interleaving of a delivery that stops somewhere and one that overtakes it.
#[tokio::test]
async fn a_delivery_that_dies_or_is_overtaken_anywhere_leaves_one_task() {
    let (issue, later) = (created("11:59:59"), alert("12:00:01", "e1"));
    for (first, second) in [(&issue, &later), (&later, &issue)] {
        for polls in 0..100 {
            let dead = faulty();
            let done = dropped_after(polls, post(&dead, first)).await;
            let third = alert("11:50:00", "e2");
            for body in [second, &third, first] {
                assert_eq!(post(&dead, body).await.status, 202);
            }
            assert_eq!(tasks(&dead).await.len(), 1, "dropped after {polls} polls");

            if done {
                break;
            }
            let overtaken = faulty();
            let mut slow = Box::pin(post(&overtaken, first));
            for _ in 0..polls {
                assert!(futures::poll!(slow.as_mut()).is_pending(), "it takes as many as before");
            }
            assert_eq!(post(&overtaken, second).await.status, 202);
            assert_eq!(slow.await.status, 202);
            assert_eq!(post(&overtaken, &third).await.status, 202);
            assert_eq!(tasks(&overtaken).await.len(), 1, "overtaken after {polls} polls");
        }
    }
}

#[tokio::test]
async fn deliveries_at_once_over_the_turn_of_an_hour_make_one_task() {
    let rig = faulty();
    let times = ["11:58:00", "11:59:59", "12:00:00", "12:00:01", "12:02:00"];
    let bodies: Vec<Bytes> = (0..20).map(|number| alert(times[number % 5], &number.to_string())).collect();
    let answers = futures::future::join_all(bodies.iter().map(|body| post(&rig, body))).await;
    assert!(answers.iter().all(|answer| answer.status == 202));
    assert_eq!(tasks(&rig).await.len(), 1);
    let answer: Value = post(&rig, &created("12:00:00")).await.json;
    assert_eq!(answer["status"], "duplicate");
}

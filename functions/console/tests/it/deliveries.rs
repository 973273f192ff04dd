//! The last webhooks: those that became a task, and those that did not.

use std::time::Duration;

use domain::{
    DeliveryRecord, Expected, Missed, MissedDelivery, StatsRecorder, Swap, TaskId, after, missed_key,
    record_delivery, unread_key,
};
use serde_json::Value;

use crate::rig::Rig;

async fn record(rig: &Rig, source: &str, outcome: &str, reason: Option<&str>, task: Option<&TaskId>) {
    rig.watch.advance(Duration::from_secs(60));
    let record = DeliveryRecord {
        at: rig.watch.now(),
        source: source.to_owned(),
        event: Some("issues.opened".to_owned()),
        outcome: outcome.to_owned(),
        reason: reason.map(str::to_owned),
        detail: None,
        task_id: task.cloned(),
    };
    record_delivery(&*rig.stores.payloads, &record, b"1").await.unwrap();
}

/// GitHub's and Slack's, of every outcome, an hour apart in part.
async fn rig() -> (Rig, TaskId) {
    let rig = Rig::with_sources(&["github", "slack"]);
    let task = rig.task("github", 1).await;
    record(&rig, "github", "duplicate", None, Some(&task.id)).await;
    record(&rig, "slack", "ignored", Some("bot"), None).await;
    rig.watch.advance(Duration::from_secs(7_200));
    record(&rig, "github", "refused", Some("wrong_signature"), None).await;
    (rig, task.id)
}

async fn outcomes(rig: &Rig, query: &str) -> Vec<String> {
    let answer = rig.get(&format!("/deliveries{query}")).await.ok();
    let outcomes =
        answer["deliveries"].as_array().unwrap().iter().map(|it| it["outcome"].as_str().unwrap().to_owned());
    outcomes.collect()
}

#[tokio::test]
async fn every_webhook_is_listed_newest_first_with_what_became_of_it() {
    let (rig, id) = rig().await;
    let answer = rig.get("/deliveries").await.ok();
    let deliveries = answer["deliveries"].as_array().unwrap();
    let field = |name: &str| deliveries.iter().map(|it| it[name].clone()).collect::<Vec<Value>>();
    assert_eq!(field("outcome"), ["refused", "ignored", "duplicate", "accepted"]);
    assert_eq!(field("source"), ["github", "slack", "github", "github"]);
    assert_eq!(field("reason"), ["wrong_signature".into(), "bot".into(), Value::Null, Value::Null]);
    let id = Value::from(id.as_str());
    assert_eq!(field("task_id"), [Value::Null, Value::Null, id.clone(), id]);
    assert!(field("at").iter().all(|at| at.as_str().is_some_and(|at| at.ends_with('Z'))));
}

#[tokio::test]
async fn they_are_filtered_by_source_and_outcome() {
    let (rig, _) = rig().await;
    assert_eq!(outcomes(&rig, "?source=slack").await, ["ignored"]);
    assert_eq!(outcomes(&rig, "?source=github").await, ["refused", "duplicate", "accepted"]);
    assert_eq!(outcomes(&rig, "?outcome=accepted").await, ["accepted"]);
    assert_eq!(outcomes(&rig, "?outcome=refused&source=github").await, ["refused"]);
    assert_eq!(outcomes(&rig, "?source=&outcome=").await.len(), 4, "empty is as good as absent");
    assert!(outcomes(&rig, "?source=nowhere").await.is_empty());
    let detail = rig.get("/deliveries?outcome=lost").await.problem(400, "malformed");
    assert!(detail.contains("duplicate"), "{detail}");
    rig.get("/deliveries?colour=red").await.problem(400, "malformed");
}

#[tokio::test]
async fn a_source_has_its_lines_for_three_days_and_all_together_for_one() {
    let (rig, _) = rig().await;
    rig.watch.advance(Duration::from_secs(30 * 3_600));
    assert_eq!(outcomes(&rig, "?outcome=refused").await.len(), 0);
    assert_eq!(outcomes(&rig, "?outcome=refused&source=github").await.len(), 1);
}

#[tokio::test]
async fn a_task_of_the_api_is_no_webhook() {
    let rig = Rig::with_sources(&["github"]);
    rig.task("api", 1).await;
    assert!(outcomes(&rig, "").await.is_empty());
}

#[tokio::test]
async fn the_page_shows_them_and_the_overview_counts_their_reasons() {
    let (rig, id) = rig().await;
    let page = rig.page("/ui/deliveries").await.text();
    for part in ["Wrong signature", "Bot", "Refused", "Duplicate", "Accepted", &format!("/ui/tasks/{id}")] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("<option value=\"slack\">slack</option>"), "{page}");
    let filtered = rig.page("/ui/deliveries?source=slack&outcome=ignored").await.text();
    assert!(filtered.contains("<option value=\"slack\" selected>") && !filtered.contains("Wrong signature"));
    let overview = rig.page("/ui/overview").await.text();
    assert!(overview.contains("Webhooks that became no task"), "{overview}");
    assert!(overview.contains("/ui/deliveries?outcome=refused") && overview.contains(": wrong signature"));
}

/// What the sweeper writes of what a sender could not deliver.
async fn miss(rig: &Rig, source: &str, missed: &[(&str, u16, u32)]) {
    let now = rig.watch.now();
    let one = |(status, tries)| MissedDelivery {
        event: "issues.opened".to_owned(),
        at: now,
        status,
        tries,
        tried: (tries > 0).then_some(now),
        refused: 0,
        asked: None,
    };
    let missed: Missed =
        missed.iter().map(|(guid, status, tries)| ((*guid).to_owned(), one((*status, *tries)))).collect();
    let value = serde_json::to_value(&missed).unwrap();
    let until = after(now, Duration::from_secs(3_600));
    let swap =
        rig.stores.state.swap(&missed_key(source), Expected::Absent, &value, now, until).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)), "{swap:?}");
}

#[tokio::test]
async fn what_a_sender_could_not_deliver_is_listed_with_what_was_done_about_it() {
    let (rig, _) = rig().await;
    miss(&rig, "github", &[("a", 503, 2), ("b", 0, 0)]).await;
    let answer = rig.get("/deliveries?outcome=missed").await.ok();
    let mut found: Vec<(Value, Value)> = answer["deliveries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["reason"].clone(), it["tries"].clone()))
        .collect();
    found.sort_by_key(|(reason, _)| reason.to_string());
    assert_eq!(found, [("answered_503".into(), 2.into()), ("no_answer".into(), 0.into())]);
    assert_eq!(outcomes(&rig, "").await.len(), 6, "among the others as well");
    assert!(outcomes(&rig, "?outcome=missed&source=slack").await.is_empty());
    let page = rig.page("/ui/deliveries?outcome=missed").await.text();
    assert!(page.contains("Answered 503") && page.contains("sent again 2 times"), "{page}");
    assert!(page.contains("No answer") && page.contains("sent again never"), "{page}");
}

#[tokio::test]
async fn the_overview_counts_missed_deliveries_and_those_asked_for_again() {
    let (rig, _) = rig().await;
    let heading = "Webhooks that their sender could not deliver";
    assert!(!rig.page("/ui/overview").await.text().contains(heading));
    miss(&rig, "github", &[("a", 503, 2), ("b", 413, 0)]).await;
    let stats = StatsRecorder::new(rig.stores.state.clone(), 0);
    stats.redelivered(7);
    stats.write(rig.watch.now()).await.unwrap();
    rig.watch.advance(Duration::from_secs(3));
    let page = rig.page("/ui/overview").await.text();
    for part in [
        heading,
        "/ui/deliveries?outcome=missed",
        "last hours</td><td class=\"number\">2</td>",
        "asked for again</td><td class=\"number\">1</td>",
        "today (UTC)</td><td class=\"number\">7</td>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn hooks_whose_record_cannot_be_read_are_named_on_the_page_and_in_the_api() {
    let rig = Rig::with_sources(&["github", "slack"]);
    let (now, unread) = (rig.watch.now(), serde_json::json!({"octo/shy": "HTTP 403: no"}));
    let until = after(now, Duration::from_secs(3_600));
    let key = unread_key("github");
    let swap = rig.stores.state.swap(&key, Expected::Absent, &unread, now, until).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)), "{swap:?}");
    let named = serde_json::json!([{"source": "github", "hook": "octo/shy", "problem": "HTTP 403: no"}]);
    assert_eq!(rig.get("/deliveries").await.ok()["unread"], named);
    assert_eq!(rig.get("/deliveries?source=slack").await.ok()["unread"], serde_json::json!([]));
    let page = rig.page("/ui/deliveries").await.text();
    assert!(page.contains("octo/shy") && page.contains("HTTP 403: no"), "{page}");
}

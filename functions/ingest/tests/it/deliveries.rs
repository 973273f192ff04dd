//! Why did my agent not react? What became no task leaves a line.

use std::time::Duration;

use axum::body::Bytes;
use domain::{DeliveryRecord, TaskId, after, last_deliveries};
use serde_json::json;

use crate::faulty::{Fault, Faulty, Step};
use crate::rig::{Parts, Rig, bytes, issue, request, signed_headers, task_id};

async fn lines(rig: &Rig) -> Vec<DeliveryRecord> {
    last_deliveries(&*rig.stores.payloads, "github", rig.watch.now(), 100, 48).await.unwrap()
}

fn words(line: &DeliveryRecord) -> (&str, Option<&str>, Option<&str>, Option<&TaskId>) {
    (&line.outcome, line.reason.as_deref(), line.event.as_deref(), line.task_id.as_ref())
}

#[tokio::test]
async fn an_accepted_delivery_leaves_no_line() {
    let rig = Parts::default().rig();
    let body = bytes(&issue(7));
    rig.post(&body).await.assert_taken("accepted", &body);
    assert_eq!(lines(&rig).await, []);
}

#[tokio::test]
async fn an_accepted_delivery_writes_nothing_for_the_log_and_any_other_at_most_once() {
    let parts = Parts::default();
    let (stores, faults) = Faulty::around(parts.stores.clone());
    let rig = Parts { stores, ..parts }.rig();
    let accepted = bytes(&issue(7));
    rig.post(&accepted).await.assert_taken("accepted", &accepted);
    let mut written = faults.writes();
    written.sort_by_key(|step| format!("{step:?}"));
    // The report of the happening, the task, the body and the message are what the task is made of.
    assert_eq!(written, [Step::FirstReport, Step::Insert, Step::PutPayload, Step::Send]);

    let mut ignored = issue(8);
    ignored["sender"] = json!({ "login": "dependabot[bot]", "type": "Bot" });
    rig.post(&bytes(&ignored)).await.assert(200, &json!({ "status": "ignored", "reason": "bot" }));
    assert_eq!(faults.writes(), [Step::FirstReport], "the line");

    let forged = signed_headers("another", &accepted, rig.watch.now());
    rig.send(request(forged.clone(), accepted.clone())).await.assert_problem(401, "signature");
    assert_eq!(faults.writes(), [Step::FirstReport], "the line");
    rig.send(request(forged, accepted)).await.assert_problem(401, "signature");
    assert_eq!(faults.writes(), [], "the next one within a minute leaves none");
}

#[tokio::test]
async fn an_ignored_delivery_leaves_its_event_and_the_reason() {
    let rig = Parts::default().rig();
    let mut event = issue(7);
    event["sender"] = json!({ "login": "dependabot[bot]", "type": "Bot" });
    rig.post(&bytes(&event)).await;
    let found = lines(&rig).await;
    assert_eq!(
        found.iter().map(words).collect::<Vec<_>>(),
        [("ignored", Some("bot"), Some("issues.opened"), None)]
    );
    assert_eq!((found[0].source.as_str(), found[0].at), ("github", rig.watch.now()));
}

#[tokio::test]
async fn a_duplicate_leaves_the_task_that_it_is_of() {
    let rig = Parts::default().rig();
    let first = bytes(&issue(7));
    rig.post(&first).await;
    let mut second = issue(7);
    second["organization"] = json!({ "login": "octo" });
    rig.post(&bytes(&second)).await;
    let (found, id) = (lines(&rig).await, task_id(&first));
    assert_eq!(
        found.iter().map(words).collect::<Vec<_>>(),
        [("duplicate", None, Some("issues.opened"), Some(&id))]
    );
}

#[tokio::test]
async fn a_flood_of_refused_requests_leaves_one_line_a_minute_without_their_bodies() {
    let rig = Parts::default().rig();
    for number in 0..50 {
        let body = bytes(&issue(number));
        let headers = signed_headers("another", &body, rig.watch.now());
        rig.send(request(headers, body)).await.assert_problem(401, "signature");
    }
    let found = lines(&rig).await;
    assert_eq!(
        found.iter().map(words).collect::<Vec<_>>(),
        [("refused", Some("signature_wrong"), None, None)]
    );
    let body = Bytes::from_static(b"hello");
    rig.post(&body).await.assert_problem(400, "not_json");
    assert_eq!(lines(&rig).await.len(), 2, "another reason has a line of its own");
}

#[tokio::test]
async fn a_busy_sender_of_what_is_ignored_leaves_ten_lines_a_minute_and_the_number_of_the_others() {
    let rig = Parts::default().rig();
    let ignored = async |number: u64| {
        let mut event = issue(number);
        event["sender"] = json!({ "login": "dependabot[bot]", "type": "Bot" });
        rig.watch.set(after(rig.watch.now(), Duration::from_millis(100)));
        rig.post(&bytes(&event)).await.assert(200, &json!({ "status": "ignored", "reason": "bot" }));
    };
    for number in 1..=50 {
        ignored(number).await;
    }
    let found = lines(&rig).await;
    assert_eq!(found.len(), 10);
    assert!(found.iter().all(|line| line.detail.is_none()), "{found:?}");
    rig.watch.set(after(rig.watch.now(), Duration::from_secs(60)));
    ignored(51).await;
    ignored(52).await;
    let details: Vec<_> = lines(&rig).await.into_iter().filter_map(|line| line.detail).collect();
    assert_eq!(details, ["40 more like it, before it, have no line"], "once");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_costs_no_answer() {
    for fault in Fault::ALL {
        let parts = Parts::default();
        let (stores, faults) = Faulty::around(parts.stores.clone());
        let rig = Parts { stores, ..parts }.rig();
        let mut event = issue(7);
        event["sender"] = json!({ "login": "dependabot[bot]", "type": "Bot" });
        faults.break_at(Step::FirstReport, fault);
        let answer = rig.post(&bytes(&event)).await;
        answer.assert(200, &json!({ "status": "ignored", "reason": "bot" }));
    }
}

#[tokio::test]
async fn the_newest_lines_come_first_over_the_hours() {
    let rig = Parts::default().rig();
    let ignored = json!({ "action": "started", "repository": { "full_name": "octo/repo" } });
    for hours in [0, 1, 26] {
        let mut event = ignored.clone();
        event["changes"] = json!({ "hours": hours });
        rig.watch.set(after(rig.watch.now(), Duration::from_secs(hours * 3_600)));
        let body = bytes(&event);
        let mut headers = signed_headers(crate::rig::SECRET, &body, rig.watch.now());
        headers.insert("x-github-event", "watch".parse().unwrap());
        rig.send(request(headers, body)).await;
    }
    let times: Vec<_> = lines(&rig).await.iter().map(|line| line.at).collect();
    assert_eq!(times.len(), 3);
    assert!(times.is_sorted_by(|newer, older| newer > older) && times[0] == rig.watch.now());
    let two = last_deliveries(&*rig.stores.payloads, "github", rig.watch.now(), 2, 48).await.unwrap();
    assert_eq!(two.len(), 2);
    let this_hour = last_deliveries(&*rig.stores.payloads, "github", rig.watch.now(), 9, 1).await.unwrap();
    assert_eq!(this_hour.len(), 1);
}

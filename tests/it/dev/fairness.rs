//! One tenant's burst keeps nobody else waiting.

use std::time::Duration;

use domain::Timestamp;
use e2e::hooks;
use e2e::world::World;
use serde_json::{Value, json};
use standins::gemini::{GeminiStandin, Latency};
use standins::github::GithubStandin;

use super::System;

/// Events that one tenant sends at once.
const BURST: usize = 500;
/// Tasks of a lane that are in work at once.
const AT_ONCE: usize = 100;
/// How long one call of the model takes; a task makes two.
const CALL: Duration = Duration::from_secs(1);

/// Told by what was begun in which order, and not by the clock: one task's time is how long it takes until
/// everything that was in work has made room, which is so many tasks of the burst and not one more turn.
#[tokio::test]
async fn a_burst_of_500_delays_another_tenants_event_by_no_more_than_one_task() {
    let gemini = GeminiStandin::builder().latency(Latency::Fixed(CALL)).build();
    let system = System::start_in(World::of(gemini, GithubStandin::new()).await).await;
    let burst = (0..BURST).map(|number| system.api.accept(1_000 + number as u64));
    futures::future::join_all(burst).await;
    let answer = system.api.hook("issues", &quiet()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.task_id();
    let quiet = system.api.until_that(&id, "begun", |task| began(task).is_some()).await;
    assert_eq!(quiet["tenant"], "quiet/corner");
    let (came, began_at) = (at(&quiet["received_at"]), began(&quiet).unwrap());
    let (mut before, mut waiting) = (0, 0);
    for task in all(&system).await.iter().filter(|task| task["task_id"] != id.as_str()) {
        match began(task) {
            Some(at) if at > came && at < began_at => before += 1,
            Some(_) => {}
            None => waiting += 1,
        }
    }
    assert!(waiting >= AT_ONCE, "only {waiting} of the burst still wait: there was no queue to pass");
    assert!(before <= AT_ONCE, "{before} tasks of the burst were begun before it");
}

/// An issue in a repository of its own.
fn quiet() -> Value {
    let mut event = hooks::issue(7);
    event["repository"]["full_name"] = json!("quiet/corner");
    event["repository"]["name"] = json!("corner");
    event["repository"]["owner"]["login"] = json!("quiet");
    event
}

fn at(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// When the task was claimed for the first time.
fn began(task: &Value) -> Option<Timestamp> {
    let timeline = task["timeline"].as_array().unwrap();
    timeline.iter().find(|entry| entry["status"] == "processing").map(|entry| at(&entry["at"]))
}

/// Every task, page by page.
async fn all(system: &System) -> Vec<Value> {
    let (mut tasks, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = system.api.get(&format!("/tasks?limit=100&cursor={cursor}")).await.json();
        tasks.extend(page["tasks"].as_array().unwrap().iter().cloned());
        match page["cursor"].as_str() {
            Some(next) => cursor = form_urlencoded::byte_serialize(next.as_bytes()).collect(),
            None => return tasks,
        }
    }
}

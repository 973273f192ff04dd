//! Faults of the running system: whatever fails around it, an event that was answered with 202 ends, and its thread
//! gets one comment.

mod disk;
mod freeze;
mod kills;
mod line;
mod odd_input;
mod stores;

use std::path::Path;
use std::time::Duration;

use e2e::api::Api;
use e2e::assembly::Assembly;
use e2e::hooks;
use e2e::watch::Watch;
use e2e::world::World;
use embedded::Embedded;
use serde_json::Value;

use crate::binary::Process;

/// Rounds of ten minutes in which everything that waits has come to its end.
const ROUNDS: usize = 12;

/// An event whose sender has its 202.
struct Accepted {
    issue: u64,
    id: String,
}

/// Sends one issue, and says what became of it: `None` if the system asked to come back.
async fn send(api: &Api, issue: u64) -> Option<Accepted> {
    let answer = api.try_hook("issues", &hooks::issue(issue)).await.ok()?;
    if answer.status == 503 {
        return None;
    }
    assert_eq!(answer.status, 202, "{answer:?}");
    Some(Accepted { issue, id: answer.task_id() })
}

/// Sends `issues`, each until it is accepted, as a sender does that heard nothing or a 503.
async fn send_all(api: &Api, issues: impl IntoIterator<Item = u64>, pause: Duration) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    for issue in issues {
        loop {
            tokio::time::sleep(pause).await;
            if let Some(sent) = send(api, issue).await {
                accepted.push(sent);
                break;
            }
        }
    }
    accepted
}

/// Everything was answered by one comment, and nothing else was written.
fn assert_answered_once(world: &World, accepted: &[Accepted]) {
    for Accepted { issue, id } in accepted {
        let comments = world.comments(*issue);
        assert_eq!(comments.len(), 1, "task {id} of issue {issue}: {comments:#?}");
        assert!(comments[0].body.contains(id.as_str()));
    }
    assert_eq!(world.github.comment_count(), accepted.len());
}

/// Ends `process`, and lets the system on its data directory work for as long as anything waits, on sound services.
async fn finish(process: Process, dir: &Path, world: &World, accepted: &[Accepted]) {
    process.kill().await;
    let watch = Watch::default();
    let embedded = Embedded::open(dir, watch.clock()).unwrap();
    embedded.void_leases(watch.clock().now()).unwrap();
    let system = Assembly::new(world, embedded.stores(), &watch.clock()).await;
    // What calls in doubt might have cost stays spent, and may use the day's budget up: the next day is another one.
    let next_day = Duration::from_secs(86_400);
    for passes in std::iter::repeat_n(Duration::from_secs(600), ROUNDS).chain([next_day, next_day]) {
        watch.pass(passes);
        system.sweep().await;
        while system.work().await > 0 {}
    }
    for Accepted { id, .. } in accepted {
        let task: Value = system.api.task(id).await;
        assert_eq!(task["status"], "completed", "{task:#}");
    }
}

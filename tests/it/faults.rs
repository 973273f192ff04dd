//! Faults of the running system: whatever fails around it, an event that was answered with 202 ends, its thread
//! gets one comment, and nothing is left behind ([`AtRest`]).

mod disk;
pub(crate) mod freeze;
mod kills;
mod line;
mod odd_input;
mod read_only;
mod stores;

use std::path::Path;
use std::time::Duration;

use domain::Timestamp;
use e2e::api::Api;
use e2e::assembly::Assembly;
use e2e::hooks;
use e2e::watch::Watch;
use e2e::world::World;
use embedded::Embedded;

use crate::at_rest::{Accepted, AtRest, Kept, settle};
use crate::binary::Process;

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

/// What has happened around a process.
#[derive(Default)]
struct Past {
    /// When one before it died, or its disk took nothing.
    troubles: Vec<Timestamp>,
    /// Connections to the model were cut.
    is_cut_off: bool,
}

/// Ends `process`, lets the system on its data directory work for as long as anything waits, on sound services, and
/// asserts what holds then.
async fn finish(process: Process, dir: &Path, world: &World, accepted: &[Accepted], past: Past) {
    let killed = process.kill().await;
    let watch = Watch::default();
    let embedded = Embedded::open(dir, watch.clock()).unwrap();
    embedded.void_leases(watch.clock().now()).unwrap();
    let system = Assembly::new(world, embedded.stores(), &watch.clock()).await;
    settle(&system, |time| watch.pass(time)).await;
    let troubles = [past.troubles, vec![killed]].concat();
    let (system, kept, troubles) = (&system, Kept::in_file(dir), &troubles);
    AtRest { system, world, kept, accepted, troubles, is_cut_off: past.is_cut_off }.assert().await;
}

//! Attacks from outside on the whole running system, a file for each kind. After each one nothing was published,
//! decided, stored or told: the tasks, the parked draft and everything at the services are what they were.
//!
//! `cargo test -p e2e --test it attacks -- --nocapture` prints how many were tried, and how many held.

mod approvals;
mod callbacks;
mod configuration;
mod content_types;
mod forms_of_json;
mod headers;
mod ids;
mod logs;
mod paths;
mod replays;
mod scene;
mod sessions;
mod signatures;
mod sizes;
mod slack_clicks;
mod tokens;
mod words;

use futures::FutureExt;
use scene::Record;

/// Fewer than these would be a suite that somebody has thinned out.
const MIN_ATTACKS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_held() {
    let kinds: Vec<Vec<Record>> = futures::future::join_all([
        approvals::run().boxed(),
        callbacks::run().boxed(),
        configuration::run().boxed(),
        content_types::run().boxed(),
        forms_of_json::run().boxed(),
        headers::run().boxed(),
        ids::run().boxed(),
        logs::run().boxed(),
        paths::run().boxed(),
        replays::run().boxed(),
        sessions::run().boxed(),
        signatures::run().boxed(),
        sizes::run().boxed(),
        slack_clicks::run().boxed(),
        tokens::run().boxed(),
        words::run().boxed(),
    ])
    .await;
    let tried = kinds.iter().map(Vec::len).sum::<usize>();
    let broken: Vec<String> = kinds.into_iter().flatten().filter_map(|record| record.broken).collect();
    println!("attacks: {tried} tried, {} held", tried - broken.len());
    assert!(broken.is_empty(), "{} of {tried} attacks were not held:\n{}", broken.len(), broken.join("\n"));
    assert!(tried >= MIN_ATTACKS, "{tried} attacks");
}

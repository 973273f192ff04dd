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
mod internal_notes;
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
#[allow(clippy::print_stdout, reason = "how many there were, for whoever runs it with --nocapture")]
async fn every_attack_is_held() {
    let kinds: Vec<Vec<Record>> = futures::future::join_all([
        approvals::run().boxed_local(),
        callbacks::run().boxed_local(),
        async { configuration::run() }.boxed_local(),
        content_types::run().boxed_local(),
        forms_of_json::run().boxed_local(),
        headers::run().boxed_local(),
        ids::run().boxed_local(),
        internal_notes::run().boxed_local(),
        logs::run().boxed_local(),
        paths::run().boxed_local(),
        replays::run().boxed_local(),
        sessions::run().boxed_local(),
        signatures::run().boxed_local(),
        sizes::run().boxed_local(),
        slack_clicks::run().boxed_local(),
        tokens::run().boxed_local(),
        words::run().boxed_local(),
    ])
    .await;
    let tried = kinds.iter().map(Vec::len).sum::<usize>();
    let broken: Vec<String> = kinds.into_iter().flatten().filter_map(|record| record.broken).collect();
    println!("attacks: {tried} tried, {} held", tried - broken.len());
    assert!(broken.is_empty(), "{} of {tried} attacks were not held:\n{}", broken.len(), broken.join("\n"));
    assert!(tried >= MIN_ATTACKS, "{tried} attacks");
}

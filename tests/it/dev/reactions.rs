//! 👍 and 👎 that people give to the agent's own comments on GitHub.

use std::time::{Duration, Instant};

use afterhook::Backend;
use domain::{Acquire, Timestamp, after};
use e2e::world::{TOKEN, World};
use serde_json::{Value, json};

use super::System;
use crate::binary::{afterhook, run};

/// How often the sweeper looks.
const EVERY: Duration = Duration::from_secs(300);

/// Has five minutes pass for the sweeper's look at reactions: its lease is over.
async fn pass(system: &System) {
    let later = after(Timestamp::now(), EVERY);
    let state = &system.running.stores.state;
    let over = state.acquire("reactions:github:asked", "the test", later, Timestamp::now()).await.unwrap();
    assert!(matches!(over, Acquire::Held), "the look has a lease");
}

/// The task, once somebody has counted the reactions to its answer as `(up, down)`.
async fn counted(system: &System, id: &str, (up, down): (u64, u64)) -> Value {
    let began = Instant::now();
    loop {
        let task = system.api.task(id).await;
        if (&task["reactions"]["up"], &task["reactions"]["down"]) == (&json!(up), &json!(down)) {
            return task;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{task:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a command says of the running system, a line of JSON each.
async fn said(system: &System, arguments: &[&str]) -> Vec<Value> {
    let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    let said = run(command.args(arguments).args(["--url", system.api.url()])).await;
    said.assert_success().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn reactions_to_a_published_answer_are_counted_shown_and_exported_and_change_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = || Backend::Sqlite(dir.path().to_owned());
    let system = System::start_on(on_disk(), World::new().await).await;
    let (liked, left_alone) = (system.api.accept(7).await, system.api.accept(8).await);
    let before = system.api.until(&liked, "completed").await;
    system.api.until(&left_alone, "completed").await;
    let (comment, asked) = (system.world.comments(7)[0].id, system.world.gemini.requests().len());
    for (login, content) in [("mona", "+1"), ("kim", "+1"), ("lee", "-1"), ("lee", "heart")] {
        system.world.github.seed_reaction(comment, login, content).unwrap();
    }

    pass(&system).await;
    let System { world, running, .. } = system;
    running.stop().await;
    let system = System::start_on(on_disk(), world).await;
    let mut after = counted(&system, &liked, (2, 1)).await;
    after["reactions"] = Value::Null;
    assert_eq!(after, before, "a label changes nothing else");
    assert_eq!(system.api.task(&left_alone).await["reactions"], Value::Null);
    assert_eq!(system.world.gemini.requests().len(), asked, "and costs nothing");
    assert_eq!([system.world.comments(7).len(), system.world.comments(8).len()], [1, 1]);

    let versions = said(&system, &["versions", "--json"]).await;
    assert_eq!((&versions[0]["thumbs_up"], &versions[0]["thumbs_down"]), (&json!(2), &json!(1)));
    assert!(system.overview().await.contains("2 / 1"));
    let cases = said(&system, &["eval", "export"]).await;
    assert_eq!(cases.len(), 1, "{cases:#?}");
    assert!(cases[0]["name"].as_str().unwrap().starts_with("liked-"), "{cases:#?}");

    // The next look counts what has come since.
    system.world.github.seed_reaction(comment, "zoe", "-1").unwrap();
    pass(&system).await;
    let System { world, running, .. } = system;
    running.stop().await;
    let system = System::start_on(on_disk(), world).await;
    counted(&system, &liked, (2, 2)).await;
}

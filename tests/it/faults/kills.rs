//! `kill -9`, again and again within seconds, with many tasks in work: as by a supervisor that starts it anew.

use std::time::Duration;

use e2e::world::World;
use standins::gemini::{GeminiStandin, Latency};
use standins::github::GithubStandin;

use super::{Past, finish, send_all};
use crate::binary::Process;

const KILLS: usize = 6;
/// What a life lasts once it listens.
const LIFE: Duration = Duration::from_millis(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_six_times_within_seconds_it_fails_no_task_that_was_in_work() {
    let thinking = Latency::Between(Duration::from_millis(100), Duration::from_millis(150));
    let gemini = GeminiStandin::builder().latency(thinking).build();
    let world = World::of(gemini, GithubStandin::new()).await;
    let dir = tempfile::tempdir().unwrap();
    let mut process = Process::dev(&world, dir.path()).await;
    let accepted = send_all(&process.api(), 1..=30, Duration::ZERO).await;
    let mut troubles = Vec::new();
    for _ in 0..KILLS {
        troubles.push(process.kill().await);
        process = Process::dev(&world, dir.path()).await;
        tokio::time::sleep(LIFE).await;
    }
    finish(process, dir.path(), &world, &accepted, Past { troubles, ..Past::default() }).await;
}

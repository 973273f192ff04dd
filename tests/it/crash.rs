//! `kill -9` at any moment, followed by a restart on the same data directory, loses no accepted event
//! and doubles no comment.

use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use domain::Timestamp;
use e2e::api::Api;
use e2e::assembly::Assembly;
use e2e::hooks;
use e2e::watch::Watch;
use e2e::world::World;
use embedded::Embedded;
use serde_json::Value;
use standins::gemini::{GeminiStandin, Latency};
use standins::github::GithubStandin;

use crate::at_rest::{Accepted, AtRest, Kept, settle as settle_all};
use crate::binary::{self, Process};

/// Moments at which it is killed are drawn from this.
const SEED: u64 = 20_261_120;
const KILLS: u32 = 7;
/// Between two kills a life lasts so long, in milliseconds after it listens.
const LIFE: std::ops::Range<u64> = 60..900;
/// Lives that end while they begin last so long, in milliseconds.
const BIRTH: std::ops::Range<u64> = 1..120;
/// Between two events, in milliseconds.
const PACE: u64 = 25;
/// Everything that needs no waiting is done by then.
const TAIL: Duration = Duration::from_secs(100);

/// Where the system is at the moment; each life has a port of its own.
struct Door(Mutex<Option<Api>>);

impl Door {
    fn set(&self, api: Option<Api>) {
        *self.0.lock().unwrap() = api;
    }

    fn get(&self) -> Option<Api> {
        self.0.lock().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "how much was hit, for whoever runs it with --nocapture")]
async fn killed_at_any_moment_it_loses_no_event_and_doubles_no_comment() {
    let (dir, world) = (tempfile::tempdir().unwrap(), world().await);
    let door = Door(Mutex::new(None));
    let (end, over) = tokio::sync::watch::channel(false);
    let lives = async {
        let last = live_and_die(&world, dir.path(), &door).await;
        end.send(true).unwrap();
        last
    };
    let ((last, mut deaths), accepted) = tokio::join!(lives, send(&door, over));
    assert!(accepted.len() > 30, "only {} events came in", accepted.len());
    let in_doubt = settle(&last.api(), &accepted).await;
    deaths.push(last.kill().await);
    finish(&world, dir.path(), &accepted, &deaths).await;
    println!("{} events, {KILLS} kills, {in_doubt} left in doubt by them", accepted.len());
}

/// Slow enough for every step to be hit.
async fn world() -> World {
    let thinking = Latency::Between(Duration::from_millis(20), Duration::from_millis(120));
    let gemini = GeminiStandin::builder().latency(thinking).build();
    World::of(gemini, GithubStandin::builder().latency(Duration::from_millis(25)).build().unwrap()).await
}

/// `dev` with money for every call that a death leaves in doubt: it stays set aside for minutes.
fn ample(world: &World, dir: &Path) -> tokio::process::Command {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent");
    let copy = dir.join("agent");
    for folder in ["", "prompts", "docs"] {
        std::fs::create_dir_all(copy.join(folder)).unwrap();
        for file in std::fs::read_dir(agent.join(folder)).unwrap().map(|entry| entry.unwrap().path()) {
            if file.is_file() {
                std::fs::copy(&file, copy.join(folder).join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    let toml = std::fs::read_to_string(agent.join("agent.toml")).unwrap();
    let toml =
        toml.replace("per_day_usd = 20", "per_day_usd = 900").replace("_day_usd = 5", "_day_usd = 900");
    std::fs::write(copy.join("agent.toml"), toml).unwrap();
    let mut command = binary::dev(world, dir);
    command.arg("--config").arg(copy.join("agent.toml"));
    command
}

/// Starts and kills it, and leaves the last one running. Says when the others died.
async fn live_and_die(world: &World, dir: &Path, door: &Door) -> (Process, Vec<Timestamp>) {
    let mut deaths = Vec::new();
    let mut random = fastrand::Rng::with_seed(SEED);
    for _ in 0..KILLS {
        let process = Process::start(&mut ample(world, dir)).await;
        door.set(Some(process.api()));
        tokio::time::sleep(Duration::from_millis(random.u64(LIFE))).await;
        deaths.push(process.kill().await);
        door.set(None);
        die_at_birth(world, dir, Duration::from_millis(random.u64(BIRTH))).await;
        deaths.push(Timestamp::now());
    }
    let last = Process::start(&mut ample(world, dir)).await;
    door.set(Some(last.api()));
    (last, deaths)
}

/// Kills it while it starts: opening the database, voiding leases, not listening yet.
async fn die_at_birth(world: &World, dir: &Path, moment: Duration) {
    let mut child = ample(world, dir).stderr(Stdio::null()).spawn().unwrap();
    tokio::time::sleep(moment).await;
    child.kill().await.unwrap();
}

/// Sends one issue after the other until it is over. Each is sent until it is answered 202, as a
/// sender does that heard nothing or a 503.
async fn send(door: &Door, over: tokio::sync::watch::Receiver<bool>) -> Vec<Accepted> {
    let mut accepted = Vec::new();
    for issue in 1.. {
        if *over.borrow() {
            break;
        }
        let event = hooks::issue(issue);
        let id = loop {
            tokio::time::sleep(Duration::from_millis(PACE)).await;
            let Some(api) = door.get() else { continue };
            let Ok(answer) = api.try_hook("issues", &event).await else { continue };
            if answer.status == 503 {
                continue;
            }
            assert_eq!(answer.status, 202, "{answer:?}");
            break answer.task_id();
        };
        accepted.push(Accepted { issue, id });
    }
    accepted
}

/// Waits until every task is done, except those that a kill has left between an effect's intent and
/// its proof: these wait for a minute on purpose. Returns how many those are.
async fn settle(api: &Api, accepted: &[Accepted]) -> usize {
    let began = Instant::now();
    let mut in_doubt = 0;
    for Accepted { id, .. } in accepted {
        loop {
            let task = api.task(id).await;
            if task["status"] == "completed" {
                break;
            }
            if is_in_doubt(&task) {
                in_doubt += 1;
                break;
            }
            assert!(began.elapsed() < TAIL, "{task:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    in_doubt
}

fn is_in_doubt(task: &Value) -> bool {
    let last = task["timeline"].as_array().and_then(|timeline| timeline.last());
    task["status"] == "waiting"
        && last
            .and_then(|entry| entry["note"].as_str())
            .is_some_and(|note| note.contains("still be on its way"))
}

/// A last life on the same directory, more than a minute later, and what holds after it.
async fn finish(world: &World, dir: &Path, accepted: &[Accepted], deaths: &[Timestamp]) {
    let watch = Watch::default();
    watch.pass(Duration::from_secs(200));
    let embedded = Embedded::open(dir, watch.clock()).unwrap();
    embedded.void_leases(watch.clock().now()).unwrap();
    let system = Assembly::new(world, embedded.stores(), &watch.clock()).await;
    system.sweep().await;
    for Accepted { id, .. } in accepted {
        system.work_until(id, "completed").await;
    }
    settle_all(&system, |time| watch.pass(time)).await;
    let (system, kept) = (&system, Kept::in_file(dir));
    AtRest { system, world, kept, accepted, troubles: deaths, is_cut_off: false }.assert().await;
}

//! The process stands still and goes on; or is killed in the middle of a comment.

use std::process::Command;
use std::time::Duration;

use domain::Lane;
use e2e::assembly::Assembly;
use e2e::watch::Watch;
use e2e::world::World;
use embedded::Embedded;
use standins::gemini::{Fault as ModelFault, FaultRule as ModelRule, GeminiStandin, Latency};
use standins::github::{Fault, FaultRule, GithubStandin, Scope};

use super::{Past, finish, send_all};
use crate::at_rest::{Accepted, AtRest, Kept, settle};
use crate::binary::Process;

/// How often the process is stopped, and for how long.
const STOPS: u32 = 6;
const STOPPED: Duration = Duration::from_millis(400);

fn signal(process: &Process, name: &str) {
    let sent = Command::new("/bin/sh").args(["-c", &format!("kill -{name} {}", process.pid())]).status();
    assert!(sent.unwrap().success());
}

/// Stops a process so often for `time` while it works, and asserts what holds when it has gone on.
pub(crate) async fn stopped(stops: u32, time: Duration) {
    let thinking = Latency::Between(Duration::from_millis(20), Duration::from_millis(120));
    let gemini = GeminiStandin::builder().latency(thinking).build();
    let github = GithubStandin::builder().latency(Duration::from_millis(30)).build().unwrap();
    let (dir, world) = (tempfile::tempdir().unwrap(), World::of(gemini, github).await);
    let process = Process::dev(&world, dir.path()).await;
    let api = process.api();
    let stops = async {
        for _ in 0..stops {
            tokio::time::sleep(Duration::from_millis(170)).await;
            signal(&process, "STOP");
            tokio::time::sleep(time).await;
            signal(&process, "CONT");
        }
    };
    let ((), accepted) = tokio::join!(stops, send_all(&api, 1..=20, Duration::from_millis(20)));
    finish(process, dir.path(), &world, &accepted, Past::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_stopped_and_goes_on_writes_every_comment_once() {
    stopped(STOPS, STOPPED).await;
}

/// Minutes are let pass by the clock: the model's answer is held up meanwhile, and somebody else takes over.
#[tokio::test]
async fn a_processor_that_stood_still_for_minutes_leaves_the_comment_to_its_successor() {
    let watch = Watch::default();
    let gemini = GeminiStandin::builder().clock(watch.clock()).build();
    let github = GithubStandin::builder().clock(watch.clock()).build().unwrap();
    let world = World::of(gemini, github).await;
    let slow = ModelFault::Slow(Duration::from_millis(800));
    world.gemini.set_faults(vec![ModelRule::always(slow).first(1)]);
    let dir = tempfile::tempdir().unwrap();
    let stores = Embedded::open(dir.path(), watch.clock()).unwrap().stores();
    let system = Assembly::new(&world, stores, &watch.clock()).await;
    let id = system.api.accept(7).await;
    let delivery = system.receive(Lane::Standard).await.remove(0);
    let successor = async {
        while world.gemini.counters().requests == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        watch.pass(Duration::from_secs(260));
        system.work_until(&id, "completed").await
    };
    let (_, task) = tokio::join!(system.deliver(&delivery), successor);
    assert_eq!(system.api.task(&id).await, task, "the late one has written nothing");
    settle(&system, |time| watch.pass(time)).await;
    let (system, world, kept) = (&system, &world, Kept::in_file(dir.path()));
    let accepted = &[Accepted { issue: 7, id }];
    AtRest { system, world, kept, accepted, troubles: &[], is_cut_off: false }.assert().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_in_the_middle_of_a_comment_finds_it_afterwards() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    world.github.set_faults(vec![FaultRule::always(Fault::DoneButHangs).on(Scope::Writes).first(1)]);
    let process = Process::dev(&world, dir.path()).await;
    let accepted = send_all(&process.api(), [7], Duration::ZERO).await;
    while world.comments(7).is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let task = process.api().task(&accepted[0].id).await;
    assert_eq!(task["status"], "processing", "{task:#}");
    finish(process, dir.path(), &world, &accepted, Past::default()).await;
}

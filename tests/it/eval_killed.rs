//! `afterhook eval` and `afterhook replay`: killed in the middle of a run that costs money, and what they say it will cost.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use domain::{Clock, ListQuery, PartKey};
use e2e::world::World;
use embedded::Embedded;
use serde_json::Value;
use standins::gemini::{GeminiStandin, Latency};
use standins::github::GithubStandin;
use tokio::process::Command;
use tokio::time::sleep;

use crate::binary::{Said, afterhook, run};

/// Questions after which it is killed: some answers are saved, and some are on their way.
const ASKED: usize = 24;
/// Cases that a run works on at once, and so the most that a kill costs twice.
const CROWD: usize = 16;
/// Cases that one kill may meet between the two writes of an answer.
const BETWEEN_WRITES: usize = 2;
const TIMEOUT: Duration = Duration::from_secs(60);

fn eval(world: &World, data_dir: &Path) -> Command {
    let mut command = afterhook(world.variables());
    command.args(["eval", "--only", "github-", "--max-usd", "50", "--json", "--data-dir"]).arg(data_dir);
    command
}

/// Of the tasks in `archive`.
fn replay(world: &World, archive: &Path) -> Command {
    let mut command = afterhook(world.variables());
    command.args(["replay", "--max-usd", "50", "--json", "--data-dir"]).arg(archive);
    command
}

/// A model that takes its time, so that a run can be killed in the middle.
async fn slow() -> World {
    let thinking = Latency::Between(Duration::from_millis(20), Duration::from_millis(120));
    World::of(GeminiStandin::builder().latency(thinking).build(), GithubStandin::new()).await
}

/// The questions that the model was asked.
fn asked(world: &World) -> Vec<Value> {
    let requests = world.gemini.requests().into_iter();
    requests.filter(|it| it.path.to_lowercase().contains("generatecontent")).map(|it| it.body).collect()
}

/// The directory of the only run in `runs`.
fn run_in(runs: &Path) -> PathBuf {
    std::fs::read_dir(runs).unwrap().next().unwrap().unwrap().path()
}

/// The questions whose answers are kept in the directory of a run, by task and step.
async fn kept(run: &Path) -> BTreeMap<String, Vec<Value>> {
    let stores = Embedded::open(run, Clock::system()).unwrap().stores();
    let page = stores.tasks.list(&ListQuery { limit: 1_000, ..ListQuery::default() }).await.unwrap();
    let mut kept = BTreeMap::<String, Vec<Value>>::new();
    for task in page.tasks {
        for (_, blob) in stores.payloads.list(&task.id, PartKey::CALLS).await.unwrap() {
            let call: Value = blob.json("read a call").unwrap();
            kept.entry(format!("{} {}", task.id, call["step"])).or_default().push(call["request"].clone());
        }
    }
    kept
}

/// Kills a run in the middle, whose directory is in `runs`; what the next one says, which asks for nothing that is kept.
async fn killed_and_begun_again(world: &World, command: impl Fn() -> Command, runs: &Path) -> Said {
    let (before, began) = (asked(world).len(), Instant::now());
    let mut first = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while asked(world).len() - before < ASKED {
        assert!(began.elapsed() < TIMEOUT, "it asks the model");
        sleep(Duration::from_millis(5)).await;
    }
    first.kill().await.unwrap();
    let known: Vec<Value> = kept(&run_in(runs)).await.into_values().flatten().collect();
    let questions = asked(world);
    let killed = questions.len();
    assert!(
        killed - before - known.len() <= CROWD,
        "{killed} were asked since {before}, {} kept",
        known.len()
    );
    assert!(!known.is_empty() && known.iter().all(|question| questions.contains(question)), "{known:#?}");

    let said = run(&mut command()).await;
    assert!(said.stderr.contains("an earlier run was cut off with"), "{said:?}");
    let all = kept(&run_in(runs)).await;
    assert!(known.len() < all.len(), "it was killed in the middle: {}", known.len());
    // A call and its step are two writes, a few milliseconds apart: what a kill has cut off between them is asked again.
    let twice = all.values().filter(|times| times.len() > 1).count();
    assert!(twice <= BETWEEN_WRITES && all.values().all(|times| times.len() <= 2), "{all:#?}");
    let again = asked(world).into_iter().skip(killed).filter(|question| known.contains(question)).count();
    assert_eq!(again, twice, "what is kept is not asked for again");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eval_that_is_killed_goes_on_and_pays_for_no_kept_answer_again() {
    let (dir, world) = (tempfile::tempdir().unwrap(), slow().await);
    let said = killed_and_begun_again(&world, || eval(&world, dir.path()), &dir.path().join("eval")).await;
    let report = said.assert_success().json();
    assert!(report["finished"] == report["cases"] && report["cases"].as_u64() > Some(20), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_is_killed_goes_on_and_pays_for_no_kept_answer_again() {
    let (dir, world) = (tempfile::tempdir().unwrap(), slow().await);
    run(&mut eval(&world, dir.path())).await.assert_success();
    // What it ran are past tasks.
    let archive = run_in(&dir.path().join("eval"));
    let again = || replay(&world, &archive);
    let said = killed_and_begun_again(&world, again, &archive.join("replay")).await;
    let summary = &said.assert_success().json()["summary"];
    assert!(summary["tasks"].as_u64() > Some(20), "{summary}");
    assert_eq!((&summary["not_run"], &summary["unfinished"]), (&0.into(), &0.into()), "{summary}");
}

/// The amounts of `about $0.87 at list prices, at most $50.00`.
fn estimated(said: &Said) -> (f64, f64) {
    let behind = |word: &str| {
        let (_, rest) = said.stderr.split_once(word).unwrap_or_else(|| panic!("no `{word}`: {said:?}"));
        rest.split([' ', ',', '\n']).next().unwrap().parse().unwrap()
    };
    (behind("about $"), behind("at most $"))
}

/// The answers of the stand-in are shorter than those of most models.
fn assert_near(about: f64, cost: f64) {
    assert!(about < cost * 2.0 && cost < about * 2.0, "about {about}, and it was {cost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_is_said_to_cost_is_near_what_it_costs() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let evaluated = run(&mut eval(&world, dir.path())).await;
    let archive = run_in(&dir.path().join("eval"));
    let replayed = run(&mut replay(&world, &archive)).await;
    for (said, cost) in [(evaluated, "/cost_usd"), (replayed, "/summary/after/cost_usd")] {
        let cost = said.assert_success().json().pointer(cost).and_then(Value::as_f64).unwrap();
        let (about, most) = estimated(&said);
        assert_near(about, cost);
        assert!((most - 50.0).abs() < 1e-9, "{said:?}");
    }
    // Against the stand-in of the command itself nothing is bounded, and the bound is that of its calls.
    let mut free = afterhook([]);
    free.args(["eval", "--only", "slack-", "--json", "--data-dir"]).arg(dir.path().join("free"));
    let said = run(&mut free).await;
    let cost = said.assert_success().json()["cost_usd"].as_f64().unwrap();
    let (about, most) = estimated(&said);
    assert_near(about, cost);
    assert!(cost < most, "at most {most}: {cost}");
}

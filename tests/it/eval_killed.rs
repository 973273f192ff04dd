//! `afterhook eval`, killed in the middle of a run that costs money.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use domain::{Clock, ListQuery, PartKey};
use e2e::world::World;
use embedded::Embedded;
use standins::gemini::{GeminiStandin, Latency};
use standins::github::GithubStandin;
use tokio::process::Command;
use tokio::time::sleep;

use crate::binary::{afterhook, run};

/// Questions after which it is killed: some answers are saved, and some are on their way.
const ASKED: usize = 24;
/// Cases that a run works on at once, and so the most that a kill costs twice.
const CROWD: usize = 16;
const TIMEOUT: Duration = Duration::from_secs(60);

fn eval(world: &World, data_dir: &Path) -> Command {
    let mut command = afterhook(world.variables());
    command.args(["eval", "--only", "github-", "--max-usd", "50", "--json", "--data-dir"]).arg(data_dir);
    command
}

/// Questions that the model was asked.
fn asked(world: &World) -> usize {
    let requests = world.gemini.requests();
    requests.iter().filter(|it| it.path.to_lowercase().contains("generatecontent")).count()
}

/// How often an answer to each step of each task is kept in the directory of the run.
async fn saved(data_dir: &Path) -> BTreeMap<String, usize> {
    let mut runs = std::fs::read_dir(data_dir.join("eval")).unwrap();
    let stores = Embedded::open(&runs.next().unwrap().unwrap().path(), Clock::system()).unwrap().stores();
    let page = stores.tasks.list(&ListQuery { limit: 1_000, ..ListQuery::default() }).await.unwrap();
    let mut saved = BTreeMap::new();
    for task in page.tasks {
        for (_, blob) in stores.payloads.list(&task.id, PartKey::CALLS).await.unwrap() {
            let call: serde_json::Value = blob.json("read a call").unwrap();
            *saved.entry(format!("{} {}", task.id, call["step"])).or_default() += 1;
        }
    }
    saved
}

#[tokio::test(flavor = "multi_thread")]
async fn an_eval_that_is_killed_goes_on_and_pays_for_no_kept_answer_again() {
    let thinking = Latency::Between(Duration::from_millis(20), Duration::from_millis(120));
    let gemini = GeminiStandin::builder().latency(thinking).seed(7).build();
    let (dir, world) = (tempfile::tempdir().unwrap(), World::of(gemini, GithubStandin::new()).await);
    let mut first = eval(&world, dir.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while asked(&world) < ASKED {
        assert!(began.elapsed() < TIMEOUT, "it asks the model");
        sleep(Duration::from_millis(5)).await;
    }
    first.kill().await.unwrap();
    // What was on its way has arrived.
    sleep(Duration::from_millis(200)).await;
    let (kept, before) = (saved(dir.path()).await, asked(&world));
    assert!(before - kept.len() <= CROWD, "{before} were asked, and {} answers kept", kept.len());

    let said = run(&mut eval(&world, dir.path())).await;
    let report = said.assert_success().json();
    assert!(report["finished"] == report["cases"] && report["cases"].as_u64() > Some(20), "{said:?}");
    let all = saved(dir.path()).await;
    assert!(!kept.is_empty() && kept.len() < all.len(), "it was killed in the middle: {}", kept.len());
    assert!(all.values().all(|times| *times == 1), "{all:#?}");
    assert_eq!(asked(&world) - before, all.len() - kept.len(), "what is kept is not asked for again");
}

//! The connections to the services are cut, held up and garbled while the system runs.

use std::time::Duration;

use e2e::proxy::{Line, Proxy};
use e2e::world::World;

use super::{Past, finish, send_all};
use crate::binary::{Process, afterhook};

/// What the connections are drawn by.
const SEED: u64 = 20_261_128;
const ISSUES: u64 = 25;
/// A state of a line lasts so long.
const STATE: Duration = Duration::from_millis(150);

const LINES: [Line; 8] = [
    Line::Sound,
    Line::Sound,
    Line::Sound,
    Line::Down,
    Line::Slow(Duration::from_millis(40)),
    Line::Slow(Duration::from_millis(200)),
    Line::AnswersLost,
    Line::Garbled,
];

/// The world with a proxy before its model and its GitHub, and `dev` behind them.
async fn behind_proxies(world: &World, dir: &std::path::Path) -> (Process, [Proxy; 2]) {
    let mut variables = world.variables();
    let mut proxies = Vec::new();
    for (name, value) in &mut variables {
        if matches!(*name, "GEMINI_BASE_URL" | "GITHUB_API_URL") {
            let proxy = Proxy::before(value).await;
            *value = proxy.url.clone();
            proxies.push(proxy);
        }
    }
    let mut command = afterhook(variables);
    command.args(["dev", "--no-sample", "--port", "0", "--data-dir"]).arg(dir);
    (Process::start(&mut command).await, proxies.try_into().unwrap())
}

/// Changes both lines at random until dropped.
async fn shake(proxies: &[Proxy; 2]) {
    let mut random = fastrand::Rng::with_seed(SEED);
    loop {
        for proxy in proxies {
            proxy.set(random.choice(LINES).unwrap());
        }
        tokio::time::sleep(STATE).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_cut_held_up_and_garbled_lose_nothing_and_double_nothing() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let (process, proxies) = behind_proxies(&world, dir.path()).await;
    let api = process.api();
    let accepted = tokio::select! {
        () = shake(&proxies) => unreachable!("it never ends"),
        accepted = async {
            let accepted = send_all(&api, 1..=ISSUES, Duration::from_millis(60)).await;
            // What is waiting comes back while the lines are still bad.
            tokio::time::sleep(Duration::from_secs(3)).await;
            accepted
        } => accepted,
    };
    finish(process, dir.path(), &world, &accepted, Past { is_cut_off: true, ..Past::default() }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_that_are_gone_stop_no_webhook_and_are_waited_for() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let (process, proxies) = behind_proxies(&world, dir.path()).await;
    proxies.iter().for_each(|proxy| proxy.set(Line::Down));
    let accepted = send_all(&process.api(), 1..=5, Duration::ZERO).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    for sent in &accepted {
        let task = process.api().task(&sent.id).await;
        assert!(task["status"] != "failed" && task["attempts"].as_u64().unwrap() <= 1, "{task:#}");
    }
    assert_eq!(world.github.comment_count(), 0);
    finish(process, dir.path(), &world, &accepted, Past { is_cut_off: true, ..Past::default() }).await;
}

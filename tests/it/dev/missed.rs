//! Webhooks that GitHub could not deliver and does not send again by itself.

use std::time::{Duration, Instant};

use afterhook::{Backend, Dev};
use e2e::api::Api;
use e2e::hooks::{self, OWNER, REPO, SECRET};
use e2e::world::{TOKEN, World};
use serde_json::Value;

use super::{System, dev};
use crate::binary::{afterhook, run};

/// What `afterhook deliveries` says, a line each.
async fn deliveries(system: &System, outcome: &str) -> Vec<Value> {
    let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    let arguments = ["deliveries", "--url", system.api.url(), "--outcome", outcome, "--json"];
    let said = run(command.args(arguments)).await;
    said.assert_success().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A system that looks after the deliveries of one repository's hook.
async fn start(world: &World, has_secret: bool) -> afterhook::Running {
    let mut dev = dev(world, Backend::Memory);
    dev.settings.sources.get_mut("github").unwrap().hooks = vec![format!("{OWNER}/{REPO}")];
    if !has_secret {
        let others = world.variables().into_iter().filter(|(name, _)| *name != "GITHUB_WEBHOOK_SECRET");
        dev.environment = settings::Environment::from_map(others).unwrap();
    }
    afterhook::start(Dev { ..dev }).await.unwrap()
}

/// A deploy without its secret answers 503, and while nothing runs nobody answers at all. Both are made up for, once.
#[tokio::test]
async fn webhooks_that_were_missed_are_sent_again_and_answered_once() {
    let world = World::new().await;
    let github = world.github.clone();
    let running = start(&world, false).await;
    github.set_hook(&format!("{}/webhooks/github", running.url()), SECRET);
    assert_eq!(github.send("issues", &hooks::issue(1)).await, 503);
    running.stop().await;
    assert_eq!(github.send("issues", &hooks::issue(2)).await, 0);

    let running = start(&world, true).await;
    github.set_hook(&format!("{}/webhooks/github", running.url()), SECRET);
    let system = System { api: Api::at(running.url()), world, running };
    let began = Instant::now();
    while github.deliveries().len() < 4 {
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", github.deliveries());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tries = github.deliveries();
    for (missed, again) in [(&tries[0], &tries[2]), (&tries[1], &tries[3])] {
        assert_eq!((&again.guid, again.redelivery, again.status), (&missed.guid, true, 202), "{tries:?}");
    }
    let accepted = deliveries(&system, "accepted").await;
    assert_eq!(accepted.len(), 2, "{accepted:?}");
    for delivery in accepted {
        system.api.until(delivery["task_id"].as_str().unwrap(), "completed").await;
    }
    let missed = deliveries(&system, "missed").await;
    let shown: Vec<_> =
        missed.iter().map(|it| (it["event"].as_str().unwrap(), it["tries"].as_u64().unwrap())).collect();
    assert_eq!(shown, [("issues.opened", 1), ("issues.opened", 1)], "{missed:?}");
    let page = system.overview().await;
    assert!(page.contains("/ui/deliveries?outcome=missed"), "{page}");

    // Somebody who has seen it in *Recent Deliveries* presses *Redeliver*, too.
    let again = format!("{}/repos/{OWNER}/{REPO}/hooks/2/deliveries/0/attempts", system.world.github_url());
    let asked =
        reqwest::Client::new().post(again).bearer_auth("pat").header("user-agent", "a person").send().await;
    assert_eq!(asked.unwrap().status(), 202);
    while github.deliveries().len() < 5 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(deliveries(&system, "duplicate").await.len(), 1);
    assert_eq!([system.world.comments(1).len(), system.world.comments(2).len()], [1, 1]);
}

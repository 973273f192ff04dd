//! The console of a whole running system: its page in a real browser, its API under a fuzzer, and many
//! people at once.

mod accessibility;
mod browser;
mod chromium;
mod fuzz;
mod keyboard;
mod layout;
mod queue;
mod terminal;

use e2e::world::{World, triage_says};
use serde_json::json;
use standins::gemini::{Fault, FaultRule};

use crate::dev::System;

const DECIDERS: usize = 100;

#[tokio::test]
async fn of_a_hundred_people_who_decide_at_once_one_succeeds() {
    let world = World::scripted(triage_says("question", 0.4, false)).await;
    let system = System::start_in(world).await;
    let id = system.api.accept(7).await;
    let task = system.api.until(&id, "awaiting_approval").await;
    let body = json!({"draft_hash": task["draft"]["hash"]});
    let paths = ["approve", "reject"].map(|what| format!("/tasks/{id}/{what}"));
    let posts = (0..DECIDERS).map(|n| system.api.post(&paths[n % 2], &body));
    let answers = futures::future::join_all(posts).await;
    let taken: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(taken.len(), 1, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.assert_problem(409, "conflict");
    }
    let approved = taken[0].json()["decision"]["outcome"] == "approved";
    system.api.until(&id, if approved { "completed" } else { "rejected" }).await;
    assert_eq!(system.world.comments(7).len(), usize::from(approved));
}

/// The overview reads what the processors write, and knows no more of it than it shows: this keeps the
/// two together.
#[tokio::test]
async fn an_open_breaker_and_the_cost_of_the_day_are_seen_on_the_overview() {
    let system = System::start().await;
    let id = system.api.accept(1).await;
    let done = system.api.until(&id, "completed").await;
    let page = system.overview().await;
    assert!(page.contains("1 completed") && page.contains(">available<"), "{page}");
    for step in done["usage"].as_array().unwrap() {
        assert!(page.contains(step["model"].as_str().unwrap()), "{page}");
    }
    system.world.break_model(FaultRule::always(Fault::Status(500)));
    for issue in 2..8 {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "waiting").await;
    }
    let page = system.overview().await;
    assert!(page.contains("breaker open until"), "{page}");
    let models = system.api.get("/models").await.json();
    let open = |model: &serde_json::Value| model["breaker"]["open"].is_string();
    assert!(models["models"].as_array().unwrap().iter().any(open), "{models}");
}

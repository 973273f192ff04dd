//! Invariants bite: worlds in which nothing has happened but what is made up here.

use std::sync::Arc;
use std::time::Duration;

use domain::{DayFigures, Expected, StateStore, Swap, TaskId, TaskStatus, after, day_keys};
use serde_json::json;

use super::{After, Check, figures, gate, publications};
use crate::scenario::{Policy, Scenario};
use crate::world::{End, EnvId, Port, Publication, World};

/// A world in which nothing goes wrong, whose drafts all need a person, and with one call a model and environment.
fn world() -> Arc<World> {
    let scenario = Scenario::of(0);
    let concurrency = u32::try_from(scenario.sharers()).ok();
    let policy = Policy { approval: "always", concurrency, ..scenario.policy };
    World::new(Arc::new(Scenario { policy, weather: Vec::new(), plan: Vec::new(), ..scenario }), None, false)
}

fn found(world: &World, check: Check) -> Vec<String> {
    check(&After { world, tasks: Vec::new(), history: world.history() })
}

fn publish(world: &World, effect: &str) {
    let (task, text, at) = (TaskId::derive("github", b"1"), "Hello.".to_owned(), world.now());
    let (effect, thread) = (effect.to_owned(), "octo/repo#1".to_owned());
    world.history().publications.push(Publication { task, effect, thread, text, at });
}

#[tokio::test(start_paused = true)]
async fn a_text_that_nobody_has_approved_is_found_whatever_its_effect() {
    for effect in ["reply", "label"] {
        let world = world();
        assert!(found(&world, gate::check).is_empty());
        publish(&world, effect);
        assert!(found(&world, gate::check)[0].contains("nobody has approved"), "{effect}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_publication_that_is_no_reply_is_one_too_many() {
    let world = world();
    publish(&world, "label");
    assert!(found(&world, publications::check).iter().any(|problem| problem.ends_with("as label")));
}

fn end(world: &World, env: EnvId, number: u8) {
    let (task, at) = (TaskId::derive("github", &[number]), world.now());
    let end = End { task, status: TaskStatus::Completed, opened_at: at, at, counted_by: Some(env) };
    world.history().ends.push(end);
}

/// So many ends are written in `env`, which hears of it.
async fn count(world: &Arc<World>, env: EnvId, ends: u64) {
    let ended = [(TaskStatus::Completed.as_str().to_owned(), ends)].into();
    let value = serde_json::to_value(DayFigures { ended, ..DayFigures::default() }).unwrap();
    let (now, [key, ..]) = (world.now(), day_keys(world.now()));
    let later = after(now, Duration::from_secs(86_400));
    let swap = world.ports(env).swap(&key, Expected::Absent, &value, now, later).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)), "{swap:?}");
}

#[tokio::test(start_paused = true)]
async fn an_end_is_counted_once_in_the_figures() {
    for (counted, holds) in [(0, false), (1, false), (2, true), (3, false)] {
        let world = world();
        let env = world.new_env("processor");
        end(&world, env, 1);
        end(&world, env, 2);
        if counted > 0 {
            count(&world, env, counted).await;
        }
        assert_eq!(found(&world, figures::check).is_empty(), holds, "{counted}");
    }
}

/// A fault of the state store, or a death, makes allowance for the ends of its environment, and for no other's.
#[tokio::test(start_paused = true)]
async fn whoever_met_with_trouble_may_leave_ends_uncounted_and_nobody_else() {
    let troubles: [fn(&World, EnvId); 4] = [
        |world, env| world.kill(env),
        |world, env| world.troubles.stands_still(env, world.now()),
        |world, env| world.troubles.met(env, Port::Tasks, world.now()),
        |world, env| world.troubles.owes_figures(env, true),
    ];
    for trouble in troubles {
        let world = world();
        let envs = [world.new_env("processor"), world.new_env("processor")];
        end(&world, envs[0], 1);
        trouble(&world, envs[0]);
        assert!(found(&world, figures::check).is_empty());
        end(&world, envs[1], 2);
        assert!(!found(&world, figures::check).is_empty());
    }
}

/// What a write has counted whose answer was lost may be counted again, and nothing else.
#[tokio::test(start_paused = true)]
async fn a_count_whose_answer_was_lost_may_be_there_twice() {
    let world = world();
    let env = world.new_env("processor");
    end(&world, env, 1);
    count(&world, env, 2).await;
    assert!(!found(&world, figures::check).is_empty());
    let ended = [(TaskStatus::Completed.as_str().to_owned(), 1)].into();
    let lost = serde_json::to_value(DayFigures { ended, ..DayFigures::default() }).unwrap();
    let number = world.history().counted(None, &lost);
    assert!(found(&world, figures::check).is_empty());
    world.history().counts_heard(Some(number));
    assert!(!found(&world, figures::check).is_empty());
}

/// Two shards of $20 have no more than the whole has given them, and are given no more while they have not heard of it.
#[tokio::test(start_paused = true)]
async fn what_shards_have_is_what_they_were_given() {
    let exceeded = Some("no budget is exceeded");
    for (writes, broken) in [
        ([("#0", 0), ("", 5), ("#0", 5), ("", 9)], None),
        ([("#0", 0), ("", 5), ("#0", 4), ("#1", 2)], exceeded),
        ([("#0", 0), ("", 5), ("#0", 3), ("", 9)], Some("what a shard was given is not lost")),
    ] {
        let scenario = Scenario::of(0);
        let policy = Policy { budget_cents: Some(2_000), ..scenario.policy };
        let scenario = Scenario { policy, weather: Vec::new(), lane_bounds: Some(4), ..scenario };
        let world = World::new(Arc::new(scenario), None, false);
        let (ports, now) = (world.ports(world.new_env("processor")), world.now());
        for (shard, dollars) in writes {
            let key = format!("budget:{}{shard}", now.strftime("%Y-%m-%d"));
            let field = if shard.is_empty() { "u" } else { "g" };
            let version = ports.get(&key, now).await.unwrap().map(|known| known.version);
            let expected = version.map_or(Expected::Absent, Expected::Version);
            let value = json!({field: dollars * 1_000_000});
            let later = after(now, Duration::from_secs(86_400));
            let swap = ports.swap(&key, expected, &value, now, later).await.unwrap();
            assert!(matches!(swap, Swap::Done(_)), "{swap:?}");
        }
        assert_eq!(world.history().violations.first().map(|one| one.invariant), broken);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_an_environments_share_is_seen() {
    let world = world();
    let envs = [world.new_env("processor"), world.new_env("processor")];
    drop(world.under_way(envs[0], "m"));
    let _calls =
        [world.under_way(envs[0], "m"), world.under_way(envs[1], "m"), world.under_way(envs[0], "n")];
    assert!(world.history().violations.is_empty());
    let _one_more = world.under_way(envs[0], "m");
    assert_eq!(world.history().violations.len(), 1);
}

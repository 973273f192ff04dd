//! Every order of events of an approval, over the real code: `decide()`, the sweeper, the processor and
//! the messages that ask about the draft, each of them interrupted at every step that others could come
//! between, and killed there.
//!
//! `explorer` walks the tree of all choices, `game` knows who may go next, `world` is what they share.
//! Assumed is what the ledger assumes: a call to the outside ends within the minute in which its intent was
//! written.

mod explorer;
mod game;
mod world;

use std::sync::Arc;

use domain::contract::plain_task;
use domain::*;
use processor::{Parts, Processor};
use settings::Settings;
use telemetry::Metrics;
use wiring::{Client, OutsideService, Services};

use explorer::{Explored, explore};
use game::{Action, Budget, Decisions, Game, Lull, Setup};
use harness::{SETTINGS, START, Say, ScriptedModel, issue};
use world::World;

const DRAFT: &str = "Thanks, we look into it.";
const EDITED: &str = "Thanks! Fixed in 1.2.1.";

/// How a course of events began.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// The draft is parked, and nobody is asked in a channel.
    Parked,
    /// The processor is about to park it, and to ask in a channel.
    Received,
}

fn approve() -> Option<DecisionInput> {
    Some(DecisionInput::Approve { text: None, intent: None })
}

fn edit() -> Option<DecisionInput> {
    Some(DecisionInput::Approve { text: Some(EDITED.to_owned()), intent: None })
}

fn reject() -> Option<DecisionInput> {
    Some(DecisionInput::Reject { reason: None })
}

fn processor(world: &World, asks: bool) -> Arc<Processor> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "You are a careful maintainer.").unwrap();
    // Less than a tick with the grace: it expires within the first one.
    let agent = "history = 0\napproval = \"always\"\napproval_expires = \"4m\"";
    let text = SETTINGS.replace("history = 3", agent);
    let settings = Settings::parse(&text, dir.path()).unwrap();
    let model = ScriptedModel::default();
    model
        .script
        .lock()
        .unwrap()
        .extend([Say::Triage { intent: "bug_report", confidence: 0.9, spam: false }, Say::Text(DRAFT)]);
    let parts = Parts {
        stores: world.stores(),
        model: Arc::new(model),
        services: Services::default()
            .with(OutsideService::Github, Client::with_threads(Arc::new(world.clone()))),
        clock: world.clock(),
        jitter: Jitter::fixed(1.0),
        metrics: Metrics::none(),
    };
    let processor = Processor::new(&settings, processor::registry(), parts).unwrap();
    let approver = asks.then(|| Arc::new(world.clone()) as Arc<dyn Approver>);
    Arc::new(processor.with_approver(approver))
}

/// The task as ingest leaves it, and worked on until it is parked unless that is to be explored.
async fn setup(from: From, decisions: Decisions, budget: Budget) -> Setup {
    let world = World::new(Timestamp::from_millisecond(START).unwrap());
    let processor = processor(&world, from == From::Received);
    let (stores, now) = (world.stores(), world.state().now);
    let body = serde_json::to_vec(&issue(7)).unwrap();
    let mut task = plain_task("github", now);
    task.doc.event_hint = Some("issues".to_owned());
    task.control.due_at = Some(now);
    // A nonce of its own in each course of events would make all of them different.
    task.doc.nonce = Some("nonce".to_owned());
    let id = task.id.clone();
    stores.tasks.insert(&task).await.unwrap();
    let payload = Blob::pack(&body).unwrap();
    stores.payloads.put_new(&id, &PartKey::payload(), &payload, Timestamp::MAX).await.unwrap();
    let envelope = Envelope { task_id: id, lane: Lane::Express, tenant: "octo/repo".to_owned() };
    stores.queue.send(&envelope).await.unwrap();
    let start = world.state().clone();
    let mut setup =
        Setup { world, start, processor, decisions: [None, None], draft_hash: short_sha256(DRAFT), budget };
    let parked = work_once(&setup);
    assert_eq!(parked.task.as_ref().unwrap().control.status, TaskStatus::AwaitingApproval);
    match from {
        From::Parked => setup.start = parked,
        // What the model has said is saved, so that no course of events asks it again.
        From::Received => setup.start.keep_steps_of(&parked),
    }
    setup.decisions = decisions;
    setup
}

/// One processor works, undisturbed.
fn work_once(setup: &Setup) -> world::State {
    let mut game = Game::resume(setup, &Lull::start(setup));
    let first = Action::Run(game::WORKERS[0]);
    while !setup.world.state().messages.is_empty() {
        game.act(first);
    }
    setup.world.state().clone()
}

/// What must hold however it went: exactly one outcome, the one that was answered; published at most once,
/// and if and only if it was approved; and what people are shown agrees.
fn check(setup: &Setup, game: &mut Game<'_>, path: &[Action], explored: &mut Explored) {
    game.settle();
    let state = setup.world.state();
    let task = state.task.as_ref().unwrap();
    let told =
        || format!("after {path:?}: {:?} {:?} {:?}", task.control, task.doc.decision, task.doc.notices);
    assert_eq!(state.violation, None, "{}", told());
    assert!(state.messages.is_empty() && task.control.status.is_end(), "it hangs {}", told());
    assert_eq!(task.doc.follow_up, None, "a follow-up is still recorded {}", told());
    let decision = task.doc.decision.as_ref().unwrap_or_else(|| panic!("no outcome {}", told()));
    let winners: Vec<usize> = (0..2).filter(|person| matches!(game.answers[*person], Some(Ok(())))).collect();
    assert!(winners.len() <= 1, "two were told that they decided {}", told());
    if let Some(winner) = winners.first() {
        assert_eq!(decision.by, format!("person {winner}"), "{}", told());
    }
    for answer in game.answers.iter().flatten() {
        let sound = matches!(
            answer.as_ref().map_err(AsRef::as_ref),
            Ok(())
                | Err(DecideError::Conflict { .. }
                    | DecideError::Expired { .. }
                    | DecideError::StaleDraft { .. })
        );
        assert!(sound, "{answer:?} {}", told());
    }
    let published: Vec<&str> = state.comments.iter().map(|(text, _)| text.as_str()).collect();
    let (status, expected): (_, &[&str]) = match decision.outcome {
        Outcome::Approved => (TaskStatus::Completed, &[DRAFT]),
        Outcome::Edited => (TaskStatus::Completed, &[EDITED]),
        Outcome::Rejected => (TaskStatus::Rejected, &[]),
        Outcome::Expired => (TaskStatus::Expired, &[]),
    };
    assert_eq!((task.control.status, published.as_slice()), (status, expected), "{}", told());
    let mut names: Vec<&String> = state.asked.iter().map(|(name, _)| name).collect();
    names.dedup();
    assert_eq!(names.len(), state.asked.len(), "asked twice {}", told());
    for (name, says) in &state.asked {
        assert_eq!(says, decision.outcome.as_str(), "{name} {}", told());
    }
    match decision.outcome {
        Outcome::Approved | Outcome::Edited => explored.published += 1,
        Outcome::Rejected => explored.rejected += 1,
        Outcome::Expired => explored.expired += 1,
    }
}

/// Explores, and says how much that was to whoever runs it with `--nocapture`.
#[allow(clippy::print_stdout, reason = "see above")]
async fn explored(from: From, decisions: Decisions, budget: Budget) -> Explored {
    let explored = explore(&setup(from, decisions, budget).await, check);
    println!("{explored:?}");
    explored
}

/// Time passes twice: once for the lease of who died, and once for the draft that nobody decided about.
const PARKED: Budget = Budget { ticks: 2, crashes: 1, sweeps: 1, workers: 1 };
const RECEIVED: Budget = Budget { ticks: 1, crashes: 1, sweeps: 1, workers: 1 };

#[tokio::test(start_paused = true)]
async fn of_two_who_decide_one_wins_whoever_dies_when() {
    let explored = explored(From::Parked, [approve(), reject()], PARKED).await;
    assert!(explored.published > 0 && explored.rejected > 0 && explored.expired > 0, "{explored:?}");
}

#[tokio::test(start_paused = true)]
async fn an_edited_draft_is_published_or_rejected_and_never_both() {
    let explored = explored(From::Parked, [edit(), reject()], PARKED).await;
    assert!(explored.published > 0 && explored.rejected > 0 && explored.expired > 0, "{explored:?}");
}

#[tokio::test(start_paused = true)]
async fn of_two_texts_the_one_that_won_is_published() {
    let explored = explored(From::Parked, [approve(), edit()], PARKED).await;
    assert!(explored.published > 0 && explored.expired > 0, "{explored:?}");
}

#[tokio::test(start_paused = true)]
async fn a_processor_that_outlives_its_lease_does_not_publish_again() {
    let explored = explored(From::Parked, [approve(), None], Budget { workers: 2, ..PARKED }).await;
    assert!(explored.published > 0 && explored.expired > 0, "{explored:?}");
}

#[tokio::test(start_paused = true)]
async fn people_are_asked_once_and_shown_that_it_was_approved() {
    // Sweeps come at the end, too: without one of its own, the second walk is about deaths.
    for budget in [Budget { crashes: 0, ..RECEIVED }, Budget { sweeps: 0, ..RECEIVED }] {
        let explored = explored(From::Received, [approve(), None], budget).await;
        assert!(explored.published > 0 && explored.expired > 0, "{explored:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn people_are_asked_once_and_shown_that_it_was_rejected() {
    let explored = explored(From::Received, [reject(), None], RECEIVED).await;
    assert!(explored.rejected > 0 && explored.expired > 0, "{explored:?}");
}

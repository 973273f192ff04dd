//! A hundred people decide about one draft at once: one of them does, and the others hear that.

use std::time::Duration;

use domain::contract::plain_task;
use domain::{
    Blob, Clock, DecideError, Decider, DecisionInput, DraftOrigin, DraftRef, Insert, Origin, Outcome,
    PartKey, Save, Stores, Task, TaskStatus, after, decide, short_sha256,
};
use e2e::emulator::Emulator;
use embedded::Embedded;
use tokio::task::JoinSet;

const DRAFT: &str = "Thank you for the report!";

async fn parked(stores: &Stores) -> Task {
    let now = Clock::system().now();
    let mut task = plain_task("deciders", now);
    assert_eq!(stores.tasks.insert(&task).await.unwrap(), Insert::New);
    let (part, blob) = (PartKey::draft(&short_sha256(DRAFT)), Blob::pack(DRAFT.as_bytes()).unwrap());
    stores.payloads.put_new(&task.id, &part, &blob, task.parts_forgotten_at()).await.unwrap();
    task.transition(TaskStatus::Processing, now, "claimed").unwrap();
    task.transition(TaskStatus::AwaitingApproval, now, "parked").unwrap();
    task.doc.draft =
        Some(DraftRef { hash: short_sha256(DRAFT), from: DraftOrigin::Model, parked_because: None });
    task.doc.expires_at = Some(after(now, Duration::from_secs(3_600)));
    task.control.due_at = task.doc.expires_at;
    assert_eq!(stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    task
}

/// All in the same millisecond, and every third of them under the same name.
async fn decide_at_once(stores: &Stores) {
    let task = parked(stores).await;
    let at = Clock::system().now();
    let mut deciders = JoinSet::new();
    for person in 0..100 {
        let (stores, id) = (stores.clone(), task.id.clone());
        deciders.spawn(async move {
            let verdict = match person % 3 {
                0 => DecisionInput::Approve { text: None, intent: None },
                1 => DecisionInput::Reject { reason: None },
                _ => DecisionInput::Approve { text: Some(format!("Edited by {person}.")), intent: None },
            };
            let (name, request) = (format!("person {}", person % 3), format!("request {person}"));
            let decider = Decider { name: &name, request: &request, at, from: &Origin::CONSOLE };
            decide(&stores, &id, verdict, &short_sha256(DRAFT), decider).await.map(|decided| decided.task)
        });
    }
    let answers = deciders.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 99));
    assert!(lost.iter().all(|answer| matches!(answer, Err(DecideError::Conflict { .. }))), "{lost:?}");
    let stored = stores.tasks.get(&task.id).await.unwrap().unwrap();
    assert_eq!(stored.doc.decision, won.into_iter().next().unwrap().unwrap().doc.decision);
    let outcome = stored.doc.decision.unwrap().outcome;
    let rejected = outcome == Outcome::Rejected;
    assert_eq!(stored.control.status, if rejected { TaskStatus::Rejected } else { TaskStatus::Waiting });
    assert_eq!(stored.control.revision, task.control.revision + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_one_decides_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(dir.path(), Clock::system()).unwrap();
    decide_at_once(&embedded.stores()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_one_decides_on_dynamodb() {
    let resources = Emulator::shared().resources().await;
    decide_at_once(&resources.stores).await;
}

#[tokio::test]
async fn who_requested_a_task_decides_about_it_neither_in_the_console_nor_in_slack() {
    let stores = Embedded::in_memory(Clock::system()).unwrap().stores();
    let mut task = parked(&stores).await;
    task.doc.source = domain::API_SOURCE.to_owned();
    "mona".clone_into(&mut task.doc.actor);
    assert_eq!(stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    let slack = Origin::Slack { team: "T1".to_owned(), user: "U2CERLKJA".to_owned() };
    let at = Clock::system().now();
    let (stores, id) = (&stores, &task.id);
    let decide_as = async |name: &str, from: &Origin| {
        let decider = Decider { name, request: "request", at, from };
        decide(stores, id, DecisionInput::Approve { text: None, intent: None }, &short_sha256(DRAFT), decider)
            .await
    };
    for (name, from) in [("mona", &Origin::CONSOLE), ("MONA", &Origin::CONSOLE), ("mona (U2CERLKJA)", &slack)]
    {
        let refused = decide_as(name, from).await;
        assert!(
            matches!(&refused, Err(DecideError::OwnTask { by, .. }) if by == "mona"),
            "{name}: {refused:?}"
        );
    }
    // An account without a known name is whoever it is.
    decide_as("U2CERLKJA", &slack).await.unwrap();
}

#[tokio::test]
async fn who_asked_in_slack_does_not_approve_the_answer_by_a_click() {
    let stores = Embedded::in_memory(Clock::system()).unwrap().stores();
    let mut task = parked(&stores).await;
    task.doc.source = "slack".to_owned();
    "U2CERLKJA".clone_into(&mut task.doc.actor);
    assert_eq!(stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    let (stores, id, at) = (&stores, &task.id, Clock::system().now());
    let decide_as = async |user: &str| {
        let from = Origin::Slack { team: "T1".to_owned(), user: user.to_owned() };
        let name = format!("mona ({user})");
        let decider = Decider { name: &name, request: "request", at, from: &from };
        decide(stores, id, DecisionInput::Approve { text: None, intent: None }, &short_sha256(DRAFT), decider)
            .await
    };
    let refused = decide_as("U2CERLKJA").await;
    assert!(matches!(&refused, Err(DecideError::OwnTask { .. })), "{refused:?}");
    decide_as("U0LISA").await.unwrap();
}

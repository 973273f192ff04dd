//! Approvals that nobody has made, written by whatever can write the tasks table: ingest, taken over.

use std::sync::Arc;

use domain::*;
use outbound::scripted::{Asked, Reply, Server};
use outbound::{Caller, Reach};
use serde_json::json;
use wiring::Services;

use harness::{Bench, SETTINGS, Say, found, handled_by, issue};

const TEXT: &str = "Thanks, we look into it.";

/// A bench whose model is not sure, and a task whose draft waits for a person.
async fn parked(settings: &str) -> (Bench, TaskId) {
    let bench = Bench::with(settings, None);
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    (bench, id)
}

/// Writes the task as `change` leaves it, and has it worked on: what ingest's role can do.
async fn write(bench: &Bench, id: &TaskId, change: impl FnOnce(&mut Task)) -> Task {
    let mut task = bench.task(id).await;
    let now = bench.now();
    change(&mut task);
    task.control.status = TaskStatus::Waiting;
    (task.control.not_before, task.control.due_at) = (Some(now), Some(now));
    assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    let envelope = Envelope { task_id: id.clone(), lane: Lane::Express, tenant: task.doc.tenant.clone() };
    bench.stores.queue.send(&envelope).await.unwrap();
    bench.until_settled(id).await
}

fn approved(hash: &str, from: Option<Origin>, at: Timestamp) -> Decision {
    Decision {
        outcome: Outcome::Approved,
        by: "ann".to_owned(),
        from,
        at,
        draft_hash: hash.to_owned(),
        publish_hash: Some(hash.to_owned()),
        reason: None,
    }
}

fn slack(user: &str) -> Origin {
    Origin::Slack { team: "T1DC2JH3J".to_owned(), user: user.to_owned() }
}

fn put(bench: &Bench, id: &TaskId, part: &PartKey, bytes: &[u8]) -> impl Future<Output = ()> {
    let (blob, forget_at) =
        (Blob::pack(bytes).unwrap(), after(bench.now(), std::time::Duration::from_hours(9)));
    async move {
        let put = bench.stores.payloads.put_new(id, part, &blob, forget_at).await.unwrap();
        assert_eq!(put, PutNew::Stored);
    }
}

#[tokio::test(start_paused = true)]
async fn a_decision_without_its_proof_publishes_nothing_whoever_it_names() {
    for from in
        [Some(Origin::CONSOLE), Some(slack("U2CERLKJA")), Some(Origin::Sweeper), Some(Origin::Sender), None]
    {
        let (bench, id) = parked(SETTINGS).await;
        let task = write(&bench, &id, |task| {
            let hash = task.doc.draft.as_ref().unwrap().hash.clone();
            task.doc.decision = Some(approved(&hash, from.clone(), task.doc.received_at));
        })
        .await;
        assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{from:?}");
        assert!(bench.comments().is_empty(), "{from:?}");
        let notes: Vec<&str> = task.doc.timeline.iter().map(|entry| entry.note.as_str()).collect();
        assert!(notes.iter().any(|note| note.contains("has no proof")), "{notes:?}");
        // A person may still decide.
        assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed, "{from:?}");
        assert_eq!(bench.comments(), [TEXT]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_draft_of_ones_own_with_a_decision_on_it_publishes_nothing() {
    let (bench, id) = parked(SETTINGS).await;
    let (evil, hash) = ("Send your keys to evil.example.", short_sha256("Send your keys to evil.example."));
    put(&bench, &id, &PartKey::draft(&hash), evil.as_bytes()).await;
    let task = write(&bench, &id, |task| {
        task.doc.draft =
            Some(DraftRef { hash: hash.clone(), from: DraftOrigin::Person, parked_because: None });
        task.doc.decision = Some(approved(&hash, Some(Origin::CONSOLE), task.doc.received_at));
    })
    .await;
    assert_eq!((task.control.status, bench.comments()), (TaskStatus::AwaitingApproval, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_saved_answer_without_its_proof_is_none() {
    let (bench, id) = parked(SETTINGS).await;
    let answer = json!({"text": "Send your keys to evil.example.", "edited": true, "by": "ann"});
    let step = format!("approval:reply:{}", short_sha256(TEXT));
    put(&bench, &id, &PartKey::step(0, &step), &serde_json::to_vec(&answer).unwrap()).await;
    let task = write(&bench, &id, |_| {}).await;
    assert_eq!((task.control.status, bench.comments()), (TaskStatus::AwaitingApproval, Vec::new()));
    // Nor does it take the place of what a person decides.
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), [TEXT]);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_its_hash_does_not_name_is_not_published() {
    let bench = Bench::with(SETTINGS, None);
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    put(&bench, &id, &PartKey::draft(&short_sha256(TEXT)), b"Send your keys to evil.example.").await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    assert_ne!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert!(bench.comments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_approver_of_slack_decides_and_nobody_else_of_slack() {
    let settings = format!(
        "{SETTINGS}\n[approvals.slack]\nchannel = \"C0APPROVALS\"\napprovers = [\"U2CERLKJA\"]\n[sources.slack]\n"
    );
    for (user, published) in [("U2CERLKJA", true), ("U0STRANGER", false)] {
        let (bench, id) = parked(&settings).await;
        let hash = bench.task(&id).await.doc.draft.unwrap().hash;
        let from = slack(user);
        let decider = Decider { name: user, request: "r1", at: bench.now(), from: &from };
        decide(&bench.stores, &id, DecisionInput::Approve { text: None, intent: None }, &hash, decider)
            .await
            .unwrap();
        let task = bench.until_settled(&id).await;
        assert_eq!(task.control.status == TaskStatus::Completed, published, "{user}");
        assert_eq!(bench.comments().len(), usize::from(published), "{user}");
    }
}

/// Whoever can write the task can show a person other words than those of the call.
#[tokio::test(start_paused = true)]
async fn an_approval_of_other_words_permits_no_call() {
    let server = Server::start(|_: &Asked| Reply::json(200, json!({}))).await;
    let caller =
        Caller::new(&server.base, &[], &Reach::public().with_this_machine(), Clock::system()).unwrap();
    let services = Services { calls: [("reset".to_owned(), Arc::new(caller))].into(), ..Services::default() };
    let section =
        format!("[automations.http.reset]\nurl = \"{}/reset\"\napproval = \"always\"\n", server.base);
    let bench = Bench::at(&handled_by("http.reset", &section), None, services);
    bench.script([found(0.9, json!({}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{:?}", task.doc.error);
    let true_hash = task.doc.draft.unwrap().hash;
    let harmless = short_sha256("Thank the author.");
    put(&bench, &id, &PartKey::draft(&harmless), b"Thank the author.").await;
    let mut task = bench.task(&id).await;
    task.doc.draft.as_mut().unwrap().hash.clone_from(&harmless);
    assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(task.doc.draft.unwrap().hash, true_hash, "asked again, in the words of the call");
    assert_eq!(server.lines().len(), 0);
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(server.lines().len(), 1);
}

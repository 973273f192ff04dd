//! Several comments of one person before the first was worked on: one answer.

use std::time::Duration;

use domain::*;
use serde_json::{Value, json};

use harness::{Bench, SETTINGS, Say, comment};
use outbound::{Fetched, Fetcher};
use processor::Context;
use wiring::Services;

/// The `n`th comment on issue 7.
fn nth(n: u64, author: &str, text: &str) -> Value {
    let mut event = comment(author, text);
    event["comment"]["id"] = json!(n);
    event["comment"]["created_at"] = json!(format!("2026-11-20T10:00:{n:02}Z"));
    event
}

/// Stored one after the other, before anybody works.
async fn accepted(bench: &Bench, events: &[Value]) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for event in events {
        ids.push(bench.accept(event).await);
        bench.pass(Duration::from_secs(1));
    }
    ids
}

async fn settled(bench: &Bench) {
    for _ in 0..6 {
        bench.work().await;
        bench.pass(Duration::from_secs(10));
    }
}

/// The processor sends nothing to its own lanes: a sweep does.
async fn swept(bench: &Bench) {
    for _ in 0..3 {
        settled(bench).await;
        bench.sweep().await;
    }
    settled(bench).await;
}

async fn statuses(bench: &Bench, ids: &[TaskId]) -> Vec<TaskStatus> {
    let mut found = Vec::new();
    for id in ids {
        found.push(bench.status(id).await);
    }
    found
}

/// All that the model was shown.
fn turns(bench: &Bench) -> Vec<Turn> {
    bench.model.calls.lock().unwrap().iter().flat_map(|call| call.turns.clone()).collect()
}

use TaskStatus::{Completed, Ignored};

#[tokio::test(start_paused = true)]
async fn the_newest_of_a_persons_comments_is_answered_for_all() {
    let bench = Bench::new();
    let events = [1, 2, 3].map(|n| nth(n, "mona", &format!("@afterhook part {n}")));
    let ids = accepted(&bench, &events).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored, Ignored, Completed]);
    assert_eq!((bench.comments().len(), bench.steps()), (1, vec!["triage".to_owned(), "answer".to_owned()]));
    let note = bench.task(&ids[0]).await.doc.timeline.pop().unwrap().note;
    assert!(note.starts_with("superseded by tsk_"), "{note}");
}

/// Whoever has claimed it may have read already what it was handed, whatever the lease of the thread says.
#[tokio::test(start_paused = true)]
async fn a_comment_that_somebody_works_on_supersedes_nothing() {
    let bench = Bench::new();
    let events = [1, 2].map(|n| nth(n, "mona", &format!("@afterhook part {n}")));
    let ids = accepted(&bench, &events).await;
    let lease = Lease { owner: "another".to_owned(), until: after(bench.now(), Duration::from_secs(300)) };
    bench.stores.tasks.claim(&ids[1], &ClaimRequest { now: bench.now(), lease }).await.unwrap();
    bench.work().await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, TaskStatus::Processing]);
}

/// One that has crashed its processor before may fail before any model sees what it was handed.
#[tokio::test(start_paused = true)]
async fn a_comment_that_has_spent_attempts_supersedes_nothing() {
    let bench = Bench::new();
    let events = [1, 2].map(|n| nth(n, "mona", &format!("@afterhook part {n}")));
    let ids = accepted(&bench, &events).await;
    let mut newer = bench.task(&ids[1]).await;
    newer.control.attempts = 1;
    assert_eq!(bench.stores.tasks.save(&mut newer).await.unwrap(), Save::Done);
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Completed]);
}

/// Whoever died with it may have saved its answer, which is not asked for again.
#[tokio::test(start_paused = true)]
async fn a_comment_whose_processor_died_supersedes_nothing() {
    let bench = Bench::with(&unsorted("reply"), None);
    let events = [1, 2].map(|n| nth(n, "mona", &format!("@afterhook part {n}")));
    let ids = accepted(&bench, &events).await;
    let mut newer = bench.task(&ids[1]).await;
    newer.doc.runs_alone = true;
    assert_eq!(bench.stores.tasks.save(&mut newer).await.unwrap(), Save::Done);
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Completed]);
}

/// [`SETTINGS`] without anything to sort by, and without a person who looks.
fn unsorted(automation: &str) -> String {
    let (settings, _) = SETTINGS.split_once("[[intents]]").unwrap();
    let unseen = format!("history = 3\napproval = \"never\"\ndefault_automation = {automation:?}");
    settings.replace("history = 3", &unseen)
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

/// What asks no model for itself shows it nothing, unless triage does.
#[tokio::test(start_paused = true)]
async fn a_comment_that_no_model_will_see_supersedes_nothing() {
    for (automation, expected) in [("mine", [Completed, Completed]), ("reply", [Ignored, Completed])] {
        let registry = processor::registry().on("mine", |context: Context, _: Nothing| async move {
            context.reply("Noted.".to_owned()).await
        });
        let bench = Bench::with(&unsorted(automation), Some(registry));
        let events = [1, 2].map(|n| nth(n, "mona", &format!("@afterhook part {n}.")));
        let ids = accepted(&bench, &events).await;
        settled(&bench).await;
        assert_eq!(statuses(&bench, &ids).await, expected, "{automation}");
        let shown: String = turns(&bench).into_iter().map(|turn| turn.text).collect();
        assert_eq!(shown.contains("part 1."), automation == "reply", "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_persons_comment_supersedes_nothing() {
    let bench = Bench::new();
    let events = [nth(1, "mona", "@afterhook one"), nth(2, "kim", "@afterhook two")];
    let ids = accepted(&bench, &events).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Completed]);
}

/// Ingest may not know the agent's login, and stores comments that turn out to speak to nobody.
#[tokio::test(start_paused = true)]
async fn a_comment_that_will_not_be_answered_supersedes_nothing() {
    let bench = Bench::new();
    let events = [nth(1, "mona", "@afterhook help"), nth(2, "mona", "by the way")];
    let ids = accepted(&bench, &events).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Ignored]);
}

/// What a newer task would be answered for when it came in, it may not be when it is worked on.
#[tokio::test(start_paused = true)]
async fn a_comment_whose_newer_one_is_ignored_after_all_is_answered_by_itself() {
    type Change = fn(&Bench);
    let closed: Change = |bench| *bench.service.state.lock().unwrap() = ThreadState::Closed;
    let noted: Change = |bench| {
        *bench.service.has_notes.lock().unwrap() = true;
        bench.service.noted.lock().unwrap().push("3".to_owned());
    };
    let thread = "respond_to_comments = \"thread\"\nevents = [";
    for (change, settings) in [
        (closed, SETTINGS.replace("events = [", thread)),
        (noted, SETTINGS.replace("events = [", thread)),
        (closed, unsorted("reply").replace("events = [", thread)),
    ] {
        let bench = Bench::with(&settings, None);
        let said = ["@afterhook part 1.", "@afterhook part 2.", "Part 3, by the way."];
        let events = [1, 2, 3].map(|n| nth(n, "mona", said[n as usize - 1]));
        let ids = accepted(&bench, &events).await;
        change(&bench);
        swept(&bench).await;
        assert_eq!(statuses(&bench, &ids).await, [Ignored, Completed, Ignored], "{settings}");
        assert_eq!(bench.comments().len(), 1);
        let notes = bench.task(&ids[1]).await.doc.timeline;
        let notes: Vec<&str> = notes.iter().map(|entry| entry.note.as_str()).collect();
        let (newest, again) = (&ids[2], format!("sent around again: {} answers nobody", ids[2]));
        assert!(notes.contains(&format!("superseded by {newest}").as_str()), "{notes:?}");
        assert!(notes.contains(&again.as_str()), "{notes:?}");
        let shown: String = turns(&bench).into_iter().map(|turn| turn.text).collect();
        let counts = ["part 1.", "part 2."].map(|part| shown.contains(part));
        assert_eq!(counts, [true; 2], "{shown}");
    }
}

/// Triage has seen both, and answers nobody. What was given back is answered once, whoever retries the newer one.
#[tokio::test(start_paused = true)]
async fn a_comment_whose_newer_one_is_ignored_after_triage_is_answered_once() {
    let settings = SETTINGS.replace("events = [", "respond_to_comments = \"thread\"\nevents = [");
    let bench = Bench::with(&settings, None);
    let sorted = Say::Triage { intent: "question", confidence: 0.9, spam: false };
    bench.script([sorted, Say::Fail(ModelFailure::Retry)]);
    let ids = accepted(&bench, &[nth(1, "mona", "@afterhook help."), nth(2, "mona", "By the way.")]).await;
    bench.work().await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored, TaskStatus::Waiting]);
    *bench.service.state.lock().unwrap() = ThreadState::Closed;
    swept(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Ignored]);
    *bench.service.state.lock().unwrap() = ThreadState::Open;
    let decider = Decider { name: "ada", request: "r3", at: bench.now(), from: &domain::Origin::CONSOLE };
    retry(&bench.stores, &ids[1], None, decider).await.unwrap();
    bench.model.calls.lock().unwrap().clear();
    swept(&bench).await;
    let shown: String = turns(&bench).into_iter().map(|turn| turn.text).collect();
    assert!(!shown.contains("help.") && shown.contains("By the way."), "{shown}");
    assert_eq!(bench.comments().len(), 2);
}

/// It cannot be worked on: what it was handed is, by itself.
#[tokio::test(start_paused = true)]
async fn a_comment_whose_newer_one_fails_unseen_is_answered_by_itself() {
    let bench = Bench::new();
    let ids = accepted(&bench, &[nth(1, "mona", "@afterhook help"), nth(2, "mona", "@afterhook more")]).await;
    let messages = bench.receive(Lane::Standard).await;
    let first = messages.iter().find(|message| message.task_id().unwrap() == ids[0]).unwrap();
    bench.processor.handle(first, after(bench.now(), Duration::from_secs(120))).await;
    let mut newer = bench.task(&ids[1]).await;
    newer.control.attempts = MAX_ATTEMPTS;
    assert_eq!(bench.stores.tasks.save(&mut newer).await.unwrap(), Save::Done);
    bench.pass(Duration::from_secs(1_100));
    swept(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, TaskStatus::Failed]);
}

/// The first gave way to the second, which carries it: both are one question.
#[tokio::test(start_paused = true)]
async fn a_chain_that_is_given_back_is_answered_once() {
    let settings = SETTINGS.replace("events = [", "respond_to_comments = \"thread\"\nevents = [");
    let bench = Bench::with(&settings, None);
    let said = |n: u64| nth(n, "mona", &format!("@afterhook part {n}."));
    let mut ids = accepted(&bench, &[said(1), said(2)]).await;
    let messages = bench.receive(Lane::Standard).await;
    let first = messages.iter().find(|message| message.task_id().unwrap() == ids[0]).unwrap();
    bench.processor.handle(first, after(bench.now(), Duration::from_secs(120))).await;
    assert_eq!(bench.task(&ids[0]).await.gave_way_to().as_ref(), Some(&ids[1]));
    ids.extend(accepted(&bench, &[nth(3, "mona", "Part 3, by the way.")]).await);
    bench.pass(Duration::from_secs(1_100));
    *bench.service.state.lock().unwrap() = ThreadState::Closed;
    swept(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored, Completed, Ignored]);
    assert_eq!(bench.comments().len(), 1);
    let shown: String = turns(&bench).into_iter().map(|turn| turn.text).collect();
    assert!(shown.contains("part 1.") && shown.contains("part 2."), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn in_a_locked_thread_what_gave_way_says_itself_why_nobody_is_answered() {
    let settings = SETTINGS.replace("events = [", "respond_to_comments = \"thread\"\nevents = [");
    let bench = Bench::with(&settings, None);
    let ids = accepted(&bench, &[nth(1, "mona", "@afterhook help"), nth(2, "mona", "by the way")]).await;
    *bench.service.state.lock().unwrap() = ThreadState::Locked;
    swept(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored; 2]);
    for id in ids {
        let last = bench.task(&id).await.doc.timeline.pop().unwrap().note;
        assert!(last.starts_with("thread_closed"), "{id}: {last}");
    }
}

/// The newer task is handed the text alone.
#[tokio::test(start_paused = true)]
async fn a_comment_that_shows_an_image_gives_way_to_an_edit_of_itself_alone() {
    const IMAGE: &str = "@afterhook ![it](https://github.com/user-attachments/assets/0b4a-1e9a)";
    let image = Fetched { mime_type: Some("image/png".to_owned()), data: vec![1, 2, 3] };
    let files =
        Fetcher::default().with_file("https://github.com/user-attachments/assets/0b4a-1e9a", Ok(image));
    let bench = Bench::at(SETTINGS, None, Services { files, ..Services::default() });
    let ids = accepted(&bench, &[nth(1, "mona", IMAGE), nth(2, "mona", "@afterhook any idea?")]).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Completed]);
    assert!(turns(&bench).iter().any(|turn| !turn.media.is_empty()), "the model has seen it");
    let bench = Bench::new();
    let mut edit = nth(1, "mona", "@afterhook without the image");
    edit["action"] = json!("edited");
    edit["comment"]["updated_at"] = json!("2026-11-20T10:00:30Z");
    let ids = accepted(&bench, &[nth(1, "mona", IMAGE), edit]).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored, Completed]);
}

#[tokio::test(start_paused = true)]
async fn an_edit_supersedes_its_comment_and_no_other() {
    let bench = Bench::new();
    let mut edit = nth(1, "mona", "@afterhook one, edited");
    edit["action"] = json!("edited");
    edit["comment"]["updated_at"] = json!("2026-11-20T10:00:30Z");
    let events = [nth(1, "mona", "@afterhook one"), edit];
    let ids = accepted(&bench, &events).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored, Completed]);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_begun_is_finished() {
    let bench = Bench::new();
    let unsure = Say::Triage { intent: "question", confidence: 0.1, spam: false };
    bench.script([unsure]);
    let ids = accepted(&bench, &[nth(1, "mona", "@afterhook one")]).await;
    bench.work().await;
    assert_eq!(bench.status(&ids[0]).await, TaskStatus::AwaitingApproval);
    accepted(&bench, &[nth(2, "mona", "@afterhook two")]).await;
    let hash = bench.task(&ids[0]).await.doc.draft.unwrap().hash;
    let decider = Decider { name: "ada", request: "r1", at: bench.now(), from: &domain::Origin::CONSOLE };
    decide(&bench.stores, &ids[0], DecisionInput::Approve { text: None, intent: None }, &hash, decider)
        .await
        .unwrap();
    settled(&bench).await;
    assert_eq!(bench.status(&ids[0]).await, Completed);
    assert_eq!(bench.comments().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_history_every_comment_is_answered() {
    let bench = Bench::with(&SETTINGS.replace("history = 3", "history = 0"), None);
    let events = [nth(1, "mona", "@afterhook one"), nth(2, "mona", "@afterhook two")];
    let ids = accepted(&bench, &events).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Completed]);
}

/// A person who asks for the older one again gets it.
#[tokio::test(start_paused = true)]
async fn a_superseded_task_can_be_retried() {
    let bench = Bench::new();
    let events = [nth(1, "mona", "@afterhook one"), nth(2, "mona", "@afterhook two")];
    let ids = accepted(&bench, &events).await;
    bench.receive(Lane::Standard).await;
    bench.pass(Duration::from_secs(1_100));
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Ignored, Completed]);
    let decider = Decider { name: "ada", request: "r2", at: bench.now(), from: &domain::Origin::CONSOLE };
    retry(&bench.stores, &ids[0], None, decider).await.unwrap();
    settled(&bench).await;
    assert_eq!(bench.status(&ids[0]).await, Completed);
}

/// A later task of the thread does not show the comments of a review: nobody answers for an earlier one.
#[tokio::test(start_paused = true)]
async fn comments_that_the_thread_does_not_list_are_answered_one_by_one() {
    let bench = Bench::new();
    let events = [1, 2].map(|n| {
        let mut event = nth(n, "mona", &format!("@afterhook part {n}"));
        event["pull_request"] = event.as_object_mut().unwrap().remove("issue").unwrap();
        event["comment"]["in_reply_to_id"] = json!(1);
        event
    });
    let ids = accepted(&bench, &events).await;
    settled(&bench).await;
    assert_eq!(statuses(&bench, &ids).await, [Completed, Completed]);
    assert_eq!(bench.comments().len(), 2);
}

/// Eight quick comments with a history of three: the answer's own call has the words of all.
#[tokio::test(start_paused = true)]
async fn every_text_of_a_superseded_task_is_shown_with_the_newest() {
    let bench = Bench::new();
    let events: Vec<Value> = (1..=8).map(|n| nth(n, "mona", &format!("@afterhook part {n}."))).collect();
    let ids = accepted(&bench, &events).await;
    *bench.service.history.lock().unwrap() = (6..=8)
        .map(|n| Comment {
            id: n.to_string(),
            author: "mona".to_owned(),
            ours: false,
            text: format!("@afterhook part {n}."),
            at: format!("2026-11-20T10:00:{n:02}Z").parse().unwrap(),
        })
        .collect();
    for _ in 0..20 {
        settled(&bench).await;
    }
    let statuses = statuses(&bench, &ids).await;
    assert_eq!(statuses[..7], [Ignored; 7]);
    assert_eq!(statuses[7], Completed);
    for call in bench.model.calls.lock().unwrap().iter() {
        let shown: String = call.turns.iter().map(|turn| turn.text.as_str()).collect();
        let counts: Vec<usize> = (1..=8).map(|n| shown.matches(&format!("part {n}.")).count()).collect();
        assert_eq!(counts, [1; 8], "{}: {shown}", call.step);
    }
}

/// All of them together are more than any model takes: a task whose text finds no room is worked on by itself.
#[tokio::test(start_paused = true)]
async fn what_a_task_carries_has_a_bound_and_every_text_is_shown() {
    const LONG: usize = 25_000;
    let bench = Bench::new();
    let padding = "long ".repeat(LONG / 5);
    let events: Vec<Value> =
        (1..=40).map(|n| nth(n, "mona", &format!("@afterhook part {n}. {padding}"))).collect();
    let ids = accepted(&bench, &events).await;
    for _ in 0..60 {
        settled(&bench).await;
    }
    let statuses = statuses(&bench, &ids).await;
    assert!(statuses.contains(&Ignored), "{statuses:?}");
    let is_dealt_with = |status: &TaskStatus| status.is_end() || *status == TaskStatus::AwaitingApproval;
    assert!(statuses.iter().all(is_dealt_with), "{statuses:?}");
    let calls = bench.model.calls.lock().unwrap();
    let shown: Vec<String> =
        calls.iter().map(|call| call.turns.iter().map(|turn| turn.text.as_str()).collect()).collect();
    for n in 1..=40 {
        assert!(shown.iter().any(|shown| shown.contains(&format!("part {n}."))), "part {n} is shown");
    }
    let longest = shown.iter().map(String::len).max().unwrap();
    assert!((2 * LONG..4 * LONG).contains(&longest), "{longest}");
}

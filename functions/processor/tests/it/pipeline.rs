//! The way of one task: sorted, answered, parked, published.

use std::time::Duration;

use domain::*;
use processor::{Context, Finished, Interrupt, Registry};
use serde_json::Value;

use harness::{Bench, LOGIN, SETTINGS, Say, comment, issue};

#[tokio::test(start_paused = true)]
async fn issue_is_sorted_answered_and_published() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.work().await, 1);
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert_eq!(task.control.attempts, 1);
    assert_eq!(task.doc.classification.as_ref().unwrap().intent, "bug_report");
    assert_eq!(bench.steps(), ["triage", "answer"]);
    assert_eq!(bench.comments(), ["Thanks, we look into it."]);
    assert_eq!(task.tokens_used(), 246);
    assert_eq!(task.cost_usd(), Some(0.002));
    let result = task.doc.result.unwrap();
    assert_eq!(result.output_url.as_deref(), Some("https://github.com/comment/1"));
    assert_eq!(bench.work().await, 0, "the message is gone");
}

#[tokio::test(start_paused = true)]
async fn an_intent_gives_its_tasks_their_priority_from_the_moment_they_are_sorted() {
    let bulk = "automation = \"reply\"\npriority = 1";
    let bench = Bench::with(&SETTINGS.replacen("automation = \"reply\"", bulk, 1), None);
    for (number, intent, came_with, then) in [(7, "bug_report", 3, 1), (8, "question", 4, 4)] {
        let defer = ModelFailure::Defer { why: Deferral::Unavailable, not_before: None };
        bench.script([Say::Triage { intent, confidence: 0.9, spam: false }, Say::Fail(defer)]);
        let priority = Priority::new(came_with).unwrap();
        let id = bench.accept_at(&issue(number), priority, "octo/repo").await;
        bench.work().await;
        let task = bench.task(&id).await;
        assert_eq!((task.control.status, task.doc.priority.level()), (TaskStatus::Waiting, then));
        let asked: Vec<u8> =
            bench.model.calls.lock().unwrap().drain(..).map(|call| call.priority.level()).collect();
        assert_eq!(asked, [came_with, then]);
        // The next message goes by it, and the next try keeps it.
        let (stage, far) = (Stage::of(TaskStatus::Waiting), after(bench.now(), Duration::from_secs(86_400)));
        let due = bench.stores.tasks.due(stage, far, 10).await.unwrap();
        let due = due.iter().find(|due| due.task_id == id).unwrap();
        assert_eq!(due.lane, task.doc.priority.lane());
        let task = bench.until_settled(&id).await;
        assert_eq!((task.control.status, task.doc.priority.level()), (TaskStatus::Completed, then));
        bench.model.calls.lock().unwrap().clear();
    }
}

#[tokio::test(start_paused = true)]
async fn every_prompt_is_kept() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let calls = bench.stores.payloads.list(&id, PartKey::CALLS).await.unwrap();
    let steps: Vec<String> = calls
        .iter()
        .map(|(_, blob)| serde_json::from_slice::<Exchange>(&blob.unpack().unwrap()).unwrap().step)
        .collect();
    assert_eq!(steps, ["triage", "answer"]);
}

#[tokio::test(start_paused = true)]
async fn untrusted_text_is_fenced_and_the_persona_is_the_system_instruction() {
    let bench = Bench::new();
    bench.accept(&issue(7)).await;
    bench.work().await;
    let calls = bench.model.calls.lock().unwrap();
    let answer = &calls[1];
    assert_eq!(answer.system, "You are a careful maintainer.");
    let opening = &answer.turns[0].text;
    assert!(opening.contains("<untrusted-") && opening.contains("On start"), "{opening}");
    assert!(!calls[0].system.contains("On start"));
}

#[tokio::test(start_paused = true)]
async fn spam_is_ignored_after_one_call() {
    let bench = Bench::new();
    bench.script([Say::Triage { intent: "question", confidence: 0.9, spam: true }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Ignored);
    assert_eq!(bench.steps(), ["triage"]);
    assert!(bench.comments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn own_comment_costs_nothing() {
    let bench = Bench::new();
    let id = bench.accept(&comment(LOGIN, "@afterhook hello")).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Ignored);
    assert!(bench.steps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn comment_without_a_mention_costs_nothing() {
    let bench = Bench::new();
    let (without, with) = (
        bench.accept(&comment("mona", "me too")).await,
        bench.accept(&comment("mona", "@afterhook me too")).await,
    );
    for _ in 0..3 {
        bench.work().await;
        bench.pass(Duration::from_secs(10));
    }
    assert_eq!(bench.status(&without).await, TaskStatus::Ignored);
    assert_eq!(bench.status(&with).await, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn low_confidence_parks_and_approval_publishes_without_paying_again() {
    let bench = Bench::new();
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    let draft = task.doc.draft.unwrap();
    assert!(draft.parked_because.unwrap().contains("0.50"));
    assert!(bench.comments().is_empty());

    let approve = DecisionInput::Approve { text: None, intent: None };
    decide(
        &bench.stores,
        &id,
        approve,
        &draft.hash,
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert_eq!(task.doc.decision.unwrap().outcome, Outcome::Approved);
    assert_eq!(bench.comments(), ["Thanks, we look into it."]);
    assert_eq!(bench.steps(), ["triage", "answer"]);
}

#[tokio::test(start_paused = true)]
async fn edited_text_is_what_is_published() {
    let bench = Bench::new();
    bench.script([Say::Triage { intent: "question", confidence: 0.5, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let hash = bench.task(&id).await.doc.draft.unwrap().hash;
    let edit = DecisionInput::Approve { text: Some("By hand.".to_owned()), intent: None };
    decide(
        &bench.stores,
        &id,
        edit,
        &hash,
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    bench.work().await;
    assert_eq!(bench.comments(), ["By hand."]);
    let task = bench.task(&id).await;
    assert_eq!(task.doc.draft.unwrap().from, DraftOrigin::Person);
    assert_eq!(task.doc.result.unwrap().output, TaskOutput::Draft(short_sha256("By hand.")));
}

#[tokio::test(start_paused = true)]
async fn rejected_draft_is_never_published_and_a_note_makes_a_new_one() {
    let bench = Bench::new();
    let unsure = Say::Triage { intent: "question", confidence: 0.5, spam: false };
    bench.script([unsure, Say::Text("First."), Say::Text("Second.")]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let hash = bench.task(&id).await.doc.draft.unwrap().hash;
    let reject = DecisionInput::Reject { reason: None };
    decide(
        &bench.stores,
        &id,
        reject,
        &hash,
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    assert_eq!(bench.status(&id).await, TaskStatus::Rejected);
    bench.work().await;
    assert!(bench.comments().is_empty());

    retry(
        &bench.stores,
        &id,
        Some("be kinder".to_owned()),
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(task.doc.draft.unwrap().hash, short_sha256("Second."));
    assert!(bench.model.calls.lock().unwrap()[2].turns.last().unwrap().text.contains("be kinder"));
    assert!(bench.comments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn unusable_triage_goes_to_the_default_automation_and_parks() {
    let bench = Bench::new();
    bench.script([Say::Fail(ModelFailure::Unusable)]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(task.doc.classification.unwrap().confidence, 0.0);
}

#[tokio::test(start_paused = true)]
async fn blocked_prompt_fails_with_its_reason_and_keeps_the_transcript() {
    let bench = Bench::new();
    bench.script([Say::Fail(ModelFailure::Blocked)]);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!(task.doc.error.unwrap().kind, "blocked_prompt");
    assert_eq!(bench.stores.payloads.list(&id, PartKey::CALLS).await.unwrap().len(), 1);
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

async fn bomb(context: Context, _: Nothing) -> Result<Finished, Interrupt> {
    assert!(context.event().text.is_empty(), "boom");
    context.reply("never".to_owned()).await
}

#[tokio::test(start_paused = true)]
async fn panic_fails_its_task_alone() {
    let bench = Bench::with(BOMB, Some(processor::registry().on("bomb", bomb)));
    bench.script([Say::Triage { intent: "bomb", confidence: 1.0, spam: false }]);
    let (first, second) = (bench.accept(&issue(7)).await, bench.accept(&issue(8)).await);
    bench.work().await;
    let task = bench.task(&first).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    let error = task.doc.error.unwrap();
    assert_eq!((error.kind.as_str(), error.automation.as_deref()), ("panic", Some("bomb")));
    assert!(error.message.contains("boom"));
    assert_eq!(bench.status(&second).await, TaskStatus::Completed);
}

const BOMB: &str = r#"
[agent]
persona = "persona.md"
[sources.github]
[[intents]]
name = "bomb"
when = "x"
automation = "bomb"
[[intents]]
name = "bug_report"
when = "y"
automation = "reply"
"#;

#[test]
fn unknown_automations_are_all_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "p").unwrap();
    let settings = settings::Settings::parse(BOMB, dir.path()).unwrap();
    let mistakes = Registry::new().check(&settings).unwrap_err();
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
}

#[tokio::test(start_paused = true)]
async fn replies_above_the_cap_are_parked() {
    let bench = Bench::new();
    let mut last = None;
    for n in 0..4 {
        last = Some(bench.accept(&comment("mona", &format!("@afterhook {n}"))).await);
        bench.work().await;
    }
    assert_eq!(bench.comments().len(), 3);
    let task = bench.task(&last.unwrap()).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert!(task.doc.draft.unwrap().parked_because.unwrap().contains("3 replies"));
}

#[tokio::test(start_paused = true)]
async fn history_has_roles_and_is_bounded() {
    let bench = Bench::new();
    let said = |n: i64, ours| Comment {
        id: n.to_string(),
        author: if ours { LOGIN } else { "kim" }.to_owned(),
        ours,
        text: format!("comment {n}"),
        at: Timestamp::from_second(n).unwrap(),
    };
    *bench.service.history.lock().unwrap() = (0..6).map(|n| said(n, n == 4)).collect();
    bench.accept(&issue(7)).await;
    bench.work().await;
    let calls = bench.model.calls.lock().unwrap();
    let turns = &calls[1].turns;
    assert_eq!(turns.len(), 5, "opening, three comments, request");
    assert_eq!(turns[2].speaker, Speaker::Model);
    assert_eq!(turns[2].text, "comment 4");
}

#[tokio::test(start_paused = true)]
async fn equal_events_are_equal_questions_and_others_are_not() {
    let bench = Bench::new();
    for number in 1..=3 {
        let mut event = issue(number);
        if number == 3 {
            event["issue"]["body"] = "another".into();
        }
        bench.accept(&event).await;
    }
    bench.work().await;
    let calls = bench.model.calls.lock().unwrap();
    let questions: Vec<_> =
        calls.iter().filter(|call| call.step == "triage").map(|call| (&call.system, &call.turns)).collect();
    assert_eq!(questions[0], questions[1]);
    assert_ne!(questions[0], questions[2]);
}

#[tokio::test]
async fn an_event_that_has_no_thread_ends_before_a_model_is_asked_where_everything_answers_in_threads() {
    let release = include_str!("../../../../events/bodies/github/release.published.json");
    let release: Value = serde_json::from_str(release).unwrap();
    let bench = Bench::new();
    let id = bench.accept(&release).await;
    let task = bench.until_settled(&id).await;
    let why = &task.doc.timeline.last().unwrap().note;
    assert_eq!((task.control.status, &task.doc.error), (TaskStatus::Ignored, &None));
    assert!(why.starts_with("no_thread") && why.contains("release.published"), "{why}");
    assert!(bench.steps().is_empty());

    // An automation of one's own may have something to do: triage is asked, of the intents that fit.
    let own = "\n[[intents]]\nname = \"news\"\nwhen = \"a release\"\nautomation = \"ignore\"\n";
    let bench = Bench::with(&format!("{SETTINGS}{own}"), None);
    bench.script([Say::Triage { intent: "news", confidence: 0.9, spam: false }]);
    let id = bench.accept(&release).await;
    assert_ne!(bench.until_settled(&id).await.control.status, TaskStatus::Failed);
    assert_eq!(bench.steps(), ["triage"]);

    // What fits no intent would be answered in a thread: nobody asked for that, so it is no failure.
    let bench = Bench::with(&format!("{SETTINGS}{own}"), None);
    bench.script([Say::Triage { intent: "unclassified", confidence: 0.9, spam: false }]);
    let id = bench.accept(&release).await;
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, bench.steps()), (TaskStatus::Ignored, vec!["triage".to_owned()]));
    assert!(task.doc.timeline.last().unwrap().note.starts_with("no_thread"), "{:?}", task.doc.timeline);
}

/// Without `events` it would not be taken; ingest has, so it was asked for.
#[tokio::test]
async fn an_ending_that_agent_toml_names_is_answered() {
    let named = SETTINGS.replace("\"issues.opened\"", "\"issues.closed\"");
    assert_ne!(named, SETTINGS);
    let bench = Bench::with(&named, None);
    let mut closed = issue(7);
    closed["action"] = "closed".into();
    let id = bench.accept(&closed).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.timeline);
}

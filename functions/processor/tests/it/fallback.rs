//! Answers without a model: similar past answers and templates, always parked.

use std::sync::Arc;
use std::time::Duration;

use domain::*;
use serde_json::json;
use sweeper::Sweeper;

use harness::{Bench, Post, SETTINGS, Say, ScriptedService, issue};
use wiring::{Client, OutsideService, Services};

const MINUTE: Duration = Duration::from_secs(60);

/// A bench whose policy parks nothing by itself.
fn bench() -> Bench {
    with("")
}

/// Likewise, where bug reports have a template.
fn with_template() -> Bench {
    with("fallback = \"sorry.md\"")
}

fn with(intent: &str) -> Bench {
    let settings = SETTINGS
        .replace("[agent]", "[agent]\napproval = \"never\"")
        .replace("when = \"something is broken\"", &format!("when = \"something is broken\"\n{intent}"));
    Bench::with(&settings, None)
}

fn down(bench: &Bench, why: impl Into<Option<Deferral>>) {
    *bench.model.down.lock().unwrap() = why.into();
}

/// Sorted at once, and then no model answers.
fn sorted_then_down(bench: &Bench) {
    let unavailable = ModelFailure::Defer { why: Deferral::Unavailable, not_before: None };
    bench
        .script([Say::Triage { intent: "bug_report", confidence: 0.9, spam: false }, Say::Fail(unavailable)]);
}

/// Lets `time` pass, minute by minute, with sweeper and processor at work.
async fn live(bench: &Bench, time: Duration) {
    let sweeper = Sweeper {
        stores: bench.stores.clone(),
        clock: bench.processor.clock().clone(),
        metrics: telemetry::Metrics::none(),
    };
    for _ in 0..time.as_secs() / 60 {
        bench.pass(MINUTE);
        sweeper.sweep(after(bench.now(), MINUTE)).await.whole().unwrap();
        bench.work().await;
    }
}

/// An issue that was answered while all was well.
async fn answered(bench: &Bench, number: u64) -> TaskId {
    let id = bench.accept(&issue(number)).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    id
}

async fn approve(bench: &Bench, id: &TaskId, text: Option<&str>) {
    let hash = bench.task(id).await.doc.draft.unwrap().hash;
    let input = DecisionInput::Approve { text: text.map(str::to_owned), intent: None };
    let decider = Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE };
    decide(&bench.stores, id, input, &hash, decider).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn similar_past_answer_is_parked_once_the_outage_has_lasted() {
    let bench = bench();
    let past = answered(&bench, 1).await;
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    let since = bench.task(&id).await.doc.model_down_since;
    assert_eq!(since, Some(bench.now()));
    live(&bench, 14 * MINUTE).await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.doc.model_down_since), (TaskStatus::Waiting, since));
    assert_eq!(task.control.attempts, 0);
    live(&bench, 7 * MINUTE).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "under the policy `never`");
    let draft = task.doc.draft.unwrap();
    assert_eq!(draft.from, DraftOrigin::Fallback);
    assert!(draft.parked_because.unwrap().contains("fallback answer"));
    assert!(task.doc.timeline.iter().any(|line| line.note.contains(past.as_str())));
    assert_eq!(bench.comments().len(), 1, "nothing was published without a person");
}

#[tokio::test(start_paused = true)]
async fn approved_fallback_is_published_though_no_model_can_be_had() {
    let bench = with_template();
    down(&bench, None);
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 21 * MINUTE).await;
    let calls = bench.steps().len();
    approve(&bench, &id, None).await;
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["We are on it."]);
    assert_eq!(bench.steps().len(), calls, "no model was asked");
}

#[tokio::test(start_paused = true)]
async fn parked_fallback_stays_parked_when_the_model_comes_back() {
    let bench = with_template();
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 21 * MINUTE).await;
    down(&bench, None);
    live(&bench, 30 * MINUTE).await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
    retry(
        &bench.stores,
        &id,
        None,
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["Thanks, we look into it."], "a new draft is the model's");
}

#[tokio::test(start_paused = true)]
async fn without_anything_to_fall_back_on_the_task_keeps_waiting() {
    let bench = bench();
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 120 * MINUTE).await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 0));
    assert!(task.doc.draft.is_none());
    down(&bench, None);
    live(&bench, 10 * MINUTE).await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.doc.model_down_since), (TaskStatus::Completed, None));
}

#[tokio::test(start_paused = true)]
async fn answer_ends_the_outage_and_the_next_one_counts_anew() {
    let bench = with_template();
    let unavailable = || Say::Fail(ModelFailure::Defer { why: Deferral::Unavailable, not_before: None });
    bench.script([unavailable()]);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    let first = bench.task(&id).await.doc.model_down_since.unwrap();
    bench.pass(14 * MINUTE);
    sorted_then_down(&bench);
    bench.work().await;
    let second = bench.task(&id).await.doc.model_down_since.unwrap();
    assert!(second >= after(first, 14 * MINUTE), "triage had answered in between");
    down(&bench, Deferral::Unavailable);
    live(&bench, 10 * MINUTE).await;
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
}

#[tokio::test(start_paused = true)]
async fn unlike_questions_and_other_tenants_lend_no_answer() {
    let bench = bench();
    let mut other = issue(1);
    other["issue"]["title"] = json!("How do I change the retry limit?");
    other["issue"]["body"] = json!("The client gives up too soon when the server is slow.");
    bench.accept(&other).await;
    bench.accept_at(&issue(3), Priority::DEFAULT, "octo/other").await;
    bench.work().await;
    assert_eq!(bench.comments().len(), 2);
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 60 * MINUTE).await;
    assert_eq!(bench.status(&id).await, TaskStatus::Waiting);
}

/// The same question in a conversation of Slack, at this second.
fn asked_in(channel: &str, kind: &str, second: u32) -> serde_json::Value {
    json!({
        "type": "event_callback", "team_id": "T01", "event_id": format!("Ev{second}"), "event_time": 1_795_000_000,
        "authorizations": [{"user_id": "U0BOT", "is_bot": true}],
        "event": {"type": "message", "channel": channel, "channel_type": kind, "user": "U01",
            "text": "<@U0BOT> it stops when the configuration file is missing",
            "ts": format!("17950000{second:02}.000100")},
    })
}

#[tokio::test(start_paused = true)]
async fn what_was_answered_in_a_closed_conversation_of_slack_is_lent_to_no_other_place() {
    let service = Arc::new(ScriptedService::default());
    let services = [OutsideService::Github, OutsideService::Slack]
        .into_iter()
        .fold(Services::default(), |services, it| services.with(it, Client::with_threads(service.clone())));
    let settings = SETTINGS
        .replace("[agent]", "[agent]\napproval = \"never\"")
        .replace("replies_per_hour = 3", "replies_per_hour = 100");
    let bench =
        Bench::at(&settings.replace("[sources.github]", "[sources.slack]\n[sources.github]"), None, services);
    let lent = async |channel: &str, kind: &str, second: u32| {
        sorted_then_down(&bench);
        let id = bench.accept_from("slack", &asked_in(channel, kind, second)).await;
        bench.work().await;
        down(&bench, Deferral::Unavailable);
        live(&bench, 30 * MINUTE).await;
        let task = bench.task(&id).await;
        let is_parked = task.control.status == TaskStatus::AwaitingApproval;
        // The message that asks people is posted to yet another place.
        assert_eq!(task.doc.asked.is_some(), is_parked && kind == "channel", "{channel}");
        down(&bench, None);
        bench.until_settled(&id).await;
        is_parked
    };
    let answer = async |channel: &str, kind: &str, second: u32| {
        let id = bench.accept_from("slack", &asked_in(channel, kind, second)).await;
        bench.work().await;
        assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    };
    answer("D01", "im", 1).await;
    assert!(lent("D01", "im", 2).await, "its own");
    assert!(!lent("D02", "im", 3).await);
    assert!(!lent("G01", "group", 4).await);
    assert!(!lent("C01", "channel", 5).await);
    answer("C01", "channel", 6).await;
    assert!(lent("C02", "channel", 7).await && lent("D03", "im", 8).await, "what all may know");
}

#[tokio::test(start_paused = true)]
async fn task_that_could_not_be_sorted_gets_a_past_answer_without_confidence() {
    let bench = bench();
    answered(&bench, 1).await;
    down(&bench, Deferral::DailyQuota);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    assert!(bench.task(&id).await.doc.classification.is_none());
    live(&bench, 21 * MINUTE).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    let known = task.doc.classification.unwrap();
    assert_eq!((known.intent.as_str(), known.confidence), ("unknown", 0.0));
    down(&bench, None);
    retry(
        &bench.stores,
        &id,
        None,
        Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE },
    )
    .await
    .unwrap();
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.doc.classification.unwrap().intent, "bug_report", "sorted once a model was there");
    assert_eq!(task.control.status, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn wait_until_midnight_is_cut_short_sorted_or_not() {
    for (bench, is_sorted) in [(with_template(), true), (bench(), true), (bench(), false)] {
        let midnight = after(bench.now(), 8 * 60 * MINUTE);
        let used_up = ModelFailure::Defer { why: Deferral::DailyQuota, not_before: Some(midnight) };
        let triage = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
        bench.script(is_sorted.then_some(triage).into_iter().chain([Say::Fail(used_up)]));
        let id = bench.accept(&issue(2)).await;
        bench.work().await;
        let not_before = bench.task(&id).await.control.not_before;
        assert_eq!(not_before, Some(after(bench.now(), 15 * MINUTE)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_stays_used_up_is_answered_by_a_fallback_as_an_outage_is() {
    let bench = with_template();
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Quota);
    live(&bench, 21 * MINUTE).await;
    assert_eq!(bench.status(&id).await, TaskStatus::AwaitingApproval);
}

#[tokio::test(start_paused = true)]
async fn budgets_are_waited_out_and_never_answered_by_a_fallback() {
    let bench = with_template();
    down(&bench, Deferral::Budget);
    let id = bench.accept(&issue(2)).await;
    live(&bench, 60 * MINUTE).await;
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.doc.model_down_since), (TaskStatus::Waiting, None));
}

#[tokio::test(start_paused = true)]
async fn edited_fallback_is_a_persons_answer_and_the_unedited_one_is_no_answer() {
    let bench = with_template();
    for (number, edit, from) in [(2, None, "the template"), (3, Some("By hand."), "the template")] {
        sorted_then_down(&bench);
        let id = bench.accept(&issue(number)).await;
        bench.work().await;
        down(&bench, Deferral::Unavailable);
        live(&bench, 21 * MINUTE).await;
        let task = bench.task(&id).await;
        assert!(task.doc.timeline.iter().any(|line| line.note.contains(from)), "{number}");
        approve(&bench, &id, edit).await;
        bench.work().await;
        assert_eq!(bench.status(&id).await, TaskStatus::Completed);
        down(&bench, None);
    }
    sorted_then_down(&bench);
    let id = bench.accept(&issue(4)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 21 * MINUTE).await;
    approve(&bench, &id, None).await;
    bench.work().await;
    assert_eq!(bench.comments(), ["We are on it.", "By hand.", "By hand."]);
}

#[tokio::test(start_paused = true)]
async fn foreign_names_in_a_past_answer_notify_nobody() {
    let bench = bench();
    bench.script([
        Say::Triage { intent: "bug_report", confidence: 0.9, spam: false },
        Say::Text("Thanks @mona, see https://logs.example.com/1"),
    ]);
    answered(&bench, 1).await;
    sorted_then_down(&bench);
    let mut asked = issue(2);
    asked["issue"]["user"]["login"] = json!("other");
    asked["sender"]["login"] = json!("other");
    let id = bench.accept(&asked).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 21 * MINUTE).await;
    approve(&bench, &id, None).await;
    bench.work().await;
    assert_eq!(bench.comments()[1], "Thanks @\u{200B}mona, see https://logs.example.com/1");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_no_model_makes_usable_is_replaced_by_the_template_for_a_person() {
    let bench = with_template();
    let id = unusable(&bench).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    let draft = task.doc.draft.unwrap();
    assert_eq!(draft.from, DraftOrigin::Fallback);
    let because = draft.parked_because.unwrap();
    assert_eq!(because, "it is a fallback answer: no model gave a usable answer");
    assert_eq!(bench.draft(&id).await.trim(), "We are on it.");
}

/// Sorted, and then every model's answer is withheld or empty.
async fn unusable(bench: &Bench) -> TaskId {
    let sorted = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([sorted, Say::Fail(ModelFailure::Unusable)]);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    id
}

async fn say(bench: &Bench, id: &TaskId, input: DecisionInput) -> Result<Decided, DecideError> {
    let hash = bench.task(id).await.doc.draft.unwrap().hash;
    let decider = Decider { name: "ada", request: "r1", at: bench.now(), from: &Origin::CONSOLE };
    decide(&bench.stores, id, input, &hash, decider).await
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_no_model_makes_usable_is_written_by_a_person_and_never_published_unwritten() {
    let bench = bench();
    let id = unusable(&bench).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{task:?}");
    assert_eq!(bench.draft(&id).await, UNWRITTEN, "no rule about drafts changes it");
    let draft = task.doc.draft.unwrap();
    assert!(draft.is_unwritten() && draft.from == DraftOrigin::Fallback);
    assert!(draft.parked_because.unwrap().starts_with("no model gave a usable answer: a person"));
    let with = |text: &str| Some(text.to_owned());
    let around = format!("> {UNWRITTEN}\n\nBy hand.");
    for (text, intent) in [
        (None, None),
        (None, with("question")),
        (with(" "), None),
        (with(UNWRITTEN), None),
        (with(&around), None),
    ] {
        let refused = say(&bench, &id, DecisionInput::Approve { text, intent }).await.unwrap_err();
        assert!(matches!(refused, DecideError::Unwritten(_)), "{refused}");
    }
    bench.work().await;
    assert_eq!(bench.comments(), [""; 0]);
    assert_eq!(bench.task(&id).await.doc.decision, None);
    let calls = bench.steps().len();
    say(&bench, &id, DecisionInput::Approve { text: with("By hand."), intent: None }).await.unwrap();
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Completed);
    assert_eq!((bench.comments(), bench.steps().len()), (vec!["By hand.".to_owned()], calls));
}

/// What a stranger talks a model into may be nothing but what no draft may have.
#[tokio::test(start_paused = true)]
async fn an_answer_of_which_nothing_is_left_is_written_by_a_person() {
    let bench = bench();
    let sorted = Say::Triage { intent: "bug_report", confidence: 0.9, spam: false };
    bench.script([sorted, Say::Text("<!-- nothing to see -->")]);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval, "{:?}", task.doc.error);
    assert_eq!(bench.draft(&id).await, UNWRITTEN);
    say(&bench, &id, DecisionInput::Approve { text: Some("By hand.".to_owned()), intent: None })
        .await
        .unwrap();
    bench.work().await;
    assert_eq!(bench.comments(), ["By hand."]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_has_written_can_be_rejected_or_asked_for_again() {
    let bench = bench();
    let id = unusable(&bench).await;
    say(&bench, &id, DecisionInput::Reject { reason: None }).await.unwrap();
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Rejected);
    let decider = Decider { name: "ada", request: "r2", at: bench.now(), from: &Origin::CONSOLE };
    retry(&bench.stores, &id, None, decider).await.unwrap();
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "the models answer again");
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_nobody_is_asked_for_an_answer_that_no_model_makes_usable() {
    let settings = SETTINGS.replace("[sources.github]", "[sources.github]\nmode = \"shadow\"");
    assert_ne!(settings, SETTINGS);
    let bench = Bench::with(&settings, None);
    let id = unusable(&bench).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Failed);
    assert_eq!((task.doc.error.unwrap().kind.as_str(), task.doc.draft), ("unusable_answer", None));
}

/// What a person has said of a stand-in is about the stand-in.
#[tokio::test(start_paused = true)]
async fn approved_fallback_that_could_not_be_published_does_not_go_out_for_the_models_answer() {
    let bench = with_template();
    sorted_then_down(&bench);
    let id = bench.accept(&issue(2)).await;
    bench.work().await;
    down(&bench, Deferral::Unavailable);
    live(&bench, 21 * MINUTE).await;
    approve(&bench, &id, None).await;
    bench.service.posts.lock().unwrap().push_back(Post::Refuse(ServiceFailure::Refused));
    bench.work().await;
    assert_eq!(bench.status(&id).await, TaskStatus::Failed);
    down(&bench, None);
    let decider = Decider { name: "ada", request: "r2", at: bench.now(), from: &Origin::CONSOLE };
    retry(&bench.stores, &id, None, decider).await.unwrap();
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{task:?}");
    assert_eq!(bench.comments().len(), 1);
    assert_ne!(bench.comments(), ["We are on it."]);
}

//! `[shadow]`: a second agent drafts beside the first, for show.

use std::time::Duration;

use domain::*;
use processor::Capacity;

use harness::{Bench, SETTINGS, Say, comment, issue};

fn beside(share: &str) -> Bench {
    Bench::with(
        &format!("{SETTINGS}\n[shadow]\nconfig = \"next.toml\"\nshare = {share}\nper_day_usd = 2\n"),
        None,
    )
}

async fn second_draft(bench: &Bench, id: &TaskId) -> Option<ShadowDraft> {
    let blob = bench.stores.payloads.get(id, &PartKey::shadow_draft()).await.unwrap();
    blob.map(|blob| blob.json("read").unwrap())
}

async fn figures(bench: &Bench) -> DayFigures {
    let mut sum = DayFigures::default();
    for key in day_keys(bench.now()) {
        if let Some(part) = bench.stores.state.get(&key, bench.now()).await.unwrap() {
            sum.add(&DayFigures::read(part.value));
        }
    }
    sum
}

fn sure(intent: &'static str) -> Say {
    Say::Triage { intent, confidence: 0.9, spam: false }
}

#[tokio::test]
async fn the_second_agent_drafts_beside_the_first_and_publishes_nothing() {
    let bench = beside("1");
    bench.script([sure("bug_report"), Say::Text("The first answer.")]);
    bench.second.script.lock().unwrap().extend([sure("question"), Say::Text("The second answer.")]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1));
    assert!(bench.comments()[0].starts_with("The first answer."));
    assert_eq!(task.doc.usage.len(), 2, "what the second one costs is not the task's");

    let second = second_draft(&bench, &id).await.unwrap();
    assert_eq!(second.text, "The second answer.");
    assert_eq!((second.intent.as_deref(), second.confidence), (Some("question"), Some(0.9)));
    assert_eq!(second.parked_because.as_deref(), Some("confidence 0.90 is below 0.95"));
    assert_eq!((second.failed, second.tokens_used), (None, 246));
    assert_ne!(Some(&second.version), task.doc.version.as_ref());

    let versions = figures(&bench).await.versions;
    let sums = &versions[&second.version];
    let expected =
        ShadowFigures { compared: 1, other_intent: 1, newly_parked: 1, ..ShadowFigures::default() };
    assert_eq!((sums.shadow, sums.calls.calls, sums.tasks()), (expected, 2, 0));
    assert_eq!(versions[task.doc.version.as_ref().unwrap()].shadow, ShadowFigures::default());
    let listed = bench.stores.tasks.list(&ListQuery { limit: 10, ..ListQuery::default() }).await.unwrap();
    assert_eq!(listed.tasks.len(), 1, "its own task is in no store");
}

#[tokio::test]
async fn the_limit_of_replies_tells_no_two_agents_apart() {
    let settings = SETTINGS.replace("replies_per_hour = 3", "replies_per_hour = 1");
    let shadow = "[shadow]\nconfig = \"next.toml\"\nshare = 1\nper_day_usd = 2\n";
    let bench = Bench::with(&format!("{settings}\n{shadow}"), None);
    let mut parked = Vec::new();
    for text in ["a", "b", "c"] {
        let say =
            || [Say::Triage { intent: "question", confidence: 0.99, spam: false }, Say::Text("Thanks.")];
        bench.script(say());
        bench.second.script.lock().unwrap().extend(say());
        let mut event = issue(7);
        event["issue"]["body"] = serde_json::json!(text);
        let id = bench.accept(&event).await;
        parked.extend(bench.until_settled(&id).await.doc.draft.unwrap().parked_because);
        assert_eq!(second_draft(&bench, &id).await.unwrap().parked_because, None);
    }
    assert_eq!(parked, [over_the_limit(1), over_the_limit(1)]);
    let sums: Vec<_> = figures(&bench).await.versions.into_values().map(|it| it.shadow).collect();
    let expected = ShadowFigures { compared: 3, ..ShadowFigures::default() };
    assert!(sums.contains(&expected), "{sums:?}");
}

fn said(id: &str, text: &str) -> Comment {
    let (id, author, text) = (id.to_owned(), "ada".to_owned(), text.to_owned());
    Comment { id, author, ours: false, text, at: Timestamp::UNIX_EPOCH }
}

#[tokio::test(start_paused = true)]
async fn it_sees_the_thread_as_the_first_agent_saw_it() {
    let bench = beside("1");
    let say = |comment| bench.service.history.lock().unwrap().push(comment);
    say(said("1", "Said before."));
    *bench.model.delay.lock().unwrap() = Duration::from_millis(50);
    let id = bench.accept(&comment("mona", "@afterhook and now?")).await;
    // After the first agent has looked at the thread, and before its answer.
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(75)).await;
        say(said("2", "Said after."));
    };
    tokio::join!(bench.until_settled(&id), meanwhile);
    for model in [&bench.model, &bench.second] {
        let calls = model.calls.lock().unwrap();
        let answer = calls.iter().find(|call| call.step == "answer").unwrap();
        let told: String = answer.turns.iter().map(|turn| turn.text.as_str()).collect();
        assert!(told.contains("Said before.") && told.contains("and now?"), "{told}");
        assert!(!told.contains("Said after."), "{told}");
    }
}

#[tokio::test]
async fn what_is_spam_for_one_and_not_for_the_other_is_told() {
    let bench = beside("1");
    bench.script([Say::Triage { intent: "question", confidence: 0.9, spam: true }]);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Ignored);
    let second = second_draft(&bench, &id).await.unwrap();
    assert!(second.intent.is_some_and(|intent| intent != "spam") && !second.text.is_empty());
    bench.script([sure("question")]);
    bench.second.script.lock().unwrap().push_back(Say::Triage {
        intent: "question",
        confidence: 0.9,
        spam: true,
    });
    let id = bench.accept(&issue(8)).await;
    bench.until_settled(&id).await;
    let second = second_draft(&bench, &id).await.unwrap();
    assert_eq!((second.intent.as_deref(), second.text.as_str(), second.failed), (Some("spam"), "", None));
    let sum = figures(&bench).await.versions[&second.version].shadow;
    assert_eq!((sum.compared, sum.other_intent), (2, 2));
}

#[tokio::test]
async fn it_waits_for_nothing_and_whatever_fails_costs_its_draft_alone() {
    let budget = ModelFailure::Defer { why: Deferral::Budget, not_before: None };
    for (say, why) in [
        (Say::Fail(budget), "the second agent was deferred and is not run again: budget"),
        (Say::Fail(ModelFailure::Refused), "scripted"),
        (Say::Panic, "panicked"),
    ] {
        let bench = beside("1");
        bench.second.script.lock().unwrap().push_back(say);
        let id = bench.accept(&issue(7)).await;
        let task = bench.until_settled(&id).await;
        assert_eq!((task.control.status, bench.comments().len()), (TaskStatus::Completed, 1), "{why}");
        let second = second_draft(&bench, &id).await.unwrap();
        assert!(second.text.is_empty() && second.failed.is_some(), "{why}: {second:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_agent_that_hangs_is_given_up_before_the_invocation_ends() {
    let bench = beside("1");
    bench.second.script.lock().unwrap().push_back(Say::Hang);
    let id = bench.accept(&issue(7)).await;
    let began = bench.now();
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert!(between(began, bench.now()) <= Duration::from_secs(100));
    assert!(second_draft(&bench, &id).await.unwrap().failed.is_some());
}

#[tokio::test]
async fn a_decision_makes_no_second_draft_and_a_share_of_nothing_none_at_all() {
    let bench = beside("1");
    bench.script([Say::Triage { intent: "question", confidence: 0.3, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::AwaitingApproval);
    let asked = bench.second.calls.lock().unwrap().len();
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!((asked, bench.second.calls.lock().unwrap().len()), (2, 2));

    let bench = beside("0");
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    assert!(bench.second.calls.lock().unwrap().is_empty() && second_draft(&bench, &id).await.is_none());
}

/// Two tasks whose processor died run one after the other, and the second agent hangs on both.
#[tokio::test(start_paused = true)]
async fn a_second_agent_that_hangs_delays_no_live_task_of_its_batch() {
    let bench = beside("1");
    *bench.model.delay.lock().unwrap() = Duration::from_secs(1);
    bench.second.script.lock().unwrap().extend([Say::Hang, Say::Hang]);
    let ids = [bench.accept(&issue(7)).await, bench.accept(&issue(8)).await];
    let deliveries = bench.receive(Lane::Standard).await;
    let deadline = after(bench.now(), Duration::from_secs(120));
    let died = bench.processor.handle_together(deliveries, deadline);
    assert!(tokio::time::timeout(Duration::from_millis(500), died).await.is_err());
    bench.pass(Duration::from_secs(200));

    let (deliveries, began) = (bench.receive(Lane::Standard).await, bench.now());
    assert_eq!(deliveries.len(), 2);
    let (done, shadows) =
        bench.processor.handle_live(deliveries, after(began, Duration::from_secs(180))).await;
    assert!(between(began, bench.now()) < Duration::from_secs(10), "they are acknowledged before it begins");
    assert!(done.iter().all(|(_, ack)| *ack == processor::Ack::Delete));
    assert_eq!((bench.comments().len(), bench.second.calls.lock().unwrap().len()), (2, 0));
    let deadline = after(began, Duration::from_secs(180));
    bench.processor.draft_beside(shadows, deadline, Capacity::Own).await;
    assert!(between(began, bench.now()) < Duration::from_secs(110), "they hang side by side");
    for id in &ids {
        assert!(second_draft(&bench, id).await.unwrap().failed.is_some());
    }
}

/// As deployed, where its invocation is one of those that the lane may have.
#[tokio::test(start_paused = true)]
async fn it_gives_way_to_live_work_that_waits_for_its_invocation() {
    for (waiting, capacity, gives_way) in
        [(true, Capacity::OfTheLane, true), (true, Capacity::Own, false), (false, Capacity::OfTheLane, false)]
    {
        let bench = beside("1");
        bench.second.script.lock().unwrap().push_back(Say::Hang);
        let id = bench.accept(&issue(7)).await;
        let (deliveries, began) = (bench.receive(Lane::Standard).await, bench.now());
        let deadline = after(began, Duration::from_secs(180));
        let (_, shadows) = bench.processor.handle_live(deliveries, deadline).await;
        if waiting {
            bench.accept(&issue(8)).await;
        }
        bench.processor.draft_beside(shadows, deadline, capacity).await;
        let took = between(began, bench.now());
        assert_eq!(took < Duration::from_secs(5), gives_way, "{waiting} {capacity:?}: {took:?}");
        let failed = second_draft(&bench, &id).await.unwrap().failed.unwrap();
        assert_eq!(failed.contains("gave way"), gives_way, "{failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_drafts_beside_a_lane_whose_messages_are_taken_up_at_once() {
    let bench = beside("1");
    *bench.second.delay.lock().unwrap() = Duration::from_secs(5);
    let id = bench.accept(&issue(7)).await;
    let (deliveries, deadline) =
        (bench.receive(Lane::Standard).await, after(bench.now(), Duration::from_secs(180)));
    let (_, shadows) = bench.processor.handle_live(deliveries, deadline).await;
    bench.accept(&issue(8)).await;
    let taken_up = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(bench.receive(Lane::Standard).await.len(), 1);
    };
    tokio::join!(bench.processor.draft_beside(shadows, deadline, Capacity::OfTheLane), taken_up);
    let draft = second_draft(&bench, &id).await.unwrap();
    assert_eq!((draft.failed, draft.text.is_empty()), (None, false));
}

//! Each task says which agent worked on it, and the figures of the day know what each agent has brought.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::*;
use processor::{Context, version};
use settings::Settings;

use harness::{Bench, SETTINGS, Say, handled_by, issue};

async fn figures(bench: &Bench) -> DayFigures {
    let mut sum = DayFigures::default();
    for key in day_keys(bench.now()) {
        if let Some(part) = bench.stores.state.get(&key, bench.now()).await.unwrap() {
            sum.add(&DayFigures::read(part.value));
        }
    }
    sum
}

fn settings(text: &str) -> Settings {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "You are a careful maintainer.").unwrap();
    Settings::parse(text, dir.path()).unwrap()
}

#[tokio::test]
async fn a_task_names_the_version_that_worked_on_it_and_the_day_counts_it() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.task(&id).await.doc.version, None, "nobody has worked on it yet");
    let task = bench.until_settled(&id).await;
    let expected = version(&settings(SETTINGS));
    assert_eq!(task.doc.version.as_deref(), Some(expected.id.as_str()));
    let versions = figures(&bench).await.versions;
    let mine = &versions[&expected.id];
    assert_eq!((versions.len(), mine.tasks(), mine.calls.calls), (1, 1, 2));
    assert_eq!(mine.made_of.as_ref(), Some(&expected));
    assert!((mine.calls.cost_usd() - 0.002).abs() < 1e-9);
    assert_eq!(bench.figures.total("TaskOutcome", &[("version", &expected.id)]), 1.0);
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

/// The process dies with two calls behind it: one before the task's last write, and one behind that.
#[tokio::test(start_paused = true)]
async fn what_a_run_had_paid_before_its_processor_died_is_counted_once() {
    let runs = Arc::new(AtomicUsize::new(0));
    let asks = move |context: Context, _: Nothing| {
        let runs = Arc::clone(&runs);
        async move {
            let answer = context.ask("answer", "Answer it.").await?;
            if runs.fetch_add(1, Ordering::SeqCst) == 0 {
                std::future::pending::<()>().await;
            }
            context.reply(answer).await
        }
    };
    let registry = processor::registry().on("asks", asks);
    let bench = Bench::with(&handled_by("asks", ""), Some(registry));
    let id = bench.accept(&issue(7)).await;
    let delivery = bench.receive(Lane::Standard).await.remove(0);
    let died = bench.processor.handle(&delivery, after(bench.now(), Duration::from_secs(60)));
    assert!(tokio::time::timeout(Duration::from_secs(5), died).await.is_err());
    bench.pass(Duration::from_secs(131));
    let task = bench.until_settled(&id).await;
    assert_eq!(
        (task.control.status, bench.steps()),
        (TaskStatus::Completed, vec!["triage".to_owned(), "answer".to_owned()])
    );
    let steps: Vec<&str> = task.doc.usage.iter().map(|usage| usage.step.as_str()).collect();
    assert_eq!(steps, ["triage", "answer"], "{:?}", task.doc.usage);
    assert!((task.cost_usd().unwrap() - 0.002).abs() < 1e-9);
    let version = &figures(&bench).await.versions[&task.doc.version.unwrap()];
    assert_eq!(version.calls.calls, 2);
}

#[tokio::test]
async fn documents_that_a_context_cache_held_are_kept_once_for_their_version() {
    let bench = Bench::new();
    for (number, cached, kept) in [(7, false, None), (8, true, Some(Vec::new())), (9, true, Some(Vec::new()))]
    {
        *bench.model.cached.lock().unwrap() = cached;
        let id = bench.accept(&issue(number)).await;
        let task = bench.until_settled(&id).await;
        let version = task.doc.version.unwrap();
        // This agent has none to read, which is known then.
        assert_eq!(documents_of(&*bench.stores.payloads, &version).await.unwrap(), kept, "{number}");
    }
}

#[tokio::test]
async fn what_a_person_decided_counts_for_the_version_that_drafted() {
    let bench = Bench::new();
    for (number, input, outcome) in [
        (1, DecisionInput::Approve { text: None, intent: None }, "completed"),
        (2, DecisionInput::Approve { text: Some("Better.".to_owned()), intent: None }, "completed"),
        (3, DecisionInput::Reject { reason: None }, "rejected"),
    ] {
        bench.script([Say::Triage { intent: "question", confidence: 0.3, spam: false }]);
        let id = bench.accept(&issue(number)).await;
        bench.until_settled(&id).await;
        let task = bench.decide(&id, input).await;
        assert_eq!(task.control.status.as_str(), outcome);
    }
    bench.work().await;
    let versions = figures(&bench).await.versions;
    let mine = versions.values().next().unwrap();
    assert_eq!((mine.approved, mine.edited, mine.rejected), (1, 1, 1));
    assert_eq!((mine.tasks(), mine.edit_rate()), (3, Some(1.0 / 3.0)));
}

#[test]
fn whatever_decides_an_answer_makes_another_version_and_nothing_else_does() {
    let known = version(&settings(SETTINGS));
    for (from, to) in [
        ("[models]", "[models]\nanswer = \"gemini-flash-latest\"\nfallback = []"),
        ("[models]", "[models]\n[models.generation]\ntemperature = 0.5"),
        ("history = 3", "history = 4"),
        ("history = 3", "history = 3\napproval = \"always\""),
        ("history = 3", "history = 3\nconfidence_threshold = 0.7"),
        ("something is broken", "something is quite broken"),
        ("name = \"question\"", "name = \"query\""),
    ] {
        let other = version(&settings(&SETTINGS.replace(from, to)));
        assert_ne!(other.id, known.id, "{to}");
    }
    for (from, to) in [
        ("replies_per_hour = 3", "replies_per_hour = 4"),
        ("[sources.github]", "[sources.github]\nmode = \"shadow\""),
        ("[sources.github]", "[sources.slack]\n[sources.github]"),
        ("[models]", "[models]\nservice_tier = { bulk = \"flex\" }"),
    ] {
        assert_eq!(version(&settings(&SETTINGS.replace(from, to))), known, "{to}");
    }
}

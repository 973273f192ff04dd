//! What a run holds: for as long as it lives, and not much longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::*;
use harness::{Bench, Post, SETTINGS, Say, handled_by, issue};
use processor::{Context, Interrupt};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

const THINKING: Duration = Duration::from_secs(200);

async fn run(bench: &Bench, patience: Duration) {
    let deliveries = bench.receive(Lane::Standard).await;
    let deadline = after(bench.now(), Duration::from_secs(300));
    let work = bench.processor.handle_together(deliveries, deadline);
    for (delivery, ack) in tokio::time::timeout(patience, work).await.into_iter().flatten() {
        if ack == processor::Ack::Delete {
            bench.stores.queue.delete(&delivery.receipt).await.unwrap();
        }
    }
}

/// What the sweeper would send, or the queue once more.
async fn send(bench: &Bench, id: &TaskId) {
    let envelope = Envelope { task_id: id.clone(), lane: Lane::Standard, tenant: "octo".to_owned() };
    bench.stores.queue.send(&envelope).await.unwrap();
}

/// The comment that was long on its way is there.
fn land(bench: &Bench, id: &TaskId) {
    let mark = Mark { task_id: id.clone(), effect: "reply".to_owned() };
    bench.service.comments.lock().unwrap().push(("late".to_owned(), mark.to_string()));
}

/// A task whose comment is on its way and never answered, given so much time; it is in doubt then.
async fn in_doubt(bench: &Bench, time: Duration) -> TaskId {
    let id = bench.accept(&issue(7)).await;
    bench.service.posts.lock().unwrap().push_back(Post::Hang);
    tokio::join!(run(bench, time), pass(time));
    assert!(bench.task(&id).await.has_open_intent());
    id
}

/// The clock of the stores goes with that of the runtime.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_task_is_held_for_as_long_as_its_run_lives() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    *bench.model.delay.lock().unwrap() = THINKING / 2;
    let others = async {
        for _ in 0..(THINKING.as_secs() - 10) / 5 {
            pass(Duration::from_secs(5)).await;
            assert!(bench.receive(Lane::Standard).await.is_empty(), "its message is hidden");
            assert_eq!(bench.sweep().await.woken, 0, "it is not due");
            let thread =
                bench.stores.state.acquire("thread:github:octo/repo#7", "other", bench.now(), bench.now());
            assert!(matches!(thread.await.unwrap(), Acquire::Busy { .. }));
        }
    };
    tokio::join!(run(&bench, Duration::from_secs(290)), others);
    let task = bench.task(&id).await;
    assert_eq!(
        (task.control.status, task.control.attempts, task.control.fence),
        (TaskStatus::Completed, 1, 1)
    );
    assert_eq!(bench.steps(), ["triage", "answer"]);
    assert_eq!(bench.comments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_processor_died_is_free_after_a_lease() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    bench.script([Say::Hang]);
    tokio::join!(run(&bench, Duration::from_secs(100)), pass(Duration::from_secs(100)));
    let lease = bench.task(&id).await.control.lease.unwrap();
    assert!(between(bench.now(), lease.until) <= Duration::from_secs(90), "{lease:?}");
    bench.pass(Duration::from_secs(150));
    run(&bench, Duration::from_secs(10)).await;
    assert_eq!(bench.task(&id).await.control.status, TaskStatus::Completed);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_is_lost_costs_a_run_nothing() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    *bench.model.delay.lock().unwrap() = THINKING / 2;
    let faults = async {
        pass(Duration::from_secs(25)).await;
        bench.faults.save_unanswered.store(true, Ordering::SeqCst);
        bench.faults.state_down.store(true, Ordering::SeqCst);
        pass(Duration::from_secs(50)).await;
        assert!(!bench.faults.save_unanswered.load(Ordering::SeqCst), "it was renewed meanwhile");
        bench.faults.state_down.store(false, Ordering::SeqCst);
        pass(THINKING - Duration::from_secs(75)).await;
    };
    tokio::join!(run(&bench, Duration::from_secs(290)), faults);
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.fence), (TaskStatus::Completed, 1), "{task:?}");
    assert_eq!(bench.steps(), ["triage", "answer"]);
}

/// A sweeper whose clock is minutes ahead finds the task due, sends a message and says so in the task.
#[tokio::test(start_paused = true)]
async fn a_sweeper_with_another_clock_costs_a_run_nothing() {
    let bench = Bench::new();
    let id = bench.accept(&issue(7)).await;
    *bench.model.delay.lock().unwrap() = Duration::from_secs(10);
    let sweeps = async {
        for second in [5, 10] {
            pass(Duration::from_secs(second)).await;
            let mut task = bench.task(&id).await;
            task.control.due_at = Some(after(bench.now(), Duration::from_secs(600)));
            assert_eq!(bench.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
        }
    };
    tokio::join!(run(&bench, Duration::from_secs(100)), sweeps);
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.fence), (TaskStatus::Completed, 1), "{task:?}");
    assert_eq!(bench.comments().len(), 1);
}

/// Whoever finds its intent looks for the proof a minute later; its requests have arrived by then, or never will.
#[tokio::test(start_paused = true)]
async fn a_task_whose_processor_died_while_it_acted_is_free_after_a_lease() {
    let bench = Bench::among_other_clocks(SETTINGS, None);
    let id = bench.accept(&issue(7)).await;
    bench.service.posts.lock().unwrap().push_back(Post::CreateAndHang);
    tokio::join!(run(&bench, Duration::from_secs(3)), pass(Duration::from_secs(3)));
    let task = bench.task(&id).await;
    assert!(task.has_open_intent(), "{task:?}");
    let lease = task.control.lease.unwrap();
    assert!(between(bench.now(), lease.until) <= Duration::from_secs(90), "{lease:?}");
    bench.pass(Duration::from_secs(150));
    run(&bench, SETTLING + Duration::from_secs(1)).await;
    assert_eq!(bench.task(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

/// A clock that is two minutes ahead takes a lease for over, and an intent for settled, that are of this very moment.
#[tokio::test(start_paused = true)]
async fn a_successor_whose_clock_is_ahead_does_not_miss_a_comment_that_is_on_its_way() {
    let bench = Bench::among_other_clocks(SETTINGS, None);
    let id = in_doubt(&bench, Duration::from_secs(3)).await;
    bench.pass(Duration::from_secs(120));
    send(&bench, &id).await;
    let lands = async {
        pass(Duration::from_secs(30)).await;
        land(&bench, &id);
    };
    tokio::join!(run(&bench, SETTLING + Duration::from_secs(1)), lands);
    assert_eq!(bench.task(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

/// Those whose processor died run alone, one after the other; what they wait for, they wait for together.
#[tokio::test(start_paused = true)]
async fn tasks_whose_processor_died_while_it_acted_wait_side_by_side() {
    let bench = Bench::among_other_clocks(SETTINGS, None);
    let mut ids = Vec::new();
    for number in 1..=4 {
        bench.service.posts.lock().unwrap().push_back(Post::CreateAndHang);
        ids.push(bench.accept(&issue(number)).await);
    }
    tokio::join!(run(&bench, Duration::from_secs(3)), pass(Duration::from_secs(3)));
    for id in &ids {
        assert!(bench.task(id).await.has_open_intent());
    }
    bench.pass(Duration::from_secs(150));
    run(&bench, SETTLING + Duration::from_secs(10)).await;
    for id in &ids {
        assert_eq!(bench.task(id).await.control.status, TaskStatus::Completed);
    }
    assert_eq!(bench.comments().len(), ids.len());
}

/// A run knows its own clock: it waits for nothing, and does not look too early either.
#[tokio::test(start_paused = true)]
async fn a_comment_that_its_own_run_has_left_alone_is_looked_for_once_it_has_settled() {
    let fails = Arc::new(AtomicBool::new(true));
    let registry = processor::registry().on("sixth", move |context: Context, _: Nothing| {
        let fails = Arc::clone(&fails);
        async move {
            tokio::time::sleep(SETTLING + Duration::from_secs(10)).await;
            let gives_up = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let error = TaskError::new("sixth", "gave_up", "something else went wrong");
                if fails.swap(false, Ordering::SeqCst) { Err(Interrupt::fail(error)) } else { Ok(()) }
            };
            Ok(tokio::try_join!(context.reply("It is.".to_owned()), gives_up)?.0)
        }
    });
    let bench = Bench::among_other_clocks(&handled_by("sixth", ""), Some(registry));
    bench.service.posts.lock().unwrap().push_back(Post::Hang);
    let id = bench.accept(&issue(7)).await;
    bench.work().await;
    let task = bench.task(&id).await;
    assert!(task.control.status == TaskStatus::Waiting && task.has_open_intent(), "{task:?}");
    land(&bench, &id);
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

/// A run that says that it heard no answer says so by its own clock as well.
#[tokio::test(start_paused = true)]
async fn a_try_in_doubt_is_not_judged_by_a_clock_that_is_ahead() {
    let bench = Bench::among_other_clocks(SETTINGS, None);
    let id = in_doubt(&bench, Duration::from_secs(15)).await;
    let task = bench.task(&id).await;
    assert_eq!(task.control.status, TaskStatus::Waiting, "{task:?}");
    bench.pass(Duration::from_secs(120));
    send(&bench, &id).await;
    run(&bench, Duration::from_secs(1)).await;
    let waits = bench.task(&id).await;
    assert_eq!(waits.control.status, TaskStatus::Waiting, "it may still be on its way");
    assert_eq!(waits.doc.deferrals, task.doc.deferrals, "that says nothing of the service");
    land(&bench, &id);
    pass(SETTLING).await;
    send(&bench, &id).await;
    run(&bench, Duration::from_secs(1)).await;
    assert_eq!(bench.task(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments().len(), 1);
}

/// A clock that is ahead takes a permit of a host for free no sooner either.
#[tokio::test(start_paused = true)]
async fn a_permit_is_over_when_it_is_by_any_clock() {
    let registry = processor::registry().on("sixth", |context: Context, _: Nothing| async move {
        context.outside("slow.example", std::future::pending::<Result<(), Interrupt>>()).await?;
        context.reply("Done.".to_owned()).await
    });
    let settings = handled_by("sixth", "[automations]\ncalls_per_host = 1");
    let bench = Bench::among_other_clocks(&settings, Some(registry));
    bench.accept(&issue(1)).await;
    run(&bench, Duration::from_secs(3)).await;
    bench.pass(Duration::from_secs(120));
    let next = bench.accept(&issue(2)).await;
    run(&bench, Duration::from_secs(9)).await;
    let task = bench.task(&next).await;
    let why = &task.doc.timeline.last().unwrap().note;
    assert!(why.contains("1 calls of slow.example are under way already"), "{why}");
}

//! Steps: saved, side by side, under caps, and with people in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::*;
use processor::{Action, Context, Finished, Found, Interrupt, Registry};

use harness::{Bench, handled_by, issue};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

/// Counts how often something was done.
#[derive(Clone, Default)]
struct Count(Arc<AtomicUsize>);

impl Count {
    fn up(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn bench<F, R>(rest: &str, automation: F) -> Bench
where
    F: Fn(Context, Nothing) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Finished, Interrupt>> + Send + 'static,
{
    let registry = processor::registry().on("sixth", automation);
    Bench::with(&handled_by("sixth", rest), Some(registry))
}

fn done() -> Result<Finished, Interrupt> {
    Ok(Finished { success: true, output: TaskOutput::Text("done".to_owned()), output_url: None })
}

#[tokio::test(start_paused = true)]
async fn crash_between_steps_resumes_after_the_last_saved_one() {
    let (first, second) = (Count::default(), Count::default());
    let counts = (first.clone(), second.clone());
    let bench = bench("", move |context, _| {
        let (first, second) = counts.clone();
        async move {
            let one: usize = context.step("first", async { Ok(first.up()) }).await?;
            let two: usize = context
                .step("second", async {
                    if second.up() == 1 {
                        // The process dies here.
                        std::future::pending::<()>().await;
                    }
                    Ok(one + 1)
                })
                .await?;
            context.reply(format!("{one}, {two}")).await
        }
    });
    let id = bench.accept(&issue(7)).await;
    let delivery = bench.receive(Lane::Standard).await.remove(0);
    let deadline = after(bench.now(), Duration::from_secs(60));
    let died = bench.processor.handle(&delivery, deadline);
    assert!(tokio::time::timeout(Duration::from_secs(5), died).await.is_err());
    bench.pass(Duration::from_secs(131));
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!((first.get(), second.get()), (1, 2));
    assert_eq!(bench.comments(), ["1, 2"]);
    assert_eq!(bench.steps(), ["triage"]);
}

#[tokio::test(start_paused = true)]
async fn independent_steps_run_at_once_and_what_one_has_paid_outlives_the_failure_of_another() {
    let (ran, failures) = (Count::default(), Count::default());
    let counts = (ran.clone(), failures.clone());
    let bench = bench("", move |context, _| {
        let (ran, failures) = counts.clone();
        async move {
            let began = tokio::time::Instant::now();
            let steps = ["a", "b", "c"].map(|name| {
                let (context, ran, failures) = (&context, &ran, &failures);
                async move {
                    let work = async {
                        if name == "a" && failures.up() == 1 {
                            let error = TaskError::new("a", "flaky", "try again");
                            return Err(Interrupt::retry(error));
                        }
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        ran.up();
                        Ok(name.to_owned())
                    };
                    context.step::<String, _>(name, work).await
                }
            });
            let texts = context.together(steps).await?;
            assert!(began.elapsed() < Duration::from_secs(2), "one after another");
            context.reply(texts.join(" ")).await
        }
    });
    let id = bench.accept(&issue(7)).await;
    assert_eq!(bench.until_settled(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["a b c"]);
    assert_eq!((ran.get(), failures.get()), (3, 2), "b and c were done once");
}

#[tokio::test(start_paused = true)]
async fn automation_waits_for_two_people_and_goes_on_where_it_was() {
    let (paid, booked) = (Count::default(), Count::default());
    let counts = (paid.clone(), booked.clone());
    let bench = bench("", move |context, _| {
        let (paid, booked) = counts.clone();
        async move {
            context.step::<usize, _>("quote", async { Ok(paid.up()) }).await?;
            let manager = context.approval("manager", "Spend 10 dollars?").await?;
            context.step::<usize, _>("book", async { Ok(booked.up()) }).await?;
            let finance = context.approval("finance", "Pay them?").await?;
            context.reply(format!("{} and {} agreed: {}", manager.by, finance.by, finance.text)).await
        }
    });
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(task.doc.draft.unwrap().parked_because.unwrap(), "the automation asks: manager");
    assert_eq!(booked.get(), 0);
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(bench.draft(&id).await, "Pay them?");
    let edited = DecisionInput::Approve { text: Some("but less".to_owned()), intent: None };
    assert_eq!(bench.decide(&id, edited).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["ada and ada agreed: but less"], "no question is a comment");
    assert_eq!((paid.get(), booked.get()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rejection_in_the_middle_ends_the_task() {
    let bench = bench("", |context, _| async move {
        context.approval("manager", "Shall we?").await?;
        context.reply("We shall.".to_owned()).await
    });
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    let task = bench.decide(&id, DecisionInput::Reject { reason: None }).await;
    assert_eq!(task.control.status, TaskStatus::Rejected);
    assert!(bench.comments().is_empty());
}

#[tokio::test(start_paused = true)]
async fn approval_in_the_middle_does_not_approve_the_reply() {
    let bench = bench("", |context, _| async move {
        context.approval("manager", "Shall we?").await?;
        context.reply("We shall.".to_owned()).await
    });
    bench.script([harness::Say::Triage { intent: "bug_report", confidence: 0.2, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(bench.draft(&id).await, "We shall.");
    assert!(bench.comments().is_empty());
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["We shall."]);
}

#[tokio::test(start_paused = true)]
async fn questions_side_by_side_are_asked_one_after_another() {
    let bench = bench("", |context, _| async move {
        let asked = ["first", "second"].map(|name| {
            let context = &context;
            async move { context.approval(name, &format!("{name}?")).await }
        });
        let answers = context.together(asked).await?;
        context.reply(answers.into_iter().map(|answer| answer.text).collect::<Vec<_>>().join(" ")).await
    });
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    assert_eq!(bench.draft(&id).await, "first?");
    bench.approve(&id).await;
    assert_eq!(bench.draft(&id).await, "second?");
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["first? second?"]);
}

#[tokio::test(start_paused = true)]
async fn question_after_a_reply_is_asked_once_and_keeps_what_was_published() {
    let bench = bench("", |context, _| async move {
        let published = context.reply("We look into it.".to_owned()).await?;
        context.approval("manager", "Tell the press?").await?;
        Ok(published)
    });
    bench.script([harness::Say::Triage { intent: "bug_report", confidence: 0.2, spam: false }]);
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    let edited = DecisionInput::Approve { text: Some("We are on it.".to_owned()), intent: None };
    assert_eq!(bench.decide(&id, edited).await.control.status, TaskStatus::AwaitingApproval);
    assert_eq!(bench.draft(&id).await, "Tell the press?");
    let task = bench.approve(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["We are on it."]);
    assert_eq!(task.doc.result.unwrap().output, TaskOutput::Draft(short_sha256("We are on it.")));
}

#[tokio::test(start_paused = true)]
async fn draft_that_needs_nobody_does_not_take_the_place_of_an_answer() {
    let bench = bench("", |context, _| async move {
        let permit = context.permit("spend", "Spend 10 dollars", None).await?;
        let manager = context.approval("manager", "Shall we?").await?;
        context.reply(format!("{}: {}", permit.text, manager.by)).await
    });
    let id = bench.accept(&issue(7)).await;
    bench.until_settled(&id).await;
    assert_eq!(bench.approve(&id).await.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["Spend 10 dollars: ada"]);
}

/// Tasks that call the host that their issue's number names, which takes 15 s if it is `slow`.
fn callers(rest: &str, most: &Count, at_once: &Count) -> Bench {
    let (most, at_once) = (most.clone(), at_once.clone());
    bench(rest, move |context, _| {
        let (most, at_once) = (most.clone(), at_once.clone());
        async move {
            let number: u64 = context.event().thread.rsplit('#').next().unwrap().parse().unwrap();
            let (host, time) = if number < 100 { ("slow.example", 15) } else { ("quick.example", 0) };
            let call = async {
                if time == 0 {
                    return Ok(());
                }
                most.0.fetch_max(at_once.up(), Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(time)).await;
                at_once.0.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            };
            context.outside(host, call).await?;
            done()
        }
    })
}

async fn invoke(bench: &Bench) {
    let deadline = after(bench.now(), Duration::from_secs(120));
    let mut deliveries = Vec::new();
    loop {
        let more = bench.receive(Lane::Standard).await;
        if more.is_empty() {
            break;
        }
        deliveries.extend(more);
    }
    let tasks = deliveries.iter().map(|delivery| async move {
        if bench.processor.handle(delivery, deadline).await == processor::Ack::Delete {
            bench.stores.queue.delete(&delivery.receipt).await.unwrap();
        }
    });
    futures::future::join_all(tasks).await;
}

#[tokio::test(start_paused = true)]
async fn slow_host_gets_ten_calls_at_once_and_holds_up_nobody_else() {
    let (most, at_once) = (Count::default(), Count::default());
    let bench = callers("", &most, &at_once);
    let mut slow = Vec::new();
    for number in 1..=14 {
        slow.push(bench.accept(&issue(number)).await);
    }
    let quick = bench.accept(&issue(100)).await;
    invoke(&bench).await;
    assert_eq!(most.get(), 10);
    let quick = bench.task(&quick).await;
    assert_eq!(quick.control.status, TaskStatus::Completed);
    assert!(quick.doc.result.unwrap().execution_time_ms < 1_000.0);
    let mut waiting = 0;
    for id in &slow {
        let task = bench.task(id).await;
        if task.control.status == TaskStatus::Waiting {
            waiting += 1;
            assert_eq!(task.control.attempts, 0, "it costs no attempt");
            assert!(task.doc.worked_ms < 3_000.0, "it waited for {} ms", task.doc.worked_ms);
            let why = &task.doc.timeline.last().unwrap().note;
            assert_eq!(why, "10 calls of slow.example are under way already");
        }
    }
    assert_eq!(waiting, 4);
    for _ in 0..10 {
        bench.pass(Duration::from_secs(10));
        invoke(&bench).await;
    }
    for id in &slow {
        assert_eq!(bench.status(id).await, TaskStatus::Completed);
    }
    assert_eq!(most.get(), 10);
}

#[tokio::test(start_paused = true)]
async fn permit_that_came_late_is_given_back_and_nobody_is_called_under_it() {
    let (most, at_once) = (Count::default(), Count::default());
    let bench = callers("[automations]\ncalls_per_host = 1", &most, &at_once);
    let id = bench.accept(&issue(1)).await;
    // The process stands still meanwhile.
    let now = Arc::clone(&bench.now);
    let stands_still = move || {
        now.fetch_add(11_000, Ordering::SeqCst);
    };
    *bench.faults.once_permit_asked.lock().unwrap() = Some(Box::new(stands_still));
    invoke(&bench).await;
    let task = bench.task(&id).await;
    assert_eq!((most.get(), task.control.status, task.control.attempts), (0, TaskStatus::Waiting, 0));
    assert_eq!(task.doc.timeline.last().unwrap().note, "the store was long in giving a permit");
    // Nobody has to wait for its lease to end.
    bench.pass(Duration::from_secs(10));
    invoke(&bench).await;
    assert_eq!((most.get(), bench.status(&id).await), (1, TaskStatus::Completed));
}

#[tokio::test(start_paused = true)]
async fn place_of_a_processor_that_died_is_free_again() {
    let (most, at_once) = (Count::default(), Count::default());
    let bench = callers("[automations]\ncalls_per_host = 1", &most, &at_once);
    let dead = bench.accept(&issue(1)).await;
    let delivery = bench.receive(Lane::Standard).await.remove(0);
    let deadline = after(bench.now(), Duration::from_secs(20));
    let died = bench.processor.handle(&delivery, deadline);
    assert!(tokio::time::timeout(Duration::from_secs(3), died).await.is_err());
    let next = bench.accept(&issue(2)).await;
    invoke(&bench).await;
    assert_eq!(bench.status(&next).await, TaskStatus::Waiting, "the place is taken");
    bench.pass(Duration::from_secs(40));
    invoke(&bench).await;
    for id in [&dead, &next] {
        assert_eq!(bench.until_settled(id).await.control.status, TaskStatus::Completed);
    }
}

#[tokio::test(start_paused = true)]
async fn host_that_never_answers_costs_a_try_and_not_the_invocation() {
    let bench = bench("", |context, _| async move {
        context.outside::<(), _>("silent.example", std::future::pending()).await?;
        done()
    });
    let id = bench.accept(&issue(7)).await;
    let began = tokio::time::Instant::now();
    bench.work().await;
    assert_eq!(began.elapsed().as_secs(), 30);
    let task = bench.task(&id).await;
    assert_eq!((task.control.status, task.control.attempts), (TaskStatus::Waiting, 1));
    assert!(task.doc.error.unwrap().message.contains("silent.example did not answer"));
}

#[test]
fn the_registry_has_every_automation_that_ships() {
    let registry: Registry = processor::registry();
    for name in ["ignore", "label", "refund_request", "reply", "summarise"] {
        assert!(registry.names().any(|known| known == name), "{name}");
    }
}

/// Does something outside, whose first answer is lost.
struct Bell(Count);

#[async_trait::async_trait]
impl Action for Bell {
    fn host(&self) -> Option<String> {
        None
    }

    async fn perform(&self, _: &Mark) -> Result<Proof, ServiceError> {
        self.0.up();
        let (failure, message) = (ServiceFailure::InDoubt, "scripted".to_owned());
        Err(ServiceError { service: "bell", operation: "ring", failure, message })
    }

    async fn find(&self, _: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        Ok(match self.0.get() {
            0 => Found::NotDone,
            rung => Found::Done(Proof { id: rung.to_string(), url: None }),
        })
    }
}

/// The automation that began it has no chance to find out itself: it fails before.
#[tokio::test(start_paused = true)]
async fn effect_that_happened_is_found_though_its_automation_fails_since() {
    let (rung, runs) = (Count::default(), Count::default());
    let counts = (rung.clone(), runs.clone());
    let bench = bench("", move |context: Context, _| {
        let (rung, runs) = counts.clone();
        async move {
            if runs.up() == 2 {
                return Err(Interrupt::fail(TaskError::new("sixth", "odd", "it is the second run")));
            }
            context.once("bell", &Bell(rung)).await?;
            done()
        }
    });
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed, "{:?}", task.doc.error);
    assert_eq!((rung.get(), runs.get()), (1, 3));
}

/// Something at a slow host whose answers are lost, and that takes 4 s to say whether it was done.
struct Slow {
    most: Count,
    at_once: Count,
}

#[async_trait::async_trait]
impl Action for Slow {
    fn host(&self) -> Option<String> {
        Some("slow.example".to_owned())
    }

    async fn perform(&self, _: &Mark) -> Result<Proof, ServiceError> {
        let (failure, message) = (ServiceFailure::InDoubt, "scripted".to_owned());
        Err(ServiceError { service: "slow", operation: "do it", failure, message })
    }

    async fn find(&self, mark: &Mark, _: Timestamp) -> Result<Found, ServiceError> {
        self.most.0.fetch_max(self.at_once.up(), Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(4)).await;
        self.at_once.0.fetch_sub(1, Ordering::SeqCst);
        Ok(Found::Done(Proof { id: mark.to_string(), url: None }))
    }
}

#[tokio::test(start_paused = true)]
async fn searches_for_what_became_of_a_try_count_among_the_calls_of_its_host() {
    let (most, at_once) = (Count::default(), Count::default());
    let counts = (most.clone(), at_once.clone());
    let bench = bench("[automations]\ncalls_per_host = 1", move |context: Context, _| {
        let (most, at_once) = counts.clone();
        async move {
            context.once("slow", &Slow { most, at_once }).await?;
            done()
        }
    });
    let mut ids = Vec::new();
    for number in 1..=4 {
        ids.push(bench.accept(&issue(number)).await);
    }
    for _ in 0..30 {
        invoke(&bench).await;
        bench.pass(Duration::from_secs(20));
    }
    assert_eq!(most.get(), 1);
    for id in &ids {
        let task = bench.task(id).await;
        assert_eq!(task.control.status, TaskStatus::Completed, "{task:?}");
    }
}

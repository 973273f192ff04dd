//! 👍 and 👎 on answers where they were published.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use domain::*;
use sweeper::AnswerReactions;

use crate::rig::Rig;

/// A service that knows sums by the id of the comment, or fails.
#[derive(Default)]
struct Service {
    sums: Mutex<BTreeMap<String, (u64, u64)>>,
    asked: Mutex<Vec<String>>,
    fails: Mutex<Option<ServiceFailure>>,
    /// The comment that fails; all of them without one.
    failing: Mutex<Option<u32>>,
}

#[async_trait]
impl ReadsReactions for Service {
    async fn thumbs(&self, _: &str, proof: &Proof) -> Result<Option<(u64, u64)>, ServiceError> {
        self.asked.lock().unwrap().push(proof.id.clone());
        let failing = *self.failing.lock().unwrap();
        let fails = failing.is_none_or(|failing| proof.id == failing.to_string());
        match *self.fails.lock().unwrap() {
            Some(failure) if fails => {
                Err(ServiceError { service: "github", operation: "look", failure, message: String::new() })
            }
            _ => Ok(self.sums.lock().unwrap().get(&proof.id).copied()),
        }
    }
}

impl Service {
    fn say(&self, id: u32, up: u64, down: u64) {
        self.sums.lock().unwrap().insert(id.to_string(), (up, down));
    }
}

/// A task whose answer is the comment of its number.
async fn answered(rig: &Rig, number: u32) -> Task {
    let mut task = rig.accept(number).await;
    let now = rig.now();
    task.transition(TaskStatus::Processing, now, "claimed").unwrap();
    let proof = Proof { id: number.to_string(), url: None };
    task.set_effect(Effect {
        name: "reply".to_owned(),
        content: None,
        state: EffectState::Done { at: now, proof },
    });
    task.doc.version = Some("ver_1".to_owned());
    let output = TaskOutput::Draft("h".to_owned());
    task.doc.result = Some(TaskResult { success: true, output, output_url: None, execution_time_ms: 1.0 });
    task.transition(TaskStatus::Completed, now, "done").unwrap();
    rig.save(&mut task).await;
    task
}

fn reader(rig: &Rig) -> AnswerReactions {
    AnswerReactions { stores: rig.stores.clone(), clock: rig.sweeper.clock.clone() }
}

async fn read(rig: &Rig, service: &Service) -> u64 {
    let deadline = after(rig.now(), Duration::from_secs(60));
    reader(rig).read(service, "github", deadline).await.unwrap()
}

async fn known(rig: &Rig, task: &Task) -> Option<(u64, u64)> {
    let known = labels(&*rig.stores.payloads, &task.id).await.unwrap().reactions;
    known.map(|known| (known.up, known.down))
}

/// 👍 and 👎 in the figures of the version.
async fn counted(rig: &Rig) -> (u64, u64) {
    let mut day = DayFigures::default();
    for line in labels_of_day(&*rig.stores.payloads, rig.now()).await.unwrap() {
        day.label(&line);
    }
    let labels = day.versions.into_values().next().unwrap().labels;
    (labels.thumbs_up(), labels.thumbs_down())
}

#[tokio::test]
async fn reactions_are_kept_with_their_task_once_and_change_nothing_else() {
    let (rig, service) = (Rig::new(), Service::default());
    let (liked, ignored) = (answered(&rig, 1).await, answered(&rig, 2).await);
    service.say(1, 3, 1);
    service.say(2, 0, 0);
    let before = (rig.task(&liked.id).await, rig.task(&ignored.id).await);
    for (round, changed) in [(0, 1), (1, 0)] {
        rig.pass(Duration::from_secs(301));
        assert_eq!(read(&rig, &service).await, changed, "{round}");
    }
    assert_eq!((known(&rig, &liked).await, known(&rig, &ignored).await), (Some((3, 1)), None));
    assert_eq!((rig.task(&liked.id).await, rig.task(&ignored.id).await), before);
    assert_eq!(rig.messages().await, []);
    // Somebody takes one back.
    service.say(1, 2, 1);
    rig.pass(Duration::from_secs(301));
    assert_eq!(read(&rig, &service).await, 1);
    assert_eq!(known(&rig, &liked).await, Some((2, 1)));
    assert_eq!(counted(&rig).await, (2, 1), "what is taken back counts no more");
    // And gives it again.
    service.say(1, 3, 1);
    rig.pass(Duration::from_secs(301));
    assert_eq!(read(&rig, &service).await, 1);
    assert_eq!(counted(&rig).await, (3, 1), "nor does it count twice");
    let parts = rig.stores.payloads.list(&liked.id, "label:").await.unwrap();
    assert_eq!(parts.len(), 1, "one part for a comment, however often its reactions change");
    assert_eq!(
        labels_of_day(&*rig.stores.payloads, rig.now()).await.unwrap().len(),
        1,
        "and one line of the day"
    );
}

#[tokio::test]
async fn a_look_makes_forty_requests_at_the_most_and_the_next_one_goes_on() {
    let (rig, service) = (Rig::new(), Service::default());
    for number in 0..90 {
        answered(&rig, number).await;
    }
    let mut seen = Vec::new();
    for asked in [40, 40, 10, 40] {
        rig.pass(Duration::from_secs(301));
        read(&rig, &service).await;
        let now = std::mem::take(&mut *service.asked.lock().unwrap());
        assert_eq!(now.len(), asked);
        seen.extend(now);
    }
    seen.truncate(90);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 90, "each has its turn");
}

#[tokio::test]
async fn old_answers_shadows_and_tasks_without_an_answer_are_not_asked_about() {
    let (rig, service) = (Rig::new(), Service::default());
    answered(&rig, 1).await;
    rig.pass(Duration::from_secs(15 * 86_400));
    let mut shadow = answered(&rig, 2).await;
    shadow.doc.shadow = true;
    rig.save(&mut shadow).await;
    let mut bare = answered(&rig, 3).await;
    bare.doc.effects.clear();
    rig.save(&mut bare).await;
    read(&rig, &service).await;
    assert!(service.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_comment_that_is_gone_keeps_no_other_from_its_turn_and_a_limit_ends_the_look() {
    let (rig, service) = (Rig::new(), Service::default());
    for number in 0..3 {
        answered(&rig, number).await;
    }
    *service.fails.lock().unwrap() = Some(ServiceFailure::Refused);
    assert_eq!(read(&rig, &service).await, 0);
    assert_eq!(service.asked.lock().unwrap().len(), 3);
    *service.fails.lock().unwrap() = Some(ServiceFailure::Throttled { after: Duration::from_secs(60) });
    let deadline = after(rig.now(), Duration::from_secs(60));
    assert!(reader(&rig).read(&service, "github", deadline).await.is_err());
    assert_eq!(service.asked.lock().unwrap().len(), 4);
}

/// A comment that fails whenever it is asked about.
#[tokio::test]
async fn an_answer_that_always_fails_stops_no_walk() {
    let throttled = ServiceFailure::Throttled { after: Duration::from_secs(60) };
    for (failure, looks) in [(ServiceFailure::ServerError, 1), (ServiceFailure::InDoubt, 1), (throttled, 2)] {
        let (rig, service) = (Rig::new(), Service::default());
        for number in 0..30 {
            answered(&rig, number).await;
            service.say(number, 1, 0);
        }
        *service.fails.lock().unwrap() = Some(failure);
        *service.failing.lock().unwrap() = Some(12);
        for _ in 0..looks {
            rig.pass(Duration::from_secs(301));
            let deadline = after(rig.now(), Duration::from_secs(60));
            let read = reader(&rig).read(&service, "github", deadline).await;
            assert!(read.is_ok() || looks > 1, "{read:?}");
        }
        let mut asked = service.asked.lock().unwrap().clone();
        assert_eq!(asked.len(), 30, "{failure:?}");
        asked.sort();
        asked.dedup();
        assert_eq!(asked.len(), 30, "{failure:?}: each has its turn");
        assert_eq!(counted(&rig).await, (29, 0), "{failure:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_down_is_asked_three_times_a_look() {
    let (rig, service) = (Rig::new(), Service::default());
    for number in 0..10 {
        answered(&rig, number).await;
    }
    *service.fails.lock().unwrap() = Some(ServiceFailure::ServerError);
    let deadline = after(rig.now(), Duration::from_secs(60));
    assert!(reader(&rig).read(&service, "github", deadline).await.is_err());
    assert_eq!(service.asked.lock().unwrap().len(), 3);
}

/// Approved late: the task is old, and its answer is not.
#[tokio::test]
async fn an_answer_is_looked_at_for_fourteen_days_from_its_publication() {
    let (rig, service) = (Rig::new(), Service::default());
    let mut late = answered(&rig, 1).await;
    service.say(1, 1, 0);
    // A page of tasks of the same day, without answers, stands before it.
    rig.pass(Duration::from_secs(1));
    for number in 2..25 {
        let mut bare = answered(&rig, number).await;
        bare.doc.effects.clear();
        rig.save(&mut bare).await;
    }
    rig.pass(Duration::from_secs(13 * 86_400));
    let proof = Proof { id: "1".to_owned(), url: None };
    let state = EffectState::Done { at: rig.now(), proof };
    late.set_effect(Effect { name: "reply".to_owned(), content: None, state });
    rig.save(&mut late).await;
    rig.pass(Duration::from_secs(5 * 86_400));
    assert_eq!(read(&rig, &service).await, 1);
    assert_eq!(known(&rig, &late).await, Some((1, 0)));
}

#[tokio::test]
async fn of_two_sweepers_one_looks() {
    let rig = Rig::new();
    assert!(reader(&rig).is_due("github").await.unwrap());
    rig.pass(Duration::from_secs(1));
    assert!(!reader(&rig).is_due("github").await.unwrap());
    rig.pass(Duration::from_secs(300));
    assert!(reader(&rig).is_due("github").await.unwrap());
}

//! A wake is counted by a conditional write before its message is sent.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::*;
use sweeper::{Report, Sweeper};

use crate::rig::{Damaged, Rig};

/// A task store that lets others go on after every read: what was read is outdated then. It may refuse every write.
struct Slow {
    store: Arc<dyn TaskStore>,
    refuses: bool,
}

#[async_trait]
impl TaskStore for Slow {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.store.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        let task = self.store.get(id).await;
        tokio::task::yield_now().await;
        task
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.store.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        if self.refuses {
            return Err(StoreError::refused("save", "scripted"));
        }
        self.store.save(task).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        let due = self.store.due(stage, before, limit).await;
        tokio::task::yield_now().await;
        due
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.store.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.store.list(query).await
    }
}

/// A queue that takes no messages while it is told so.
struct Closed(Arc<dyn Queue>, Arc<AtomicBool>);

#[async_trait]
impl Queue for Closed {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(QueueError::new("send", "scripted"));
        }
        self.0.send(envelope).await
    }

    async fn receive(
        &self,
        from: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.0.receive(from, max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.0.delete(receipt).await
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        self.0.set_visibility(receipt, after).await
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        self.0.depth(lane).await
    }
}

#[tokio::test]
async fn of_two_sweepers_one_sends_a_message() {
    let slow = |store| Arc::new(Slow { store, refuses: false });
    let rig = Rig::with(|stores| Stores { tasks: slow(stores.tasks), ..stores });
    let ids = [rig.accept(1).await.id, rig.accept(2).await.id];
    rig.pass(FIRST_LOOK);
    // A write that is the same to the last byte would be taken for the first one, sent twice by a client.
    let ahead = rig.sweeper.clock.clone();
    let ahead = Clock::from_fn(move || after(ahead.now(), Duration::from_secs(1)));
    let other = Sweeper { clock: ahead, ..rig.sweeper.clone() };
    let deadline = after(rig.now(), Duration::from_secs(60));
    let (one, another) = tokio::join!(rig.sweeper.sweep(deadline), other.sweep(deadline));
    let (one, another) = (one.whole().unwrap().report, another.whole().unwrap().report);
    assert_eq!((one.woken + another.woken, one.moved_on + another.moved_on), (2, 2), "{one:?} {another:?}");
    assert_eq!(one.errors + another.errors, 0);
    assert_eq!(rig.messages().await.len(), ids.len(), "one message each");
    for id in &ids {
        assert_eq!(rig.task(id).await.doc.wakes, 1);
    }
}

#[tokio::test]
async fn a_store_that_refuses_us_is_told_loudly() {
    let refusing = |store| Arc::new(Slow { store, refuses: true });
    let rig = Rig::with(|stores| Stores { tasks: refusing(stores.tasks), ..stores });
    rig.accept(1).await;
    rig.pass(FIRST_LOOK);
    assert_eq!(rig.sweep().await.errors, 1);
    assert_eq!(rig.figures.total("NotReady", &[("reason", "store")]), 1.0);
}

#[tokio::test]
async fn wake_is_counted_though_its_message_could_not_be_sent() {
    let closed = Arc::new(AtomicBool::new(true));
    let rig = Rig::with(|stores| Stores {
        queue: Arc::new(Closed(Arc::clone(&stores.queue), Arc::clone(&closed))),
        ..stores
    });
    let id = rig.accept(1).await.id;
    rig.pass(FIRST_LOOK);
    assert_eq!(rig.sweep().await.errors, 1);
    assert_eq!((rig.task(&id).await.doc.wakes, rig.messages().await.len()), (1, 0));
    assert_eq!(rig.sweep().await.errors, 0, "it is not due again at once");
    closed.store(false, Ordering::SeqCst);
    let due = rig.task(&id).await.control.due_at.unwrap();
    rig.pass(between(rig.now(), due));
    assert_eq!(rig.sweep().await.woken, 1);
    assert_eq!(rig.messages().await, std::slice::from_ref(&id));
    assert_eq!(rig.task(&id).await.doc.wakes, 2);
}

/// A clock that passes a second whenever it is read so many times.
fn ticking(start: Timestamp, reads: u32) -> Clock {
    let read = AtomicU32::new(0);
    Clock::from_fn(move || {
        let seconds = read.fetch_add(1, Ordering::SeqCst) / reads;
        after(start, Duration::from_secs(seconds.into()))
    })
}

#[tokio::test]
async fn a_sweep_works_on_all_that_is_due_and_ends_at_its_deadline() {
    const DUE: u32 = 2_500;
    let rig = Rig::new();
    for number in 0..DUE {
        rig.accept(number).await;
    }
    rig.pass(FIRST_LOOK);
    // Each task costs a few reads of the clock, and the time for some hundreds of them is not enough.
    let hurried = Sweeper { clock: ticking(rig.now(), 100), ..rig.sweeper.clone() };
    let first = hurried.sweep(after(rig.now(), Duration::from_secs(5))).await.whole().unwrap().report;
    assert!((50..500).contains(&first.woken), "{first:?}");
    let second = rig.sweep().await;
    assert_eq!(
        (first.woken + second.woken + second.postponed, second.moved_on + second.errors),
        (u64::from(DUE), 0),
        "{second:?}"
    );
    assert_eq!(rig.sweep().await, Report::default(), "none twice");
}

/// They are due first, and stay so.
#[tokio::test]
async fn tasks_that_cannot_be_read_keep_nobody_from_the_others_however_many_they_are() {
    const UNREADABLE: u32 = 1_000;
    let damaged: HashSet<TaskId> =
        (0..UNREADABLE).map(|number| TaskId::derive("github", &number.to_be_bytes())).collect();
    let rig = Rig::with(|stores| Stores {
        tasks: Arc::new(Damaged(stores.tasks, damaged.clone(), Arc::default())),
        ..stores
    });
    for number in 0..UNREADABLE {
        rig.accept(number).await;
    }
    rig.pass(Duration::from_secs(1));
    let sound = rig.accept(UNREADABLE).await;
    rig.pass(FIRST_LOOK);
    let report = rig.sweep().await;
    assert_eq!((report.woken, report.errors), (1, u64::from(UNREADABLE)), "{report:?}");
    assert_eq!(rig.messages().await, [sound.id]);
}

/// Likewise where messages about drafts are due: each of these is looked at, and none is among those to be asked about.
#[tokio::test]
async fn drafts_that_cannot_be_read_are_in_no_messages_way() {
    const UNREADABLE: u32 = 1_000;
    let damaged: HashSet<TaskId> =
        (0..UNREADABLE).map(|number| TaskId::derive("github", &number.to_be_bytes())).collect();
    let rig = Rig::with(|stores| Stores {
        tasks: Arc::new(Damaged(stores.tasks, damaged.clone(), Arc::default())),
        ..stores
    });
    for number in 0..=UNREADABLE {
        let mut task = rig.accept(number).await;
        task.control.status = TaskStatus::AwaitingApproval;
        task.control.due_at = Some(after(rig.now(), Duration::from_secs(u64::from(number) / 1_000)));
        rig.save(&mut task).await;
    }
    rig.pass(FIRST_LOOK);
    let swept = rig.sweeper.sweep(after(rig.now(), Duration::from_secs(60))).await.whole().unwrap();
    assert_eq!(swept.asked_about, [TaskId::derive("github", &UNREADABLE.to_be_bytes())]);
}

/// A shard of the index that is overloaded, for one.
#[tokio::test]
async fn a_stage_that_cannot_be_listed_keeps_no_other_from_what_is_due_there() {
    let is_down = Arc::new(AtomicBool::new(true));
    let rig = Rig::with(|stores| Stores {
        tasks: Arc::new(Damaged(stores.tasks, HashSet::new(), Arc::clone(&is_down))),
        ..stores
    });
    rig.accept(1).await;
    let mut parked = rig.accept(2).await;
    parked.control.status = TaskStatus::AwaitingApproval;
    rig.save(&mut parked).await;
    rig.pass(FIRST_LOOK);
    let swept = rig.sweeper.sweep(after(rig.now(), Duration::from_secs(60))).await;
    assert_eq!((swept.report.woken, swept.asked_about.as_slice()), (1, [parked.id].as_slice()));
    assert!(swept.whole().is_err(), "the function fails, and its alarm rings");
}

/// Stores that answer after 5 ms, as DynamoDB and SQS do, in the time of the test.
struct Distant<T: ?Sized>(Arc<T>);

const ROUND_TRIP: Duration = Duration::from_millis(5);

#[async_trait]
impl TaskStore for Distant<dyn TaskStore> {
    async fn insert(&self, task: &Task) -> Result<Insert, StoreError> {
        self.0.insert(task).await
    }

    async fn get(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        tokio::time::sleep(ROUND_TRIP).await;
        self.0.get(id).await
    }

    async fn claim(&self, id: &TaskId, request: &ClaimRequest) -> Result<Claim, StoreError> {
        self.0.claim(id, request).await
    }

    async fn save(&self, task: &mut Task) -> Result<Save, StoreError> {
        tokio::time::sleep(ROUND_TRIP).await;
        self.0.save(task).await
    }

    async fn due(&self, stage: Stage, before: Timestamp, limit: usize) -> Result<Vec<Due>, StoreError> {
        tokio::time::sleep(ROUND_TRIP * 4).await;
        self.0.due(stage, before, limit).await
    }

    async fn newer_in_thread(&self, task: &Task, limit: usize) -> Result<Vec<Task>, StoreError> {
        self.0.newer_in_thread(task, limit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.0.list(query).await
    }
}

#[async_trait]
impl Queue for Distant<dyn Queue> {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        tokio::time::sleep(ROUND_TRIP).await;
        self.0.send(envelope).await
    }

    async fn receive(
        &self,
        from: Visibility,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        self.0.receive(from, max, wait).await
    }

    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.0.delete(receipt).await
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        self.0.set_visibility(receipt, after).await
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        self.0.depth(lane).await
    }
}

/// The rate that OPERATIONS.md states for what leaves `waiting`: a sweep has 20 s of its minute for tasks.
#[tokio::test(start_paused = true)]
async fn a_sweep_wakes_hundreds_of_tasks_a_second_with_stores_5_ms_away() {
    const DUE: u32 = 4_000;
    let rig = Rig::with(|stores| Stores {
        tasks: Arc::new(Distant(stores.tasks)),
        queue: Arc::new(Distant(stores.queue)),
        ..stores
    });
    for number in 0..DUE {
        rig.accept(number).await;
    }
    rig.pass(FIRST_LOOK);
    let began = tokio::time::Instant::now();
    assert_eq!(rig.sweep().await.woken, u64::from(DUE));
    let rate = f64::from(DUE) / began.elapsed().as_secs_f64();
    assert!(rate > 500.0, "{rate}");
}

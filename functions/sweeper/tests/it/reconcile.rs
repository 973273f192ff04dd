//! Unaccounted: accepted tasks that have not ended, and that no sweep would find.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::contract::plain_task;
use domain::*;
use embedded::Embedded;
use sweeper::Sweeper;
use telemetry::{Metrics, Recorded};

struct Rig {
    sweeper: Sweeper,
    stores: Stores,
    figures: Recorded,
    now: Arc<AtomicI64>,
}

fn rig() -> Rig {
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let seconds = Arc::clone(&now);
    let clock = Clock::from_fn(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap());
    let stores = Embedded::in_memory(clock.clone()).unwrap().stores();
    let (metrics, figures) = Metrics::memory(clock.clone());
    Rig { sweeper: Sweeper { stores: stores.clone(), clock, metrics }, stores, figures, now }
}

impl Rig {
    fn now(&self) -> Timestamp {
        self.sweeper.clock.now()
    }

    async fn accept(&self, number: u32) -> Task {
        let mut task = plain_task("github", self.now());
        task.doc.thread = format!("o/r#{number}");
        self.stores.tasks.insert(&task).await.unwrap();
        task
    }

    /// What one more count adds to the metric.
    async fn unaccounted(&self) -> f64 {
        let before = self.figures.total("Unaccounted", &[]);
        self.sweeper.count(self.now()).await.unwrap();
        self.figures.total("Unaccounted", &[]) - before
    }
}

#[tokio::test]
async fn task_that_left_the_index_is_counted_until_it_is_cared_for_again() {
    let rig = rig();
    let mut lost = rig.accept(1).await;
    rig.accept(2).await;
    lost.control.due_at = None;
    assert_eq!(rig.stores.tasks.save(&mut lost).await.unwrap(), Save::Done);
    assert_eq!(rig.unaccounted().await, 1.0);
    rig.now.fetch_add(60, Ordering::SeqCst);
    assert_eq!(rig.unaccounted().await, 1.0, "every sweep says so");
    lost.control.due_at = Some(rig.now());
    assert_eq!(rig.stores.tasks.save(&mut lost).await.unwrap(), Save::Done);
    assert_eq!(rig.unaccounted().await, 0.0);
}

#[tokio::test]
async fn every_task_is_reached_a_few_pages_at_a_time_and_again_the_next_day() {
    let rig = rig();
    let mut oldest = rig.accept(0).await;
    oldest.control.due_at = None;
    assert_eq!(rig.stores.tasks.save(&mut oldest).await.unwrap(), Save::Done);
    for number in 1..=600 {
        if number % 100 == 0 {
            rig.now.fetch_add(1, Ordering::SeqCst);
        }
        rig.accept(number).await;
    }
    assert_eq!(rig.unaccounted().await, 0.0, "it is on the sixth page or later");
    assert_eq!(rig.unaccounted().await, 1.0);
    oldest.control.due_at = Some(rig.now());
    assert_eq!(rig.stores.tasks.save(&mut oldest).await.unwrap(), Save::Done);
    assert_eq!(rig.unaccounted().await, 0.0);
    oldest.control.due_at = None;
    assert_eq!(rig.stores.tasks.save(&mut oldest).await.unwrap(), Save::Done);
    assert_eq!(rig.unaccounted().await, 0.0, "the walk of the day is over");
    for number in 1..=600_u32 {
        let id = TaskId::derive("github", &number.to_be_bytes());
        let mut task = rig.stores.tasks.get(&id).await.unwrap().unwrap();
        task.transition(TaskStatus::Failed, rig.now(), "ended").unwrap();
        assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    }
    rig.now.fetch_add(86_400, Ordering::SeqCst);
    rig.unaccounted().await;
    assert_eq!(rig.unaccounted().await, 1.0);
}

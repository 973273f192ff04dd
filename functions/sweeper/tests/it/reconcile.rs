//! Unaccounted: accepted tasks that have not ended, and that no sweep would find.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::*;
use sweeper::Swept;

use crate::rig::{Damaged, Rig};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn task_that_left_the_index_is_counted_until_it_is_cared_for_again() {
    let rig = Rig::new();
    let mut lost = rig.accept(1).await;
    rig.accept(2).await;
    lost.control.due_at = None;
    rig.save(&mut lost).await;
    assert_eq!(rig.unaccounted().await, 1.0);
    rig.pass(Duration::from_secs(60));
    assert_eq!(rig.unaccounted().await, 1.0, "every sweep says so");
    lost.control.due_at = Some(rig.now());
    rig.save(&mut lost).await;
    assert_eq!(rig.unaccounted().await, 0.0);
}

#[tokio::test]
async fn all_that_left_the_index_are_counted_and_each_is_named_in_its_turn() {
    let rig = Rig::new();
    let mut lost = Vec::new();
    for number in 0..50 {
        let mut task = rig.accept(number).await;
        task.control.due_at = None;
        rig.save(&mut task).await;
        lost.push(task);
        rig.pass(Duration::from_secs(1));
    }
    assert_eq!(rig.unaccounted().await, 50.0, "more than are remembered by name");
    rig.pass(Duration::from_secs(60));
    assert_eq!(rig.unaccounted().await, 50.0, "every sweep says so");
    // The latest are met, and named, first.
    for left in [30, 10, 0_u32] {
        for mut task in lost.split_off(left as usize) {
            task.control.due_at = Some(rig.now());
            rig.save(&mut task).await;
        }
        rig.pass(Duration::from_secs(60));
        assert_eq!(rig.unaccounted().await, f64::from(left));
        assert_eq!(rig.unaccounted().await, f64::from(left));
    }
}

#[tokio::test]
async fn of_those_without_a_name_none_is_forgotten_while_the_next_walk_is_under_way() {
    let rig = Rig::new();
    let mut lost = Vec::new();
    for number in 0..630 {
        if number % 100 == 0 {
            rig.pass(Duration::from_secs(1));
        }
        let mut task = rig.accept(number).await;
        if number < 30 {
            task.control.due_at = None;
            rig.save(&mut task).await;
            lost.push(task);
        }
    }
    assert_eq!(rig.unaccounted().await, 0.0, "they are on the sixth page or later");
    assert_eq!(rig.unaccounted().await, 30.0);
    let walk = rig.stores.state.get("reconciliation", rig.now()).await.unwrap().unwrap().value;
    let named: Vec<TaskId> = serde_json::from_value(walk["missing"].clone()).unwrap();
    for task in lost.iter_mut().filter(|task| named.contains(&task.id)) {
        task.control.due_at = Some(rig.now());
        rig.save(task).await;
    }
    assert_eq!(rig.unaccounted().await, 10.0, "the walk has begun anew, and is not there yet");
    assert_eq!(rig.unaccounted().await, 10.0);
}

#[tokio::test]
async fn every_task_is_reached_a_few_pages_at_a_time_and_again_the_next_day() {
    let rig = Rig::new();
    let mut oldest = rig.accept(0).await;
    oldest.control.due_at = None;
    rig.save(&mut oldest).await;
    for number in 1..=600 {
        if number % 100 == 0 {
            rig.pass(Duration::from_secs(1));
        }
        rig.accept(number).await;
    }
    assert_eq!(rig.unaccounted().await, 0.0, "it is on the sixth page or later");
    assert_eq!(rig.unaccounted().await, 1.0);
    oldest.control.due_at = Some(rig.now());
    rig.save(&mut oldest).await;
    assert_eq!(rig.unaccounted().await, 0.0);
    oldest.control.due_at = None;
    rig.save(&mut oldest).await;
    assert_eq!(rig.unaccounted().await, 0.0, "the walk of the day is over");
    for number in 1..=600_u32 {
        let id = TaskId::derive("github", &number.to_be_bytes());
        let mut task = rig.stores.tasks.get(&id).await.unwrap().unwrap();
        task.transition(TaskStatus::Failed, rig.now(), "ended").unwrap();
        rig.save(&mut task).await;
    }
    rig.pass(DAY);
    rig.unaccounted().await;
    assert_eq!(rig.unaccounted().await, 1.0);
}

#[tokio::test]
async fn a_sweep_with_time_walks_over_all_tasks() {
    let rig = Rig::new();
    let mut oldest = rig.accept(0).await;
    oldest.control.due_at = None;
    rig.save(&mut oldest).await;
    for number in 1..=1_200 {
        if number % 100 == 0 {
            rig.pass(Duration::from_secs(1));
        }
        rig.accept(number).await;
    }
    let swept = rig.sweeper.sweep(rig.now()).await.whole().unwrap();
    rig.sweeper.count(&swept, after(rig.now(), Duration::from_secs(10))).await.unwrap();
    assert_eq!(rig.figures.total("Unaccounted", &[]), 1.0, "it is on the twelfth page or later");
}

#[tokio::test]
async fn a_task_that_cannot_be_read_is_unaccounted_for_and_stops_no_other() {
    let damaged = TaskId::derive("github", &1_u32.to_be_bytes());
    let is_down = Arc::new(AtomicBool::new(false));
    let rig = Rig::with(|stores| Stores {
        tasks: Arc::new(Damaged(stores.tasks, [damaged.clone()].into(), Arc::clone(&is_down))),
        ..stores
    });
    rig.accept(1).await;
    let lost = rig.accept(2).await;
    assert_eq!(rig.unaccounted().await, 1.0, "the walk names it");
    assert_eq!(rig.unaccounted().await, 1.0, "and remembers it");
    rig.pass(Duration::from_secs(130));
    let report = rig.sweep().await;
    assert_eq!((report.woken, report.errors), (1, 1));
    assert_eq!(rig.messages().await, [lost.id]);
    // The walk of the next day cannot begin.
    rig.pass(DAY);
    is_down.store(true, Ordering::SeqCst);
    let before = rig.figures.total("Unaccounted", &[]);
    assert!(rig.sweeper.count(&Swept::default(), rig.now()).await.is_err());
    assert_eq!(rig.figures.total("Unaccounted", &[]) - before, 1.0, "what is known is told all the same");
}

/// Ends `count` tasks, and writes down that `counted` have ended, as processors do.
async fn end(rig: &Rig, count: u32, counted: u32) {
    let recorder = StatsRecorder::new(rig.stores.state.clone(), 0);
    for number in 0..count {
        let mut task = rig.accept(number).await;
        task.transition(TaskStatus::Processing, rig.now(), "claimed").unwrap();
        task.transition(TaskStatus::Completed, rig.now(), "published").unwrap();
        rig.save(&mut task).await;
    }
    (0..counted).for_each(|_| recorder.ended(TaskStatus::Completed, rig.now()));
    recorder.write(rig.now()).await.unwrap();
}

#[tokio::test]
async fn ended_tasks_that_left_the_list_are_told_by_the_figures_of_their_day() {
    let rig = Rig::new();
    end(&rig, 20, 30).await;
    assert_eq!(rig.unaccounted().await, 0.0, "the day is not over yet");
    rig.pass(DAY);
    assert_eq!(rig.unaccounted().await, 10.0);
    assert_eq!(rig.unaccounted().await, 10.0, "every sweep says so");
    rig.pass(DAY);
    assert_eq!(rig.unaccounted().await, 0.0, "the next day's figures agree");
}

#[tokio::test]
async fn figures_that_agree_with_the_list_are_no_alarm() {
    let rig = Rig::new();
    end(&rig, 20, 19).await;
    rig.pass(DAY);
    assert_eq!(rig.unaccounted().await, 0.0);
}

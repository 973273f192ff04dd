//! Figures that must hold on any machine, with room to spare: the best of several runs counts, so that
//! a busy neighbour does not fail the test. `cargo run -p embedded --example figures` prints more.

use std::time::{Duration, Instant};

use domain::contract::plain_task;
use domain::{ListQuery, TaskStatus, after};
use embedded::Embedded;

use crate::support::ManualClock;

async fn best_of_runs(stores: &domain::Stores, query: &ListQuery) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        stores.tasks.list(query).await.unwrap();
        best = best.min(start.elapsed());
    }
    best
}

#[tokio::test]
async fn a_page_of_ten_thousand_tasks_takes_at_most_ten_milliseconds() {
    let dir = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let stores = Embedded::open(dir.path(), clock.clock()).unwrap().stores();
    for n in 0..10_000 {
        let task = plain_task(&format!("source {}", n % 7), after(clock.now(), Duration::from_millis(n)));
        stores.tasks.insert(&task).await.unwrap();
    }
    let all = ListQuery { limit: 50, ..ListQuery::default() };
    let page = stores.tasks.list(&all).await.unwrap();
    let source = Some("source 3".to_owned());
    let queries = [
        ListQuery { cursor: page.cursor, ..all.clone() },
        ListQuery { status: Some(TaskStatus::Received), ..all.clone() },
        ListQuery { source: source.clone(), ..all.clone() },
        ListQuery { status: Some(TaskStatus::Received), source: source.clone(), ..all.clone() },
        // Nothing matches: the worst that a filter can do.
        ListQuery { status: Some(TaskStatus::Failed), source, ..all.clone() },
        all,
    ];
    for query in queries {
        let time = best_of_runs(&stores, &query).await;
        assert!(time <= Duration::from_millis(10), "{time:?} for {query:?}");
    }
}

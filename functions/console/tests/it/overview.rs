//! The overview, from the figures that processors write.

use std::time::Duration;

use domain::{StatsRecorder, StepUsage, TaskStatus};

use crate::rig::Rig;

pub(crate) fn usage(model: &str, cost_usd: Option<f64>) -> StepUsage {
    StepUsage {
        step: "answer".to_owned(),
        model: model.to_owned(),
        prompt_tokens: 2_000,
        cached_tokens: 1_000,
        output_tokens: 10,
        thought_tokens: 0,
        cost_usd,
        saved_usd: cost_usd.map(|_| 0.125),
        attempts: 1,
        ms: 5,
    }
}

#[tokio::test]
async fn figures_of_all_processors_are_added_up() {
    let rig = Rig::new();
    let now = rig.watch.now();
    for shard in 0..8 {
        let book = StatsRecorder::new(rig.stores.state.clone(), shard);
        book.spent(&[usage("gemini-pro", Some(0.25)), usage("<odd>", None)]);
        book.ended(TaskStatus::Completed, now);
        book.write(now).await.unwrap();
        book.ended(TaskStatus::Failed, now);
        book.write(now).await.unwrap();
    }
    let page = rig.page("/ui/overview").await.text();
    for part in [
        "8 completed, 8 failed",
        "$2.00",
        "<strong>$1.00</strong><span>saved by caches",
        "50 %",
        "gemini-pro",
        "&lt;odd&gt;",
        "16 ended",
        "8 unpriced",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[tokio::test]
async fn nothing_is_written_while_there_is_nothing_new() {
    let rig = Rig::new();
    let (now, book) = (rig.watch.now(), StatsRecorder::new(rig.stores.state.clone(), 1));
    book.write(now).await.unwrap();
    assert!(rig.stores.state.get("stats:2026-11-18:1", now).await.unwrap().is_none());
    book.ended(TaskStatus::Ignored, now);
    book.write(now).await.unwrap();
    let key = &domain::day_keys(now)[1];
    let version = rig.stores.state.get(key, now).await.unwrap().unwrap().version;
    book.write(now).await.unwrap();
    assert_eq!(rig.stores.state.get(key, now).await.unwrap().unwrap().version, version);
}

#[tokio::test]
async fn a_day_begins_with_nothing() {
    let rig = Rig::new();
    let book = StatsRecorder::new(rig.stores.state.clone(), 0);
    book.ended(TaskStatus::Completed, rig.watch.now());
    book.write(rig.watch.now()).await.unwrap();
    rig.watch.advance(Duration::from_secs(86_400));
    let page = rig.page("/ui/overview").await.text();
    assert!(page.contains("<strong>0</strong><span>ended today (UTC)</span>"), "{page}");
    assert!(page.contains("1 completed"), "yesterday is still there: {page}");
}

use domain::TaskStatus;
use serde_json::json;

use harness::{Bench, found, handled_by, issue};

#[tokio::test(start_paused = true)]
async fn it_asks_for_the_version_if_there_is_none() {
    let bench = Bench::with(&handled_by("ask_version", ""), registry());
    bench.script([found(0.9, json!({"version": null}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["Which version do you use? `tool --version` prints it."]);
}

/// The reader has registered it where the automations are.
#[expect(clippy::unnecessary_wraps, reason = "what a bench is given")]
fn registry() -> Option<processor::Registry> {
    Some(processor::registry().on("ask_version", super::ask_version::ask_version))
}

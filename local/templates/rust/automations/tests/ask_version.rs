//! The automation in a processor whose model says what the test scripts. Time is virtual: waits cost none.

use automations::registered;
use domain::TaskStatus;
use harness::{Bench, found, handled_by, issue};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn it_asks_for_the_version_if_there_is_none() {
    let registry = registered(processor::registry());
    let bench = Bench::with(&handled_by("ask_version", ""), Some(registry));
    bench.script([found(0.9, json!({"version": null}))]);
    let id = bench.accept(&issue(7)).await;
    let task = bench.until_settled(&id).await;
    assert_eq!(task.control.status, TaskStatus::Completed);
    assert_eq!(bench.comments(), ["Which version do you use? `tool --version` prints it."]);
}

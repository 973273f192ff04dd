//! How often one task goes to its stores, on SQLite; `aws` counts the same on the wire.

use domain::{Clock, Lane};
use e2e::assembly::Assembly;
use e2e::counted::counted;
use e2e::hooks;
use e2e::world::{LOGIN, World};
use embedded::Embedded;

/// From the claim to the end of a task that goes well.
const COMPLETING: [&str; 32] = [
    "tasks.claim",
    "queue.set_visibility", // as long as the lease
    "state.acquire",        // the thread
    "payloads.get",         // the event
    "state.swap",           // triage: the day's budget
    "state.swap",           // its tenant's
    "state.swap",           // breaker and quota
    "state.swap",           // what came of it
    "state.swap",           // what it cost: the day
    "state.swap",           // the tenant
    "payloads.put_new",     // the transcript of triage
    "tasks.save",           // its answer
    "payloads.get",         // an answer that a former try has saved
    "state.swap",           // the answer: the day's budget
    "state.swap",           // its tenant's
    "state.swap",           // breaker and quota
    "state.get",            // a context cache: looked for once an environment, then remembered
    "state.swap",           // what came of it
    "state.swap",           // what it cost: the day
    "state.swap",           // the tenant
    "payloads.put_new",     // the transcript of the answer
    "payloads.put_new",     // the answer
    "state.get",            // the replies of the thread in the last hour
    "state.swap",           // and this one
    "payloads.put_new",     // the draft
    "tasks.save",           // the intent to publish it
    "tasks.save",           // the end, with the proof
    "state.swap",           // the day's figures
    "state.release",
    "state.get",  // past answers of the tenant and intent
    "state.swap", // this one among them
    "queue.delete",
];

/// The bill: a change here is a change of what a task costs.
#[tokio::test]
async fn a_task_goes_to_its_stores_so_often_and_no_more() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(dir.path(), Clock::system()).unwrap();
    let (stores, calls) = counted(embedded.stores());
    let system = Assembly::new(&world, stores, &Clock::system()).await;
    let id = system.api.accept(7).await;
    let mut accepting = calls.take();
    accepting.sort_unstable();
    // The body, and who reported first what happened: another hook may report it, too.
    assert_eq!(accepting, ["payloads.put_new", "payloads.put_new", "queue.send", "tasks.insert"]);
    let delivery = system.receive(Lane::Standard).await.pop().unwrap();
    let _ = calls.take();
    system.deliver(&delivery).await;
    assert_eq!(calls.take(), COMPLETING);
    assert_eq!(system.api.task(&id).await["status"], "completed");
}

/// A comment costs two requests more: whether its author has said more since, and what was said in comments that
/// gave way to this one.
#[tokio::test]
async fn a_comment_asks_once_for_a_newer_one_and_once_for_older_ones() {
    let world = World::new().await;
    let dir = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(dir.path(), Clock::system()).unwrap();
    let (stores, calls) = counted(embedded.stores());
    let system = Assembly::new(&world, stores, &Clock::system()).await;
    let text = format!("@{} does it work on Windows, too?", LOGIN);
    let answer = system.api.hook("issue_comment", &hooks::comment(7, "mona", &text)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let delivery = system.receive(Lane::Standard).await.pop().unwrap();
    let _ = calls.take();
    system.deliver(&delivery).await;
    let mut expected = COMPLETING.to_vec();
    expected.splice(4..4, ["tasks.newer_in_thread", "payloads.list"]);
    assert_eq!(calls.take(), expected);
    assert_eq!(system.api.task(&answer.task_id()).await["status"], "completed");
}

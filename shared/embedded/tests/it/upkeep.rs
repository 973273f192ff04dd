//! Ending the leases of a former run, and forgetting what is past its time.

use std::time::Duration;

use domain::contract::plain_task;
use domain::{Acquire, Blob, Claim, ClaimRequest, Expected, Lane, Lease, PartKey, Save, Stage, Swap, after};
use embedded::{Embedded, Forgotten, Voided};
use serde_json::json;

use crate::support::{ManualClock, envelope, receive, seconds};

fn request(owner: &str, clock: &ManualClock) -> ClaimRequest {
    let until = after(clock.now(), seconds(900));
    ClaimRequest { now: clock.now(), lease: Lease { owner: owner.to_owned(), until } }
}

#[tokio::test]
async fn a_restart_frees_tasks_messages_and_threads_at_once() {
    let clock = ManualClock::new();
    let embedded = Embedded::in_memory(clock.clock()).unwrap();
    let stores = embedded.stores();
    let task = plain_task("github", clock.now());
    stores.tasks.insert(&task).await.unwrap();
    stores.queue.send(&envelope("a", 0)).await.unwrap();
    receive(&*stores.queue, 1).await;
    let Claim::Claimed(mut of_former_run) =
        stores.tasks.claim(&task.id, &request("former", &clock)).await.unwrap()
    else {
        panic!("not claimed")
    };
    let until = after(clock.now(), seconds(900));
    assert_eq!(stores.state.acquire("thread", "former", clock.now(), until).await.unwrap(), Acquire::Held);
    let budget = |until| json!({"u": 7, "r": {"a1": [5, until]}});
    let aside = budget(until.as_second());
    let set_aside = stores.state.swap("budget:today", Expected::Absent, &aside, clock.now(), until);
    assert!(matches!(set_aside.await.unwrap(), Swap::Done(_)));
    clock.advance(Duration::from_millis(1));
    let busy = stores.tasks.claim(&task.id, &request("new", &clock)).await.unwrap();
    assert!(matches!(busy, Claim::Busy { .. }));

    let voided = embedded.void_leases(clock.now()).unwrap();
    assert_eq!(voided, Voided { tasks: 1, messages: 1, leases: 1, reservations: 1 });

    let kept = stores.state.get("budget:today", clock.now()).await.unwrap().unwrap();
    assert_eq!(kept.value, budget(clock.now().as_second()), "what is in doubt is spent");
    let due = stores.tasks.due(Stage::Processing, clock.now(), 10).await.unwrap();
    assert_eq!(due.len(), 1, "the sweeper finds it at once");
    assert_eq!(receive(&*stores.queue, 1).await[0].receive_count, 2);
    assert_eq!(stores.tasks.save(&mut of_former_run).await.unwrap(), Save::Stale);
    let Claim::Claimed(claimed) = stores.tasks.claim(&task.id, &request("new", &clock)).await.unwrap() else {
        panic!("not claimed")
    };
    assert_eq!((claimed.control.fence, claimed.control.attempts), (2, 2));
    assert_eq!(stores.state.acquire("thread", "new", clock.now(), until).await.unwrap(), Acquire::Held);
}

#[tokio::test]
async fn voiding_leaves_everything_else_alone() {
    let clock = ManualClock::new();
    let embedded = Embedded::in_memory(clock.clock()).unwrap();
    let stores = embedded.stores();
    let received = plain_task("github", clock.now());
    stores.tasks.insert(&received).await.unwrap();
    stores.queue.send(&envelope("a", 0)).await.unwrap();
    let voided = embedded.void_leases(clock.now()).unwrap();
    assert_eq!(voided, Voided { tasks: 0, messages: 0, leases: 0, reservations: 0 });
    assert_eq!(stores.tasks.get(&received.id).await.unwrap(), Some(received));
    assert_eq!(receive(&*stores.queue, 1).await[0].receive_count, 1);
}

#[tokio::test]
async fn what_is_past_its_time_is_forgotten_and_nothing_else() {
    let clock = ManualClock::new();
    let embedded = Embedded::in_memory(clock.clock()).unwrap();
    let stores = embedded.stores();
    let old = plain_task("github", clock.now());
    let blob = Blob::pack(b"{}").unwrap();
    let in_an_hour = after(clock.now(), seconds(3_600));
    stores.tasks.insert(&old).await.unwrap();
    stores.payloads.put_new(&old.id, &PartKey::payload(), &blob, old.forgotten_at()).await.unwrap();
    stores.queue.send(&envelope("a", 0)).await.unwrap();
    stores.state.add("counter", 5, in_an_hour).await.unwrap();
    let swap = stores.state.swap("value", Expected::Absent, &1.into(), clock.now(), in_an_hour).await;
    let Swap::Done(version) = swap.unwrap() else { panic!("not written") };
    clock.advance(seconds(29 * 86_400));
    let young = plain_task("github", clock.now());
    stores.tasks.insert(&young).await.unwrap();
    stores.payloads.put_new(&young.id, &PartKey::payload(), &blob, young.forgotten_at()).await.unwrap();
    clock.advance(seconds(86_400));

    let forgotten = embedded.forget(clock.now()).unwrap();
    assert_eq!(forgotten, Forgotten { tasks: 1, parts: 1, state: 2, messages: 1 });

    assert_eq!(stores.tasks.get(&old.id).await.unwrap(), None);
    assert_eq!(stores.payloads.list(&old.id, "").await.unwrap(), []);
    assert_eq!(stores.queue.depth(Some(Lane::Standard)).await.unwrap().ready, 0);
    assert_eq!(stores.tasks.get(&young.id).await.unwrap(), Some(young.clone()));
    assert_eq!(stores.payloads.list(&young.id, "").await.unwrap().len(), 1);
    // The version of the forgotten value fits no later one, though its row is gone.
    let forget_at = after(clock.now(), seconds(60));
    let again =
        stores.state.swap("value", Expected::Absent, &2.into(), clock.now(), forget_at).await.unwrap();
    assert!(matches!(again, Swap::Done(later) if later > version));
}

#[tokio::test]
async fn a_counter_past_its_time_begins_anew() {
    let clock = ManualClock::new();
    let state = Embedded::in_memory(clock.clock()).unwrap().stores().state;
    assert_eq!(state.add("counter", 5, after(clock.now(), seconds(60))).await.unwrap(), 5);
    clock.advance(seconds(61));
    assert_eq!(state.add("counter", 2, after(clock.now(), seconds(60))).await.unwrap(), 2);
}

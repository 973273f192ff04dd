//! Tenants are served in turn.

use domain::{Delivery, Queue};
use embedded::Embedded;

use crate::support::{ManualClock, envelope, receive, seconds};

async fn send(queue: &dyn Queue, tenant: &str, numbers: std::ops::Range<u32>) {
    for n in numbers {
        queue.send(&envelope(tenant, n)).await.unwrap();
    }
}

/// The place, from 0, at which the only message of `tenant` is received, one message at a time.
async fn place(queue: &dyn Queue, tenant: &str) -> usize {
    let body = envelope(tenant, 0).body();
    for place in 0..1_000 {
        let delivery = receive(queue, 1).await.remove(0);
        queue.delete(&delivery.receipt).await.unwrap();
        if delivery.body == body {
            return place;
        }
    }
    panic!("the message of {tenant} never came");
}

#[tokio::test]
async fn a_single_message_overtakes_a_burst_of_another_tenant() {
    let queue = Embedded::in_memory(ManualClock::new().clock()).unwrap().stores().queue;
    send(&*queue, "burst", 0..500).await;
    send(&*queue, "single", 0..1).await;
    assert!(place(&*queue, "single").await <= 1);
}

#[tokio::test]
async fn a_single_message_overtakes_a_burst_that_is_half_served() {
    let queue = Embedded::in_memory(ManualClock::new().clock()).unwrap().stores().queue;
    send(&*queue, "burst", 0..500).await;
    for _ in 0..25 {
        assert_eq!(receive(&*queue, 10).await.len(), 10);
    }
    send(&*queue, "single", 0..1).await;
    assert!(place(&*queue, "single").await <= 1);
}

#[tokio::test]
async fn a_burst_that_comes_back_from_a_delay_does_not_push_in() {
    let clock = ManualClock::new();
    let queue = Embedded::in_memory(clock.clock()).unwrap().stores().queue;
    send(&*queue, "burst", 0..500).await;
    for _ in 0..50 {
        for delivery in receive(&*queue, 10).await {
            queue.set_visibility(&delivery.receipt, seconds(300)).await.unwrap();
        }
    }
    assert_eq!(receive(&*queue, 10).await, []);
    clock.advance(seconds(301));
    send(&*queue, "single", 0..1).await;
    assert!(place(&*queue, "single").await <= 1);
}

#[tokio::test]
async fn tenants_with_backlogs_take_turns() {
    let queue = Embedded::in_memory(ManualClock::new().clock()).unwrap().stores().queue;
    for tenant in ["a", "b", "c"] {
        send(&*queue, tenant, 0..20).await;
    }
    for _ in 0..20 {
        let mut round: Vec<Delivery> = receive(&*queue, 3).await;
        round.sort_by_key(|delivery| delivery.body.clone());
        let n = (0..20).find(|n| round.iter().any(|found| found.body == envelope("a", *n).body())).unwrap();
        let mut expected = ["a", "b", "c"].map(|tenant| envelope(tenant, n).body());
        expected.sort_unstable();
        assert_eq!(round.into_iter().map(|found| found.body).collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn a_tenant_that_sends_one_after_the_other_does_not_starve_a_backlog() {
    let queue = Embedded::in_memory(ManualClock::new().clock()).unwrap().stores().queue;
    send(&*queue, "backlog", 0..10).await;
    let mut of_backlog = 0;
    for n in 0..20 {
        send(&*queue, "steady", n..n + 1).await;
        let delivery = receive(&*queue, 1).await.remove(0);
        queue.delete(&delivery.receipt).await.unwrap();
        of_backlog += u32::from((0..10).any(|n| delivery.body == envelope("backlog", n).body()));
    }
    assert!(of_backlog >= 9, "{of_backlog} of 20 receives went to the backlog");
}

#[tokio::test]
async fn a_message_of_one_tenant_comes_in_the_order_of_sending() {
    let queue = Embedded::in_memory(ManualClock::new().clock()).unwrap().stores().queue;
    send(&*queue, "a", 0..30).await;
    for first in [0, 10, 20] {
        let bodies: Vec<String> = receive(&*queue, 10).await.into_iter().map(|found| found.body).collect();
        assert_eq!(bodies, (first..first + 10).map(|n| envelope("a", n).body()).collect::<Vec<_>>());
    }
}

//! What a poller needs to sleep: the call when something is ready, and the time when something will be.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Lane, after};
use embedded::Embedded;

use crate::support::{ManualClock, envelope, receive, seconds};

fn listening(embedded: &Embedded) -> Arc<Mutex<Vec<Lane>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ears = Arc::clone(&heard);
    embedded.on_ready(move |lane| ears.lock().unwrap().push(lane));
    heard
}

#[tokio::test]
async fn listeners_hear_of_each_message_when_it_can_be_received() {
    let embedded = Embedded::in_memory(ManualClock::new().clock()).unwrap();
    let (first, second) = (listening(&embedded), listening(&embedded.clone()));
    let queue = embedded.stores().queue;
    queue.send(&envelope("a", 0)).await.unwrap();
    assert_eq!(*first.lock().unwrap(), [Lane::Standard]);
    let delivery = receive(&*queue, 1).await.remove(0);
    queue.set_visibility(&delivery.receipt, seconds(5)).await.unwrap();
    assert_eq!(first.lock().unwrap().len(), 1, "nothing is ready yet");
    queue.set_visibility(&delivery.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(*first.lock().unwrap(), [Lane::Standard, Lane::Standard]);
    embedded.send_raw(Lane::Bulk, "b", "?").unwrap();
    assert_eq!(*second.lock().unwrap(), [Lane::Standard, Lane::Standard, Lane::Bulk]);
}

#[tokio::test]
async fn a_receipt_of_something_gone_wakes_nobody() {
    let embedded = Embedded::in_memory(ManualClock::new().clock()).unwrap();
    let queue = embedded.stores().queue;
    queue.send(&envelope("a", 0)).await.unwrap();
    let delivery = receive(&*queue, 1).await.remove(0);
    queue.delete(&delivery.receipt).await.unwrap();
    let heard = listening(&embedded);
    queue.set_visibility(&delivery.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(*heard.lock().unwrap(), []);
}

#[tokio::test]
async fn next_visible_is_the_end_of_the_earliest_time_out() {
    let clock = ManualClock::new();
    let embedded = Embedded::in_memory(clock.clock()).unwrap();
    let queue = embedded.stores().queue;
    let lane = Some(Lane::Standard);
    assert_eq!(embedded.next_visible(lane).unwrap(), None);
    for n in 0..2 {
        queue.send(&envelope("a", n)).await.unwrap();
    }
    assert!(embedded.next_visible(lane).unwrap().unwrap() <= clock.now());
    let deliveries = receive(&*queue, 2).await;
    queue.set_visibility(&deliveries[1].receipt, seconds(20)).await.unwrap();
    assert_eq!(embedded.next_visible(lane).unwrap(), Some(after(clock.now(), seconds(20))));
    assert_eq!(embedded.next_visible(Some(Lane::Bulk)).unwrap(), None);
    clock.advance(seconds(20));
    assert_eq!(receive(&*queue, 2).await.len(), 1);
}

#[tokio::test]
async fn the_receipt_of_an_earlier_delivery_does_not_delete() {
    let clock = ManualClock::new();
    let queue = Embedded::in_memory(clock.clock()).unwrap().stores().queue;
    queue.send(&envelope("a", 0)).await.unwrap();
    let first = receive(&*queue, 1).await.remove(0);
    clock.advance(seconds(61));
    let second = receive(&*queue, 1).await.remove(0);
    queue.delete(&first.receipt).await.unwrap();
    queue.set_visibility(&first.receipt, Duration::ZERO).await.unwrap();
    assert_eq!(receive(&*queue, 1).await, [], "the earlier receipt has no power over the later delivery");
    clock.advance(seconds(61));
    assert_eq!(receive(&*queue, 1).await.len(), 1, "the message is still there");
    queue.delete(&second.receipt).await.unwrap();
}

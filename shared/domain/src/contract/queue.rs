//! What every [`Queue`] must do.
//!
//! Time-outs are whole seconds, since Amazon SQS knows no others, and pauses overshoot them by one.
//! What Amazon SQS leaves open is left open here: the order of messages, whether a receive finds
//! everything that is there, and whether the receipt of an earlier delivery still deletes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::{Delivery, Depth, Envelope, Lane, Queue, TaskId, Visibility};

use super::support::{Boxed, eventually, same, together};
use super::{QueueHooks, fresh_id};

/// Receives before a message moves to the dead letters.
const MAX_RECEIVES: u32 = 20;
/// Long enough that no fact outlasts it.
const LONG: u64 = 600;
/// Empty receives in a row after which a queue counts as empty.
const EMPTY_RECEIVES: u32 = 3;

/// Every fact of this port. What is on the lanes and among the dead letters before is removed.
pub async fn all(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    a_message_arrives_as_it_was_sent(queue, hooks).await;
    an_empty_lane_gives_nothing(queue, hooks).await;
    a_received_message_is_invisible_until_its_time_out(queue, hooks).await;
    a_deleted_message_never_comes_back(queue, hooks).await;
    a_message_can_be_made_visible_at_once(queue, hooks).await;
    a_message_can_be_kept_away_longer(queue, hooks).await;
    visibility_of_what_is_gone_is_no_error(queue, hooks).await;
    an_outdated_receipt_is_no_error(queue, hooks).await;
    lanes_are_apart(queue, hooks).await;
    a_batch_is_at_most_as_large_as_asked(queue, hooks).await;
    receivers_at_once_get_different_messages(queue, hooks).await;
    the_same_task_may_be_sent_twice(queue, hooks).await;
    depth_tells_ready_from_in_flight(queue, hooks).await;
    a_damaged_body_passes_through(queue, hooks).await;
    age_counts_from_the_sending(queue, hooks).await;
    a_message_received_too_often_is_a_dead_letter(queue, hooks).await;
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn envelope(lane: Lane) -> Envelope {
    Envelope { task_id: fresh_id("queue"), lane, tenant: "octo/repo".to_owned() }
}

/// One receive that waits for nothing: most facts ask for messages that are there, or must not be.
async fn receive(queue: &dyn Queue, lane: Option<Lane>, max: usize, timeout: u64) -> Vec<Delivery> {
    receive_within(queue, lane, max, timeout, Duration::ZERO).await
}

async fn receive_within(
    queue: &dyn Queue,
    lane: Option<Lane>,
    max: usize,
    timeout: u64,
    wait: Duration,
) -> Vec<Delivery> {
    let from = Visibility { lane, timeout: seconds(timeout) };
    let deliveries = queue.receive(from, max, wait).await.unwrap();
    assert!(deliveries.len() <= max, "{} messages instead of {max}", deliveries.len());
    assert!(deliveries.iter().all(|delivery| delivery.receipt.lane == lane));
    deliveries
}

/// Receives until there are `count` messages, each of them once.
async fn receive_all(
    queue: &dyn Queue,
    hooks: &dyn QueueHooks,
    lane: Option<Lane>,
    count: usize,
    timeout: u64,
) -> Vec<Delivery> {
    let mut all = Vec::new();
    eventually(hooks, async || {
        all.extend(receive_within(queue, lane, 10, timeout, seconds(1)).await);
        same(&all.len(), &count)
    })
    .await;
    all
}

async fn receive_one(
    queue: &dyn Queue,
    hooks: &dyn QueueHooks,
    lane: Option<Lane>,
    timeout: u64,
) -> Delivery {
    receive_all(queue, hooks, lane, 1, timeout).await.remove(0)
}

/// Nothing can be received. Asks several times: a receive need not find everything that is there.
async fn nothing_on(queue: &dyn Queue, lane: Option<Lane>) {
    for _ in 0..EMPTY_RECEIVES {
        assert_eq!(receive(queue, lane, 10, LONG).await, [], "{lane:?} is not empty");
    }
}

async fn delete_all(queue: &dyn Queue, deliveries: &[Delivery]) {
    for delivery in deliveries {
        queue.delete(&delivery.receipt).await.unwrap();
    }
}

/// Removes what can be received now from `lane` and from the dead letters.
async fn clear(queue: &dyn Queue, lane: Lane) {
    for from in [Some(lane), None] {
        let mut empty = 0;
        while empty < EMPTY_RECEIVES {
            let found = receive(queue, from, 10, LONG).await;
            delete_all(queue, &found).await;
            empty = if found.is_empty() { empty + 1 } else { 0 };
        }
    }
}

async fn sent(queue: &dyn Queue, lane: Lane) -> Envelope {
    let envelope = envelope(lane);
    queue.send(&envelope).await.unwrap();
    envelope
}

/// The body names the task, the counters begin at one, the id and the receipt are not empty (an
/// empty id among the failures of a Lambda batch fails the whole batch).
pub async fn a_message_arrives_as_it_was_sent(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    for lane in Lane::ALL {
        clear(queue, lane).await;
        let mut envelope = envelope(lane);
        envelope.tenant = "ü🦀 /#".repeat(20);
        queue.send(&envelope).await.unwrap();
        let delivery = receive_one(queue, hooks, Some(lane), LONG).await;
        assert_eq!(delivery.body, envelope.body());
        assert_eq!(delivery.task_id(), Ok(envelope.task_id));
        assert_eq!(delivery.receive_count, 1);
        assert!(!delivery.message_id.is_empty() && !delivery.receipt.handle.is_empty());
        assert!(delivery.age < seconds(30), "{:?}", delivery.age);
        queue.delete(&delivery.receipt).await.unwrap();
    }
}

/// No message is an answer, not an error; the dead letters are a queue like the lanes.
pub async fn an_empty_lane_gives_nothing(queue: &dyn Queue, _: &dyn QueueHooks) {
    for lane in [Some(Lane::Express), Some(Lane::Standard), Some(Lane::Bulk), None] {
        nothing_on(queue, lane).await;
    }
}

/// Then it comes back, under the same id, counted, with another receipt.
pub async fn a_received_message_is_invisible_until_its_time_out(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    let first = receive_one(queue, hooks, Some(lane), 5).await;
    nothing_on(queue, Some(lane)).await;
    hooks.pause(seconds(6)).await;
    let second = receive_one(queue, hooks, Some(lane), LONG).await;
    assert_eq!((second.receive_count, &second.body), (2, &first.body));
    assert_eq!(second.message_id, first.message_id);
    assert_ne!(second.receipt, first.receipt);
    queue.delete(&second.receipt).await.unwrap();
}

/// Not after its time-out either; deleting once more is harmless.
pub async fn a_deleted_message_never_comes_back(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    let delivery = receive_one(queue, hooks, Some(lane), 2).await;
    queue.delete(&delivery.receipt).await.unwrap();
    queue.delete(&delivery.receipt).await.unwrap();
    hooks.pause(seconds(3)).await;
    nothing_on(queue, Some(lane)).await;
}

/// A time-out of zero gives the message back.
pub async fn a_message_can_be_made_visible_at_once(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    let first = receive_one(queue, hooks, Some(lane), LONG).await;
    queue.set_visibility(&first.receipt, Duration::ZERO).await.unwrap();
    let second = receive_one(queue, hooks, Some(lane), LONG).await;
    assert_eq!((second.receive_count, second.message_id), (2, first.message_id));
    queue.delete(&second.receipt).await.unwrap();
}

/// The new time-out counts from the call, and replaces the old one.
pub async fn a_message_can_be_kept_away_longer(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    let first = receive_one(queue, hooks, Some(lane), 2).await;
    queue.set_visibility(&first.receipt, seconds(9)).await.unwrap();
    hooks.pause(seconds(3)).await;
    nothing_on(queue, Some(lane)).await;
    hooks.pause(seconds(7)).await;
    let second = receive_one(queue, hooks, Some(lane), LONG).await;
    assert_eq!(second.receive_count, 2);
    queue.delete(&second.receipt).await.unwrap();
}

/// The processor sets the visibility of each failure without knowing what became of the message.
pub async fn visibility_of_what_is_gone_is_no_error(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    let first = receive_one(queue, hooks, Some(lane), 1).await;
    hooks.pause(seconds(2)).await;
    queue.set_visibility(&first.receipt, seconds(1)).await.unwrap();
    hooks.pause(seconds(2)).await;
    let second = receive_one(queue, hooks, Some(lane), LONG).await;
    queue.delete(&second.receipt).await.unwrap();
    for receipt in [&first.receipt, &second.receipt] {
        for after in [0, 5] {
            queue.set_visibility(receipt, seconds(after)).await.unwrap();
        }
    }
    nothing_on(queue, Some(lane)).await;
}

/// Whether the receipt of an earlier delivery still deletes is open, but the latest one does, and
/// neither is an error.
pub async fn an_outdated_receipt_is_no_error(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    let first = receive_one(queue, hooks, Some(lane), 1).await;
    hooks.pause(seconds(2)).await;
    let second = receive_one(queue, hooks, Some(lane), 3).await;
    queue.delete(&first.receipt).await.unwrap();
    queue.delete(&second.receipt).await.unwrap();
    hooks.pause(seconds(4)).await;
    nothing_on(queue, Some(lane)).await;
}

/// A message is on the lane that it was sent to, and on no other.
pub async fn lanes_are_apart(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    for lane in Lane::ALL {
        clear(queue, lane).await;
    }
    let sent = sent(queue, Lane::Bulk).await;
    for lane in [Some(Lane::Express), Some(Lane::Standard), None] {
        nothing_on(queue, lane).await;
    }
    let delivery = receive_one(queue, hooks, Some(Lane::Bulk), LONG).await;
    assert_eq!(delivery.body, sent.body());
    queue.delete(&delivery.receipt).await.unwrap();
}

/// Many messages come in several batches, each message once.
pub async fn a_batch_is_at_most_as_large_as_asked(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Express;
    clear(queue, lane).await;
    let mut expected = BTreeSet::new();
    for _ in 0..25 {
        expected.insert(sent(queue, lane).await.task_id);
    }
    // `receive` itself checks the bound.
    let mut deliveries = Vec::new();
    for max in [1, 3] {
        deliveries.extend(receive(queue, Some(lane), max, LONG).await);
    }
    assert!(!deliveries.is_empty());
    let rest = 25 - deliveries.len();
    deliveries.extend(receive_all(queue, hooks, Some(lane), rest, LONG).await);
    assert_eq!(ids(&deliveries), expected);
    let message_ids: BTreeSet<&str> = deliveries.iter().map(|found| found.message_id.as_str()).collect();
    assert_eq!(message_ids.len(), 25);
    delete_all(queue, &deliveries).await;
}

fn ids(deliveries: &[Delivery]) -> BTreeSet<TaskId> {
    deliveries.iter().map(|delivery| delivery.task_id().unwrap()).collect()
}

/// A message in flight is in flight for everybody.
pub async fn receivers_at_once_get_different_messages(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Express;
    clear(queue, lane).await;
    let mut expected = BTreeSet::new();
    for _ in 0..20 {
        expected.insert(sent(queue, lane).await.task_id);
    }
    let receivers: Vec<Boxed<'_, Vec<Delivery>>> =
        (0..4).map(|_| Box::pin(receive(queue, Some(lane), 5, LONG)) as Boxed<'_, _>).collect();
    let mut deliveries: Vec<Delivery> = together(receivers).await.into_iter().flatten().collect();
    let rest = 20 - deliveries.len();
    deliveries.extend(receive_all(queue, hooks, Some(lane), rest, LONG).await);
    assert_eq!(ids(&deliveries), expected);
    delete_all(queue, &deliveries).await;
}

/// Two messages that say the same are two: the sweeper may send again what is still on its way.
pub async fn the_same_task_may_be_sent_twice(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    let envelope = sent(queue, lane).await;
    queue.send(&envelope).await.unwrap();
    let deliveries = receive_all(queue, hooks, Some(lane), 2, LONG).await;
    assert_ne!(deliveries[0].message_id, deliveries[1].message_id);
    assert_eq!(ids(&deliveries), BTreeSet::from([envelope.task_id]));
    delete_all(queue, &deliveries).await;
}

/// Both numbers follow what happens to the messages, each lane for itself.
pub async fn depth_tells_ready_from_in_flight(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Bulk;
    clear(queue, lane).await;
    depth_becomes(queue, hooks, Some(lane), 0, 0).await;
    for _ in 0..3 {
        sent(queue, lane).await;
    }
    depth_becomes(queue, hooks, Some(lane), 3, 0).await;
    let mut deliveries = Vec::new();
    while deliveries.is_empty() {
        deliveries = receive(queue, Some(lane), 1, LONG).await;
    }
    depth_becomes(queue, hooks, Some(lane), 2, 1).await;
    queue.delete(&deliveries[0].receipt).await.unwrap();
    depth_becomes(queue, hooks, Some(lane), 2, 0).await;
    clear(queue, lane).await;
    depth_becomes(queue, hooks, Some(lane), 0, 0).await;
}

async fn depth_becomes(
    queue: &dyn Queue,
    hooks: &dyn QueueHooks,
    lane: Option<Lane>,
    ready: u64,
    in_flight: u64,
) {
    eventually(hooks, async || same(&queue.depth(lane).await.unwrap(), &Depth { ready, in_flight })).await;
}

/// The adapter does not judge bodies: one that is not ours must neither be dropped nor fail the
/// batch that it came in.
pub async fn a_damaged_body_passes_through(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    let damaged = ["{", "{\"task_id\":7}", "{\"task_id\":\"tsk_nope\"}", "null", "Grüße 🦀 <&\">", " x\n"];
    for body in damaged {
        hooks.send_raw(lane, body).await;
    }
    let good = sent(queue, lane).await;
    let deliveries = receive_all(queue, hooks, Some(lane), damaged.len() + 1, LONG).await;
    let mut left: BTreeMap<&str, &Delivery> =
        deliveries.iter().map(|delivery| (delivery.body.as_str(), delivery)).collect();
    assert_eq!(left.remove(good.body().as_str()).unwrap().task_id(), Ok(good.task_id));
    for body in damaged {
        let delivery = left.remove(body).unwrap_or_else(|| panic!("{body} is not as it was sent"));
        assert!(delivery.task_id().is_err());
    }
    delete_all(queue, &deliveries).await;
}

/// Not from the latest receive.
pub async fn age_counts_from_the_sending(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Standard;
    clear(queue, lane).await;
    sent(queue, lane).await;
    hooks.pause(seconds(2)).await;
    let first = receive_one(queue, hooks, Some(lane), 1).await;
    hooks.pause(seconds(2)).await;
    let second = receive_one(queue, hooks, Some(lane), LONG).await;
    // The sender's clock and ours may differ by a little.
    assert!(first.age >= Duration::from_millis(1_500), "{:?}", first.age);
    assert!(second.age >= Duration::from_millis(3_500), "{:?}", second.age);
    assert!(second.age < seconds(60), "{:?}", second.age);
    queue.delete(&second.receipt).await.unwrap();
}

/// After 20 receives it is out of the way of the others, but not lost: it is among the dead letters,
/// with its body, and can be read, counted and deleted there.
pub async fn a_message_received_too_often_is_a_dead_letter(queue: &dyn Queue, hooks: &dyn QueueHooks) {
    let lane = Lane::Express;
    clear(queue, lane).await;
    let envelope = sent(queue, lane).await;
    for count in 1..=MAX_RECEIVES {
        let delivery = receive_one(queue, hooks, Some(lane), LONG).await;
        assert_eq!(delivery.receive_count, count);
        queue.set_visibility(&delivery.receipt, Duration::ZERO).await.unwrap();
    }
    nothing_on(queue, Some(lane)).await;
    let dead = receive_one(queue, hooks, None, LONG).await;
    assert_eq!(dead.body, envelope.body());
    depth_becomes(queue, hooks, None, 0, 1).await;
    queue.set_visibility(&dead.receipt, Duration::ZERO).await.unwrap();
    let dead = receive_one(queue, hooks, None, 1).await;
    queue.delete(&dead.receipt).await.unwrap();
    hooks.pause(seconds(2)).await;
    nothing_on(queue, None).await;
}

//! [`Queue`] on SQLite: visibility time-outs, redelivery and dead letters as Amazon SQS has them.
//!
//! **Tenants are served in turn.** A message that becomes ready gets a *turn*: one more than the last
//! ready message of its tenant, or, if its tenant has none ready, the turn that is being served now.
//! Ready messages are received in the order of turns. So a tenant that sends 500 at once takes 500
//! turns, and the single message of another is received after at most one of those. A message that comes
//! back after its time-out queues like a new one, so 500 messages that were deferred to the same second do
//! not jump the queue either.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Clock, Delivery, Depth, Envelope, Lane, Queue, QueueError, Receipt, Timestamp, Visibility, after, between,
};
use rusqlite::{Connection, Transaction};

use crate::database::Database;
use crate::failure::{Failure, counter, millis, timestamp};

/// A message that was received this often goes to the dead letters instead of being received again.
const MAX_RECEIVES: u32 = 20;
/// The longest that a message can be kept invisible, as on SQS.
const MAX_VISIBILITY: Duration = Duration::from_secs(12 * 3_600);
/// Most messages of one receive, as on SQS.
const MAX_BATCH: usize = 10;
/// The dead letters, in the column `queue` where the others are lanes.
const DEAD: &str = "dead";

/// The turn of a message of tenant `?2` that becomes ready in queue `?1`.
macro_rules! turn {
    () => {
        "coalesce(
            (SELECT max(turn) + 1 FROM message WHERE queue = ?1 AND tenant = ?2 AND turn IS NOT NULL),
            (SELECT min(turn) FROM message WHERE queue = ?1 AND turn IS NOT NULL),
            0)"
    };
}

/// Called with the lane on which something can be received.
pub(crate) type Listener = Box<dyn Fn(Lane) + Send + Sync>;

/// Messages in table `message`.
pub(crate) struct SqliteQueue {
    database: Arc<Database>,
    clock: Clock,
    listeners: RwLock<Vec<Listener>>,
}

impl SqliteQueue {
    pub(crate) fn new(database: Arc<Database>, clock: Clock) -> Self {
        Self { database, clock, listeners: RwLock::default() }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn listen(&self, listener: Listener) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }

    /// Tells the listeners that something can be received on `lane`.
    pub(crate) fn announce(&self, lane: Lane) {
        let listeners = self.listeners.read().unwrap_or_else(PoisonError::into_inner);
        listeners.iter().for_each(|listener| listener(lane));
    }

    pub(crate) fn put(&self, lane: Lane, group: &str, body: &str) -> Result<(), QueueError> {
        let now = self.clock.now();
        self.database.write("send", |connection| insert(connection, lane, group, body, now))?;
        self.announce(lane);
        Ok(())
    }

    pub(crate) fn next_visible(&self, lane: Option<Lane>) -> Result<Option<Timestamp>, QueueError> {
        self.database.read("look ahead", |connection| next_visible(connection, name(lane)))
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn send(&self, envelope: &Envelope) -> Result<(), QueueError> {
        self.put(envelope.lane, &envelope.group(), &envelope.body())
    }

    /// Returns at once, also when there is nothing and `wait` is not zero: there is no runtime here to
    /// wait with. A poller waits for [`crate::Embedded::on_ready`] instead.
    async fn receive(
        &self,
        queue: Visibility,
        max: usize,
        _wait: Duration,
    ) -> Result<Vec<Delivery>, QueueError> {
        let now = self.clock.now();
        self.database.transact("receive", |transaction| {
            line_up(transaction, queue.lane, now)?;
            take(transaction, queue, max.min(MAX_BATCH), now)
        })
    }

    /// The receipt of an earlier delivery of a message that has been received again since does not
    /// delete it. (SQS leaves that open.)
    async fn delete(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.database.write("delete", |connection| delete(connection, receipt))
    }

    async fn set_visibility(&self, receipt: &Receipt, after: Duration) -> Result<(), QueueError> {
        let now = self.clock.now();
        let changed = self.database.write("set visibility", |connection| {
            set_visibility(connection, receipt, after.min(MAX_VISIBILITY), now)
        })?;
        if let Some(lane) = receipt.lane
            && changed
            && after.is_zero()
        {
            self.announce(lane);
        }
        Ok(())
    }

    async fn depth(&self, lane: Option<Lane>) -> Result<Depth, QueueError> {
        let now = self.clock.now();
        self.database.read("depth", |connection| depth(connection, lane, now))
    }
}

fn name(lane: Option<Lane>) -> &'static str {
    lane.map_or(DEAD, Lane::as_str)
}

fn insert(
    connection: &Connection,
    lane: Lane,
    group: &str,
    body: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    connection
        .prepare_cached(concat!(
            "INSERT INTO message (queue, tenant, turn, visible_at, sent_at, body)
             VALUES (?1, ?2, ",
            turn!(),
            ", ?3, ?3, ?4)"
        ))?
        .execute((lane.as_str(), group, millis(now), body))?;
    Ok(())
}

/// Gives a turn to each message whose time-out has passed, or moves it to the dead letters.
fn line_up(transaction: &Transaction<'_>, lane: Option<Lane>, now: Timestamp) -> Result<(), Failure> {
    let queue = name(lane);
    let back: Vec<(i64, String, u32)> = transaction
        .prepare_cached(
            "SELECT id, tenant, receive_count FROM message
             WHERE queue = ?1 AND turn IS NULL AND visible_at <= ?2 ORDER BY visible_at, id",
        )?
        .query_map((queue, millis(now)), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, tenant, receive_count) in back {
        if lane.is_some() && receive_count >= MAX_RECEIVES {
            transaction
                .prepare_cached("UPDATE message SET queue = ?2, visible_at = ?3 WHERE id = ?1")?
                .execute((id, DEAD, millis(now)))?;
        } else {
            transaction
                .prepare_cached(concat!("UPDATE message SET turn = ", turn!(), " WHERE id = ?3"))?
                .execute((queue, tenant, id))?;
        }
    }
    Ok(())
}

/// Takes up to `max` ready messages in the order of their turns.
fn take(
    transaction: &Transaction<'_>,
    queue: Visibility,
    max: usize,
    now: Timestamp,
) -> Result<Vec<Delivery>, Failure> {
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let ready: Vec<i64> = transaction
        .prepare_cached(
            "SELECT id FROM message WHERE queue = ?1 AND turn IS NOT NULL ORDER BY turn, id LIMIT ?2",
        )?
        .query_map((name(queue.lane), limit), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let visible_at = millis(after(now, queue.timeout.min(MAX_VISIBILITY)));
    let mut taken = transaction.prepare_cached(
        "UPDATE message SET turn = NULL, visible_at = ?2, receive_count = receive_count + 1
         WHERE id = ?1 RETURNING receive_count, sent_at, body",
    )?;
    ready
        .into_iter()
        .map(|id| {
            let (receive_count, sent_at, body) =
                taken.query_row((id, visible_at), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let age = between(timestamp(sent_at)?, now);
            let handle = Handle { id, receive_count }.text();
            let receipt = Receipt { lane: queue.lane, handle };
            Ok(Delivery { message_id: format!("msg-{id}"), receipt, body, receive_count, age })
        })
        .collect()
}

fn delete(connection: &Connection, receipt: &Receipt) -> Result<(), Failure> {
    let handle = Handle::of(receipt)?;
    connection
        .prepare_cached("DELETE FROM message WHERE id = ?1 AND receive_count = ?2 AND queue = ?3")?
        .execute((handle.id, handle.receive_count, name(receipt.lane)))?;
    Ok(())
}

/// Moves the end of the time-out of a message in flight; whether there was one.
fn set_visibility(
    connection: &Connection,
    receipt: &Receipt,
    delay: Duration,
    now: Timestamp,
) -> Result<bool, Failure> {
    let handle = Handle::of(receipt)?;
    let changed = connection
        .prepare_cached(
            "UPDATE message SET visible_at = ?4 WHERE id = ?1 AND receive_count = ?2 AND queue = ?3
                 AND turn IS NULL AND visible_at > ?5",
        )?
        .execute((
            handle.id,
            handle.receive_count,
            name(receipt.lane),
            millis(after(now, delay)),
            millis(now),
        ))?;
    Ok(changed == 1)
}

fn depth(connection: &Connection, lane: Option<Lane>, now: Timestamp) -> Result<Depth, Failure> {
    let (ready, in_flight) = connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM message WHERE queue = ?1 AND turn IS NOT NULL)
                  + (SELECT count(*) FROM message WHERE queue = ?1 AND turn IS NULL AND visible_at <= ?2),
                    (SELECT count(*) FROM message WHERE queue = ?1 AND turn IS NULL AND visible_at > ?2)",
        )?
        .query_row((name(lane), millis(now)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Depth { ready: counter(ready)?, in_flight: counter(in_flight)? })
}

fn next_visible(connection: &Connection, queue: &str) -> Result<Option<Timestamp>, Failure> {
    let at: Option<i64> = connection
        .prepare_cached(
            "SELECT coalesce(
                 (SELECT visible_at FROM message WHERE queue = ?1 AND turn IS NOT NULL LIMIT 1),
                 (SELECT min(visible_at) FROM message WHERE queue = ?1 AND turn IS NULL))",
        )?
        .query_row([queue], |row| row.get(0))?;
    at.map(timestamp).transpose()
}

/// What a receipt says: which message, and which of its deliveries.
struct Handle {
    id: i64,
    receive_count: u32,
}

impl Handle {
    fn text(&self) -> String {
        format!("{}-{}", self.id, self.receive_count)
    }

    fn of(receipt: &Receipt) -> Result<Self, Failure> {
        receipt
            .handle
            .split_once('-')
            .and_then(|(id, count)| Some(Self { id: id.parse().ok()?, receive_count: count.parse().ok()? }))
            .ok_or_else(|| Failure::Value(format!("`{}` is not a receipt of this queue", receipt.handle)))
    }
}

//! [`Embedded`]: all ports on one database.

use std::path::Path;
use std::sync::Arc;

use domain::{Clock, Lane, QueueError, Stores, Timestamp};

use crate::OpenError;
use crate::database::Database;
use crate::directory::DATABASE;
use crate::payload_store::SqlitePayloads;
use crate::queue::SqliteQueue;
use crate::state_store::SqliteState;
use crate::task_store::SqliteTasks;
use crate::upkeep::{self, Forgotten, Voided};

/// An open database. Clones share it; the last one to go closes it.
#[derive(Clone)]
pub struct Embedded {
    database: Arc<Database>,
    queue: Arc<SqliteQueue>,
}

impl Embedded {
    /// Opens the database in `data_dir`, which is made if it does not exist. Keeps other processes out of that
    /// directory until it is closed.
    ///
    /// What was committed survives the death of the process at any moment (`kill -9`); the last few
    /// commits before a power cut may be lost (WAL with `synchronous = NORMAL`), the file stays whole.
    ///
    /// # Errors
    /// [`OpenError`], which says what is wrong with the directory or the file in it.
    pub fn open(data_dir: &Path, clock: Clock) -> Result<Self, OpenError> {
        Ok(Self::on(Database::open(data_dir)?, clock))
    }

    /// Whether there is a database in `data_dir`.
    #[must_use]
    pub fn is_in(data_dir: &Path) -> bool {
        data_dir.join(DATABASE).is_file()
    }

    /// An empty database in memory, gone with its last clone.
    ///
    /// # Errors
    /// [`OpenError::Failed`] when SQLite cannot get its memory.
    pub fn in_memory(clock: Clock) -> Result<Self, OpenError> {
        Ok(Self::on(Database::in_memory()?, clock))
    }

    fn on(database: Database, clock: Clock) -> Self {
        let database = Arc::new(database);
        let queue = Arc::new(SqliteQueue::new(Arc::clone(&database), clock));
        Self { database, queue }
    }

    /// The ports.
    #[must_use]
    pub fn stores(&self) -> Stores {
        Stores {
            tasks: Arc::new(SqliteTasks::new(Arc::clone(&self.database))),
            payloads: Arc::new(SqlitePayloads::new(Arc::clone(&self.database))),
            state: Arc::new(SqliteState::new(Arc::clone(&self.database), self.queue.clock().clone())),
            queue: self.queue.clone(),
        }
    }

    /// Calls `listener` with the lane whenever a message becomes ready on it, because it was sent or made visible at
    /// once. [`domain::Queue::receive`] does not wait here: a poller that found nothing sleeps until this call, or
    /// until [`Embedded::next_visible`].
    ///
    /// The listener runs inside the sender's call: it must be short, like the notification of a
    /// waiting task, and must not use the database.
    pub fn on_ready(&self, listener: impl Fn(Lane) + Send + Sync + 'static) {
        self.queue.listen(Box::new(listener));
    }

    /// When a message can next be received from `lane` (`None`: the dead letters) if nobody sends
    /// one: the end of the earliest visibility time-out, or a past time if something is ready.
    /// `None` when the lane is empty.
    ///
    /// # Errors
    /// [`QueueError`] when the database fails.
    pub fn next_visible(&self, lane: Option<Lane>) -> Result<Option<Timestamp>, QueueError> {
        self.queue.next_visible(lane)
    }

    /// Puts any text on a lane, as a foreign program with access to the queue could: for tests of
    /// what happens to damaged messages.
    ///
    /// # Errors
    /// [`QueueError`] when the database fails.
    pub fn send_raw(&self, lane: Lane, tenant: &str, body: &str) -> Result<(), QueueError> {
        self.queue.put(lane, tenant, body)
    }

    /// Ends every lease of a former run, for use at the start of the only process: tasks that were
    /// being processed can be claimed (and are due) at once, messages in flight are visible, leases
    /// on threads are free.
    ///
    /// # Errors
    /// [`domain::StoreError`] when the database fails; nothing has changed then.
    pub fn void_leases(&self, now: Timestamp) -> Result<Voided, domain::StoreError> {
        let voided = upkeep::void_leases(&self.database, now)?;
        Lane::ALL.into_iter().for_each(|lane| self.queue.announce(lane));
        Ok(voided)
    }

    /// Removes what is past its time to live at `now`. DynamoDB and SQS do so by themselves; here the caller must ask
    /// now and then.
    ///
    /// # Errors
    /// [`domain::StoreError`] when the database fails; nothing has changed then.
    pub fn forget(&self, now: Timestamp) -> Result<Forgotten, domain::StoreError> {
        upkeep::forget(&self.database, now)
    }
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").finish_non_exhaustive()
    }
}

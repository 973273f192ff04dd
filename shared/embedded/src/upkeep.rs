//! Work that DynamoDB, SQS and Lambda do by themselves, and that a local run must do: ending the leases of a former
//! run, and removing what is past its time to live.

use domain::{StoreError, Timestamp};

use crate::database::Database;
use crate::failure::millis;

/// Days that a message lives, as on the queues of the deployment; a day more than a task may stay
/// unfinished.
const MESSAGE_DAYS: i64 = 14;

/// What a restart has freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voided {
    /// Tasks that were being processed.
    pub tasks: usize,
    /// Messages in flight or delayed.
    pub messages: usize,
    /// Leases on threads and the like.
    pub leases: usize,
}

/// What was past its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Tasks.
    pub tasks: usize,
    /// Their parts.
    pub parts: usize,
    /// Shared values, counters and leases.
    pub state: usize,
    /// Messages, dead letters included.
    pub messages: usize,
}

/// Ends every lease. Money that calls of the former run have set aside is no lease: the calls may have been
/// answered, and it is spent once nobody can settle it any more. The revision of a task rises as with every
/// write, so a holder that is alive after all can no longer save.
pub(crate) fn void_leases(database: &Database, now: Timestamp) -> Result<Voided, StoreError> {
    let at = millis(now);
    database.transact("void leases", |transaction| {
        Ok(Voided {
            tasks: transaction.execute(
                "UPDATE task SET revision = revision + 1, lease_until = ?1, due_at = ?1, updated_at = ?1
                 WHERE status = 'processing' AND ifnull(lease_until, ?1 + 1) > ?1",
                [at],
            )?,
            messages: transaction
                .execute("UPDATE message SET visible_at = ?1 WHERE turn IS NULL AND visible_at > ?1", [at])?,
            leases: transaction.execute("DELETE FROM lease", [])?,
        })
    })
}

/// Removes every row that is past its time.
pub(crate) fn forget(database: &Database, now: Timestamp) -> Result<Forgotten, StoreError> {
    let at = millis(now);
    let sent_before = at - MESSAGE_DAYS * 86_400_000;
    database.transact("forget", |transaction| {
        let values = transaction.execute("DELETE FROM state WHERE forget_at <= ?1", [at])?;
        let counters = transaction.execute("DELETE FROM counter WHERE forget_at <= ?1", [at])?;
        let leases = transaction.execute("DELETE FROM lease WHERE until <= ?1", [at])?;
        Ok(Forgotten {
            tasks: transaction.execute("DELETE FROM task WHERE forget_at <= ?1", [at])?,
            parts: transaction.execute("DELETE FROM payload WHERE forget_at <= ?1", [at])?,
            state: values + counters + leases,
            messages: transaction.execute("DELETE FROM message WHERE sent_at <= ?1", [sent_before])?,
        })
    })
}

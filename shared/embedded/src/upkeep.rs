//! Work that DynamoDB, SQS and Lambda do by themselves, and that a local run must do: ending the leases of a former
//! run, and removing what is past its time to live.

use domain::{BUDGETS, StoreError, Timestamp, spend_what_is_set_aside};
use rusqlite::Transaction;
use serde_json::Value;

use crate::database::Database;
use crate::failure::{Failure, millis};

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
    /// Calls that had set money aside, which is spent.
    pub reservations: usize,
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

/// Ends every lease. Money that calls of the former run have set aside is spent: they may have been answered, and nobody
/// is left to settle it. The revision of a task rises as with every write, so a holder that is alive after all can no
/// longer save.
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
            reservations: end_reservations(transaction, now)?,
        })
    })
}

fn end_reservations(transaction: &Transaction<'_>, now: Timestamp) -> Result<usize, Failure> {
    let mut budgets = transaction
        .prepare("SELECT key, value FROM state WHERE substr(key, 1, length(?1)) = ?1 AND forget_at > ?2")?;
    let rows = budgets.query_map((BUDGETS, millis(now)), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>()?;
    let mut ended = 0;
    for (key, text) in rows {
        // A damaged one lets no call pass, and keeps nothing else from starting.
        let Ok(mut item) = serde_json::from_str::<Value>(&text) else { continue };
        let count = spend_what_is_set_aside(&mut item, now);
        if count > 0 {
            let value = serde_json::to_string(&item)?;
            transaction
                .execute("UPDATE state SET version = version + 1, value = ?2 WHERE key = ?1", (key, value))?;
        }
        ended += count;
    }
    Ok(ended)
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

//! [`StateStore`] on SQLite: values, counters and leases, each in a table of its own.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Acquire, Clock, Expected, StateStore, StoreError, Swap, Timestamp, Versioned};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use crate::database::{Database, returned};
use crate::failure::{Failure, counter, millis, timestamp};

/// Values in table `state`, counters in `counter`, leases in `lease`.
pub(crate) struct SqliteState {
    database: Arc<Database>,
    clock: Clock,
}

impl SqliteState {
    pub(crate) fn new(database: Arc<Database>, clock: Clock) -> Self {
        Self { database, clock }
    }
}

#[async_trait]
impl StateStore for SqliteState {
    async fn get(&self, key: &str, now: Timestamp) -> Result<Option<Versioned>, StoreError> {
        self.database.read("get a value", |connection| get(connection, key, now))
    }

    async fn swap(
        &self,
        key: &str,
        expected: Expected,
        value: &Value,
        now: Timestamp,
        forget_at: Timestamp,
    ) -> Result<Swap, StoreError> {
        self.database.write("swap a value", |connection| {
            let text = serde_json::to_string(value)?;
            let version = match expected {
                Expected::Absent => create(connection, key, &text, now, forget_at)?,
                Expected::Version(version) => replace(connection, key, version, &text, now, forget_at)?,
            };
            match version {
                Some(version) => Ok(Swap::Done(version)),
                None => Ok(Swap::Conflict(get(connection, key, now)?)),
            }
        })
    }

    async fn add(&self, key: &str, amount: i64, forget_at: Timestamp) -> Result<i64, StoreError> {
        let now = self.clock.now();
        self.database.write("add to a counter", |connection| add(connection, key, amount, now, forget_at))
    }

    async fn acquire(
        &self,
        key: &str,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Acquire, StoreError> {
        self.database.write("acquire a lease", |connection| acquire(connection, key, owner, now, until))
    }

    async fn release(&self, key: &str, owner: &str) -> Result<(), StoreError> {
        self.database.write("release a lease", |connection| {
            connection
                .prepare_cached("DELETE FROM lease WHERE key = ?1 AND owner = ?2")?
                .execute((key, owner))?;
            Ok(())
        })
    }
}

fn get(connection: &Connection, key: &str, now: Timestamp) -> Result<Option<Versioned>, Failure> {
    let found: Option<(String, i64)> = connection
        .prepare_cached("SELECT value, version FROM state WHERE key = ?1 AND forget_at > ?2")?
        .query_row((key, millis(now)), |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found
        .map(|(value, version)| {
            Ok(Versioned { value: serde_json::from_str(&value)?, version: counter(version)? })
        })
        .transpose()
}

/// The version of a new value begins at the present time. So no version of a former value, whose row is gone, comes
/// again, and nobody takes the new value for the old one.
fn create(
    connection: &Connection,
    key: &str,
    text: &str,
    now: Timestamp,
    forget_at: Timestamp,
) -> Result<Option<u64>, Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO state (key, version, forget_at, value) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (key) DO UPDATE SET version = max(version + 1, excluded.version),
             forget_at = excluded.forget_at, value = excluded.value
         WHERE state.forget_at <= ?2
         RETURNING version",
    )?;
    let parameters = (key, millis(now), millis(forget_at), text);
    returned(&mut statement, parameters, |row| counter(row.get(0)?))
}

fn replace(
    connection: &Connection,
    key: &str,
    version: u64,
    text: &str,
    now: Timestamp,
    forget_at: Timestamp,
) -> Result<Option<u64>, Failure> {
    // A version that SQLite cannot hold was never given out.
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    let mut statement = connection.prepare_cached(
        "UPDATE state SET version = version + 1, forget_at = ?4, value = ?5
         WHERE key = ?1 AND version = ?2 AND forget_at > ?3
         RETURNING version",
    )?;
    let parameters = (key, version, millis(now), millis(forget_at), text);
    returned(&mut statement, parameters, |row| counter(row.get(0)?))
}

fn add(
    connection: &Connection,
    key: &str,
    amount: i64,
    now: Timestamp,
    forget_at: Timestamp,
) -> Result<i64, Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO counter (key, sum, forget_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET forget_at = excluded.forget_at,
             sum = CASE WHEN forget_at <= ?4 THEN excluded.sum ELSE sum + excluded.sum END
         RETURNING sum",
    )?;
    let parameters = (key, amount, millis(forget_at), millis(now));
    let sum = returned(&mut statement, parameters, |row| Ok(row.get(0)?))?;
    sum.ok_or_else(|| Failure::Value("an unconditional write returned no row".to_owned()))
}

fn acquire(
    connection: &Connection,
    key: &str,
    owner: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Acquire, Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO lease (key, owner, until) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until
         WHERE lease.owner = excluded.owner OR lease.until <= ?4
         RETURNING until",
    )?;
    let parameters = (key, owner, millis(until), millis(now));
    if returned(&mut statement, parameters, |_| Ok(()))?.is_some() {
        return Ok(Acquire::Held);
    }
    let until = connection
        .prepare_cached("SELECT until FROM lease WHERE key = ?1")?
        .query_row([key], |row| row.get(0))?;
    Ok(Acquire::Busy { until: timestamp(until)? })
}

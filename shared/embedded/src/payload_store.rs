//! [`PayloadStore`] on SQLite: blobs beside the tasks.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Blob, PartKey, PayloadStore, PutNew, StoreError, TaskId, Timestamp};
use rusqlite::{OptionalExtension, Row};

use crate::database::Database;
use crate::failure::millis;

/// Parts in table `payload`.
pub(crate) struct SqlitePayloads {
    database: Arc<Database>,
}

impl SqlitePayloads {
    pub(crate) fn new(database: Arc<Database>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl PayloadStore for SqlitePayloads {
    async fn put_new(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<PutNew, StoreError> {
        self.database.write("put a part", |connection| {
            let stored = connection
                .prepare_cached(
                    "INSERT INTO payload (task_id, part, forget_at, bytes) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (task_id, part) DO NOTHING",
                )?
                .execute((id.as_str(), part.as_str(), millis(forget_at), blob.packed()))?;
            Ok(if stored == 1 { PutNew::Stored } else { PutNew::Exists })
        })
    }

    async fn put(
        &self,
        id: &TaskId,
        part: &PartKey,
        blob: &Blob,
        forget_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.database.write("put a part", |connection| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO payload (task_id, part, forget_at, bytes) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((id.as_str(), part.as_str(), millis(forget_at), blob.packed()))?;
            Ok(())
        })
    }

    async fn get(&self, id: &TaskId, part: &PartKey) -> Result<Option<Blob>, StoreError> {
        self.database.read("get a part", |connection| {
            let bytes = connection
                .prepare_cached("SELECT bytes FROM payload WHERE task_id = ?1 AND part = ?2")?
                .query_row((id.as_str(), part.as_str()), |row| row.get(0))
                .optional()?;
            Ok(bytes.map(Blob::from_packed))
        })
    }

    async fn list(&self, id: &TaskId, prefix: &str) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        self.database.read("list parts", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT part, bytes FROM payload
                 WHERE task_id = ?1 AND part >= ?2 AND substr(part, 1, length(?2)) = ?2 ORDER BY part",
            )?;
            let rows = statement.query_map((id.as_str(), prefix), part_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    async fn list_last(
        &self,
        id: &TaskId,
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<(PartKey, Blob)>, StoreError> {
        self.database.read("list the last parts", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT part, bytes FROM payload
                 WHERE task_id = ?1 AND part >= ?2 AND substr(part, 1, length(?2)) = ?2
                 ORDER BY part DESC LIMIT ?3",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = statement.query_map((id.as_str(), prefix, limit), part_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn part_of(row: &Row<'_>) -> rusqlite::Result<(PartKey, Blob)> {
    Ok((PartKey::from_name(row.get(0)?), Blob::from_packed(row.get(1)?)))
}

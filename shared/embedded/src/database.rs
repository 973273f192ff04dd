//! [`Database`]: the connections to one database, and who may use them when.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Params, Row, Statement, Transaction, TransactionBehavior};

use crate::directory::Directory;
use crate::failure::{Failure, PortError};
use crate::{OpenError, schema};

/// Statements that a connection keeps prepared: more than this crate has.
const PREPARED: usize = 64;
/// How long a connection waits for the other one's lock before it gives up. One process has one writer, so only a
/// checkpoint makes anybody wait.
const BUSY: Duration = Duration::from_secs(5);

/// One writer, and for a file one reader beside it.
///
/// A guard is never held across an await, nor while a caller's code runs: every operation is one
/// closure that begins and ends inside one poll.
pub(crate) struct Database {
    /// None in memory, where a second connection would see another database. Closed before the writer:
    /// the last connection folds the log into the file, and this one may not write.
    reader: Option<Mutex<Connection>>,
    writer: Mutex<Connection>,
    /// Last, so that the connections are closed before another process is let in.
    _directory: Option<Directory>,
}

impl Database {
    /// The database in `dir`, alone in it.
    pub(crate) fn open(dir: &Path) -> Result<Self, OpenError> {
        let directory = Directory::take(dir)?;
        let writer = open_writer(&directory)?;
        let reader = open_reader(&directory)?;
        Ok(Self { writer: Mutex::new(writer), reader: Some(Mutex::new(reader)), _directory: Some(directory) })
    }

    /// An empty database in memory.
    pub(crate) fn in_memory() -> Result<Self, OpenError> {
        let file = Path::new(":memory:");
        let mut writer = Connection::open_in_memory().map_err(|error| failed(file, &error))?;
        configure(&writer).map_err(|error| failed(file, &error))?;
        schema::migrate(&mut writer, file)?;
        Ok(Self { writer: Mutex::new(writer), reader: None, _directory: None })
    }

    /// Runs `work` on the only connection that writes.
    pub(crate) fn write<T, E: PortError>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, E> {
        work(&mut lock(&self.writer)).map_err(|failure| E::of(operation, failure))
    }

    /// Runs `work` on a connection that sees everything committed so far.
    pub(crate) fn read<T, E: PortError>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, E> {
        let connection = lock(self.reader.as_ref().unwrap_or(&self.writer));
        work(&connection).map_err(|failure| E::of(operation, failure))
    }

    /// Runs `work` in one transaction, which writes.
    pub(crate) fn transact<T, E: PortError>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
    ) -> Result<T, E> {
        self.write(operation, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
    }
}

/// Runs a conditional write with a `RETURNING` clause and reads the row that it returns, if its
/// condition held.
///
/// Steps on to the end, which `query_row` does not: a statement outside a transaction commits there,
/// and a full disk must not pass for a write that was done.
pub(crate) fn returned<T>(
    statement: &mut Statement<'_>,
    parameters: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let mut rows = statement.query(parameters)?;
    let value = rows.next()?.map(read).transpose()?;
    while rows.next()?.is_some() {}
    Ok(value)
}

/// Takes the lock even if it is poisoned. A panic under it leaves no transaction open, since a transaction is rolled
/// back when it is dropped; so the connection can be used.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_writer(directory: &Directory) -> Result<Connection, OpenError> {
    let file = directory.database();
    let sort = |error: rusqlite::Error| sort(directory, &error);
    let mut writer = Connection::open(&file).map_err(sort)?;
    configure(&writer).map_err(sort)?;
    if writer.is_readonly("main").map_err(sort)? {
        let reason = format!("{} is read-only", file.display());
        return Err(OpenError::NotWritable { dir: directory.path().to_owned(), reason });
    }
    check_whole(&writer, directory)?;
    writer.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).map_err(sort)?;
    writer.pragma_update(None, "synchronous", "normal").map_err(sort)?;
    schema::migrate(&mut writer, &file)?;
    Ok(writer)
}

fn open_reader(directory: &Directory) -> Result<Connection, OpenError> {
    let sort = |error: rusqlite::Error| sort(directory, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let reader = Connection::open_with_flags(directory.database(), flags).map_err(sort)?;
    configure(&reader).map_err(sort)?;
    Ok(reader)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(PREPARED);
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "temp_store", "memory")
}

/// Damage is found now, with an error for the person who starts the program, and not in the middle of a task.
fn check_whole(connection: &Connection, directory: &Directory) -> Result<(), OpenError> {
    let verdict: String = connection
        .pragma_query_value(None, "quick_check", |row| row.get(0))
        .map_err(|error| sort(directory, &error))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(OpenError::Damaged { file: directory.database(), reason: verdict })
    }
}

fn sort(directory: &Directory, error: &rusqlite::Error) -> OpenError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            OpenError::Damaged { file: directory.database(), reason }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            OpenError::NotWritable { dir: directory.path().to_owned(), reason }
        }
        _ => failed(&directory.database(), error),
    }
}

fn failed(file: &Path, error: &rusqlite::Error) -> OpenError {
    OpenError::Failed { file: file.to_owned(), reason: error.to_string() }
}

//! The tables, and the steps by which a database of an earlier version comes to have them.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::OpenError;

/// Marks a file as ours in its header: `AftH`.
const APPLICATION: i64 = 0x4166_7448;

/// Step n leads from schema version n to n + 1 (`user_version`; an empty file has 0). Steps are only ever added:
/// users have files of every former version.
const STEPS: [&str; 2] = [FIRST, SECOND];

/// Times are milliseconds since 1970. Whatever a condition, an order or a time to live looks at has a column of its
/// own. The rest of a task is one JSON text, as it was written: a write that is sent twice is recognised by
/// comparing the texts.
///
/// A message with a `turn` is ready and is served in the order of turns; one without comes back at
/// `visible_at` (see `queue.rs`).
const FIRST: &str = "
CREATE TABLE task (
    task_id     TEXT NOT NULL PRIMARY KEY,
    status      TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    fence       INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until INTEGER,
    not_before  INTEGER,
    due_at      INTEGER,
    updated_at  INTEGER NOT NULL,
    source      TEXT NOT NULL,
    thread      TEXT NOT NULL,
    lane        TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    forget_at   INTEGER NOT NULL,
    doc         TEXT NOT NULL
) STRICT;
CREATE INDEX task_due ON task (status, due_at, task_id) WHERE due_at IS NOT NULL;
CREATE INDEX task_newest ON task (received_at, task_id);
CREATE INDEX task_newest_by_status ON task (status, received_at, task_id);
CREATE INDEX task_newest_by_source ON task (source, received_at, task_id);
CREATE INDEX task_thread ON task (thread, received_at);
CREATE INDEX task_forget ON task (forget_at);

CREATE TABLE payload (
    task_id   TEXT NOT NULL,
    part      TEXT NOT NULL,
    forget_at INTEGER NOT NULL,
    bytes     BLOB NOT NULL,
    PRIMARY KEY (task_id, part)
) STRICT;
CREATE INDEX payload_forget ON payload (forget_at);

CREATE TABLE state (
    key       TEXT NOT NULL PRIMARY KEY,
    version   INTEGER NOT NULL,
    forget_at INTEGER NOT NULL,
    value     TEXT NOT NULL
) STRICT;
CREATE TABLE counter (
    key       TEXT NOT NULL PRIMARY KEY,
    sum       INTEGER NOT NULL,
    forget_at INTEGER NOT NULL
) STRICT;
CREATE TABLE lease (
    key   TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE message (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    queue         TEXT NOT NULL,
    tenant        TEXT NOT NULL,
    turn          INTEGER,
    visible_at    INTEGER NOT NULL,
    receive_count INTEGER NOT NULL DEFAULT 0,
    sent_at       INTEGER NOT NULL,
    body          TEXT NOT NULL
) STRICT;
CREATE INDEX message_ready ON message (queue, turn, id) WHERE turn IS NOT NULL;
CREATE INDEX message_ready_by_tenant ON message (queue, tenant, turn) WHERE turn IS NOT NULL;
CREATE INDEX message_invisible ON message (queue, visible_at, id) WHERE turn IS NULL;
";

/// An index for each query with two conditions. With an index for one condition only, SQLite reads every row that
/// matches it: all ten thousand tasks of a source, for a status that none of them has.
const SECOND: &str = "
DROP INDEX task_thread;
CREATE INDEX task_newest_by_thread ON task (thread, source, received_at, task_id);
CREATE INDEX task_newest_by_both ON task (status, source, received_at, task_id);
";

/// Brings the database up to the present schema, in one transaction.
pub(crate) fn migrate(connection: &mut Connection, file: &Path) -> Result<(), OpenError> {
    migrate_by(&STEPS, connection, file)
}

fn migrate_by(steps: &[&str], connection: &mut Connection, file: &Path) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Failed {
        file: file.to_owned(),
        reason: format!("its schema cannot be brought up to date: {error}"),
    };
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found = version(&transaction, file).map_err(failed)??;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(OpenError::Newer { file: file.to_owned(), found, known });
    }
    for step in steps.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    if found < known {
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        transaction.pragma_update(None, "user_version", known).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// The schema version of a database of ours; 0 for an empty one.
fn version(connection: &Connection, file: &Path) -> rusqlite::Result<Result<i64, OpenError>> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let found = pragma("user_version")?;
    let ours = pragma("application_id")? == APPLICATION && found > 0;
    Ok(match (ours, tables) {
        (true, _) => Ok(found),
        (false, 0) => Ok(0),
        (false, _) => Err(OpenError::Foreign { file: file.to_owned() }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> &'static Path {
        Path::new("test.db")
    }

    fn user_version(connection: &Connection) -> i64 {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_older_schema_takes_only_the_steps_it_lacks_and_keeps_its_rows() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_by(&["CREATE TABLE a (x INTEGER)"], &mut connection, file()).unwrap();
        connection.execute("INSERT INTO a VALUES (7)", []).unwrap();
        let later = ["CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 8"];
        migrate_by(&later, &mut connection, file()).unwrap();
        migrate_by(&later, &mut connection, file()).unwrap();
        let row: (i64, i64) =
            connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!((row, user_version(&connection)), ((7, 8), 2));
    }

    #[test]
    fn a_database_of_the_first_version_keeps_its_tasks() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_by(&STEPS[..1], &mut connection, file()).unwrap();
        connection
            .execute_batch(
                "INSERT INTO task VALUES ('t', 'received', 1, 0, 0, NULL, NULL, NULL, NULL, 1, 's', 'h', 'l', 1, 9, '{}')",
            )
            .unwrap();
        migrate(&mut connection, file()).unwrap();
        let found: String = connection
            .query_row("SELECT task_id FROM task WHERE thread = 'h' AND source = 's'", [], |row| row.get(0))
            .unwrap();
        assert_eq!((found.as_str(), user_version(&connection)), ("t", 2));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x INTEGER)", "ALTER TABLE nothing ADD COLUMN y INTEGER"];
        assert!(matches!(migrate_by(&steps, &mut connection, file()), Err(OpenError::Failed { .. })));
        assert_eq!(user_version(&connection), 0);
        migrate_by(&steps[..1], &mut connection, file()).unwrap();
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, file()).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection, file()).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    }

    #[test]
    fn a_foreign_database_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE moz_places (url TEXT); PRAGMA user_version = 1").unwrap();
        let error = migrate(&mut connection, file()).unwrap_err();
        assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    }
}

//! Data directories that can be used, and what is said about those that cannot.

use std::fs;
use std::path::Path;

use domain::contract::plain_task;
use domain::{Clock, Insert};
use embedded::{Embedded, OpenError};

fn open(dir: &Path) -> Result<Embedded, OpenError> {
    Embedded::open(dir, Clock::system())
}

fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("afterhook.db")
}

/// Some tasks, and the database closed again.
async fn filled(dir: &Path) {
    let tasks = open(dir).unwrap().stores().tasks;
    for _ in 0..200 {
        let task = plain_task("github", Clock::system().now());
        assert_eq!(tasks.insert(&task).await.unwrap(), Insert::New);
    }
}

#[test]
fn a_directory_is_made_with_its_parents() {
    let dir = tempfile::tempdir().unwrap();
    let nested = dir.path().join("a/b c/ü");
    open(&nested).unwrap();
    assert!(database(&nested).is_file());
}

#[tokio::test]
async fn closing_folds_the_log_into_the_file() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    assert!(!dir.path().join("afterhook.db-wal").exists());
    assert!(fs::metadata(database(dir.path())).unwrap().len() > 100_000);
}

#[test]
fn a_directory_in_use_is_refused_until_it_is_closed() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let stores = first.stores();
    drop(first);
    let error = open(dir.path()).unwrap_err();
    let OpenError::InUse { holder, .. } = &error else { panic!("{error}") };
    assert_eq!(*holder, Some(std::process::id()));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(stores);
    open(dir.path()).unwrap();
}

#[test]
fn a_path_that_cannot_be_a_directory_is_named_in_the_error() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "x").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_database_that_cannot_be_made_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(database(dir.path())).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_no_database_is_an_error_and_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let text = "this is a text and no database\n".repeat(1_000);
    fs::write(database(dir.path()), &text).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("afterhook.db"), "{error}");
    assert_eq!(fs::read_to_string(database(dir.path())).unwrap(), text);
}

#[tokio::test]
async fn damage_in_the_middle_of_the_file_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let mut bytes = fs::read(database(dir.path())).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xA5);
    fs::write(database(dir.path()), bytes).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_file_cut_short_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    let bytes = fs::read(database(dir.path())).unwrap();
    fs::write(database(dir.path()), &bytes[..bytes.len() / 2]).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_unharmed() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let set_version = |version: i64| -> i64 {
        let connection = rusqlite::Connection::open(database(dir.path())).unwrap();
        let former = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        connection.pragma_update(None, "user_version", version).unwrap();
        former
    };
    let present = set_version(99);
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
    set_version(present);
    open(dir.path()).unwrap();
}

#[test]
fn a_database_of_another_program_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(database(dir.path())).unwrap();
    connection.execute_batch("CREATE TABLE moz_places (url TEXT)").unwrap();
    drop(connection);
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
}

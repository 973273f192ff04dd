//! [`Failure`]: what can go wrong inside an operation, and what the port's caller is told.

use domain::{QueueError, StoreError, Timestamp};
use rusqlite::ErrorCode;

/// An operation on the database went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// SQLite says no.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A document cannot be written or read as JSON.
    #[error("a stored document is not readable: {0}")]
    Json(#[from] serde_json::Error),
    /// A stored value, or one to be stored, is outside what it can be.
    #[error("{0}")]
    Value(String),
}

/// The error of a port: what its caller is told of a failure.
pub(crate) trait PortError {
    /// The error of `operation`, which went wrong by `failure`.
    fn of(operation: &'static str, failure: Failure) -> Self;
}

impl PortError for StoreError {
    fn of(operation: &'static str, failure: Failure) -> Self {
        match &failure {
            Failure::Sqlite(error) if is_about_the_store(error) => Self::unavailable(operation, failure),
            _ => Self::broken(operation, failure),
        }
    }
}

impl PortError for QueueError {
    fn of(operation: &'static str, failure: Failure) -> Self {
        Self::new(operation, failure)
    }
}

/// Whether the file or its disk is the cause, and not the request: the same call may succeed later, if only after
/// somebody has mended that. What SQLite itself does not report is a value that makes no sense.
fn is_about_the_store(error: &rusqlite::Error) -> bool {
    !matches!(
        error.sqlite_error_code(),
        None | Some(
            ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                | ErrorCode::TooBig
                | ErrorCode::ParameterOutOfRange
                | ErrorCode::ApiMisuse
        )
    )
}

/// Times are kept in milliseconds, the precision of [`domain::Clock`].
pub(crate) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The time that was stored as `millis`.
pub(crate) fn timestamp(millis: i64) -> Result<Timestamp, Failure> {
    Timestamp::from_millisecond(millis)
        .map_err(|error| Failure::Value(format!("{millis} is not a time in milliseconds: {error}")))
}

/// A counter as SQLite stores it.
pub(crate) fn integer(value: u64) -> Result<i64, Failure> {
    i64::try_from(value).map_err(|_| Failure::Value(format!("{value} is too large to be stored")))
}

/// A counter as it was stored.
pub(crate) fn counter<T: TryFrom<i64>>(value: i64) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| Failure::Value(format!("{value} is not a counter")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn error(code: i32) -> StoreError {
        let failure = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        StoreError::of("save", Failure::Sqlite(failure))
    }

    #[test]
    fn what_ails_the_file_or_its_disk_is_waited_for_and_what_ails_a_value_is_not() {
        for code in
            [ffi::SQLITE_BUSY, ffi::SQLITE_FULL, ffi::SQLITE_PERM, ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB]
        {
            assert!(matches!(error(code), StoreError::Unavailable { .. }), "{code}");
        }
        for code in [ffi::SQLITE_CONSTRAINT, ffi::SQLITE_MISMATCH, ffi::SQLITE_TOOBIG] {
            assert!(matches!(error(code), StoreError::Broken { .. }), "{code}");
        }
        let none = StoreError::of("save", Failure::Sqlite(rusqlite::Error::QueryReturnedNoRows));
        assert!(matches!(none, StoreError::Broken { .. }), "{none}");
    }
}

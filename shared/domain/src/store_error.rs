//! [`StoreError`]: why a store did not do what it was asked.

/// A store could not do what it was asked. The variants are what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Try again later: the store is unreachable, throttled, or did not answer in time. The write
    /// may or may not have happened.
    #[error("{operation}: the store is unavailable: {message}")]
    Unavailable {
        /// The operation, such as `claim`.
        operation: &'static str,
        /// What the store said; free of secrets.
        message: String,
    },
    /// Trying again does not help: a stored item cannot be read, or the request is malformed.
    #[error("{operation}: {message}")]
    Broken {
        /// The operation, such as `claim`.
        operation: &'static str,
        /// What is wrong; free of secrets.
        message: String,
    },
}

impl StoreError {
    /// The store cannot be reached or used now.
    pub fn unavailable(operation: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Unavailable { operation, message: cause.to_string() }
    }

    /// The error for a stored item, or a request, that makes no sense.
    pub fn broken(operation: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Broken { operation, message: cause.to_string() }
    }
}

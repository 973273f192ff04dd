//! [`StoreError`]: why a store did not do what it was asked.

/// A store could not do what it was asked. The variants are what the caller does next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Try again later: the store is unreachable, throttled, did not answer in time, or refuses us. The write
    /// may or may not have happened.
    #[error("{operation}: the store is unavailable: {message}")]
    Unavailable {
        /// The operation, such as `claim`.
        operation: &'static str,
        /// What the store said; free of secrets.
        message: String,
        /// Whether it stays so until somebody mends it: a permission, a key, a table that is gone.
        refused: bool,
    },
    /// Trying again does not help: a stored item cannot be read, or the request is malformed. What concerns
    /// neither of the two, but the store or who asks it, is never this.
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
        Self::Unavailable { operation, message: cause.to_string(), refused: false }
    }

    /// The store cannot be used until somebody has mended that.
    pub fn refused(operation: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Unavailable { operation, message: cause.to_string(), refused: true }
    }

    /// Whether somebody must mend what the store refuses us for.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Unavailable { refused: true, .. })
    }

    /// The error for a stored item, or a request, that makes no sense.
    pub fn broken(operation: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Broken { operation, message: cause.to_string() }
    }
}

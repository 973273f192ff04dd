//! [`Rejection`]: why a request is not accepted.

use std::time::Duration;

/// Why a request is not accepted.
///
/// What it says helps an operator and no forger: nothing about the expected signature, nor about
/// which of several secrets came close.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No live secret makes a key: our own lack, answered 503 so that the sender tries again. A
    /// source without a secret never accepts anything unsigned.
    #[error("no usable signing secret is configured for this source")]
    NoSecret,
    /// A header that the scheme needs is absent or not text.
    #[error("the header {header} is missing")]
    Missing {
        /// Its name.
        header: String,
    },
    /// A header is there, but not in the form that the scheme has.
    #[error("the header {header} is malformed")]
    Malformed {
        /// Its name.
        header: String,
    },
    /// No live secret made this signature.
    #[error("the signature does not match the body and any live secret")]
    Wrong,
    /// The body was signed and lacks the time that the scheme expects in it.
    #[error("the body has no time at {pointer}")]
    Undated {
        /// Where it should be, as a JSON pointer.
        pointer: String,
    },
    /// The signature is genuine, but old (a replay, or a clock that is wrong).
    #[error("the signed time is more than {} s away from now", .within.as_secs())]
    Stale {
        /// How far it may be.
        within: Duration,
    },
}

impl Rejection {
    /// Whether it is our own lack (503, try again), not the request's (401).
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::NoSecret)
    }

    /// A word for logs and metrics.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoSecret => "no_secret",
            Self::Missing { .. } => "signature_missing",
            Self::Malformed { .. } => "signature_malformed",
            Self::Wrong => "signature_wrong",
            Self::Undated { .. } => "undated",
            Self::Stale { .. } => "stale",
        }
    }
}

//! [`TransportError`]: a call that got no answer, by what became of the connection.

use std::error::Error;
use std::io;
use std::time::Duration;

/// Why there is no answer. Carries neither address nor headers: they may hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    /// No connection could be made.
    #[error("no connection to the model's service could be made (GEMINI_BASE_URL, network, TLS)")]
    Connect,
    /// The connection was closed before an answer began: most often a pooled one that had died
    /// unnoticed, while the environment was frozen.
    #[error("the connection was closed before an answer began")]
    Closed,
    /// The connection broke in the middle of the answer, or of the request.
    #[error("the connection broke")]
    Broken,
    /// No whole answer in the time given.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// The answer is larger than we are willing to hold.
    #[error("the answer is too large")]
    TooLarge,
    /// Our own client could not be set up.
    #[error("the HTTP client could not be set up (TLS roots of the system, perhaps)")]
    Setup,
}

impl TransportError {
    /// What an error before the answer's headers means.
    pub(crate) fn before_answer(error: &reqwest::Error) -> Self {
        if error.is_connect() {
            Self::Connect
        } else if has_died(error) {
            Self::Closed
        } else if error.is_builder() {
            Self::Setup
        } else {
            Self::Broken
        }
    }
}

/// Whether a connection that had been there turned out to be gone.
fn has_died(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let by_hyper = error
            .downcast_ref::<hyper::Error>()
            .is_some_and(|error| error.is_incomplete_message() || error.is_canceled() || error.is_closed());
        if by_hyper || error.downcast_ref::<io::Error>().is_some_and(is_gone) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

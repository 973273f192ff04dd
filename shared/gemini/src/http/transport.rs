//! [`TransportError`]: a call that got no answer, by what became of the connection.

use std::error::Error;
use std::time::Duration;

use super::connector::Shareable;

/// Largest request that the service takes, bytes.
pub(crate) const MAX_REQUEST: usize = 100_000_000;

/// Why there is no answer. Carries neither address nor headers: they may hold credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TransportError {
    /// No connection could be made, or it was closed before anything of the request was sent.
    #[error("no connection to the model's service could be made (GEMINI_BASE_URL, network, TLS)")]
    Connect,
    /// The connection broke once the request may have been read: in the middle of it, before the answer, or in its
    /// middle. Whoever closes without a word, like a proxy, may have passed it on.
    #[error("the connection broke")]
    Broken,
    /// No whole answer in the time given.
    #[error("no answer within {:.1} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// A streamed answer had begun, and then nothing came for so long.
    #[error("the answer broke off: nothing more came for {:.0} s", .0.as_secs_f64())]
    Silent(Duration),
    /// The answer is larger than we are willing to hold.
    #[error("the answer is too large")]
    TooLarge,
    /// The request, of so many bytes, is larger than the service takes. Nothing was sent.
    #[error(
        "the request has {} MB, and the service takes {} MB at most: attach fewer files",
        .0.div_ceil(1_000_000),
        MAX_REQUEST / 1_000_000
    )]
    RequestTooLarge(usize),
    /// Our own client could not be set up.
    #[error("the HTTP client could not be set up (TLS roots of the system, perhaps)")]
    Setup,
}

impl TransportError {
    /// Whether nothing was sent, for certain: what is in doubt may have been answered, and billed.
    pub(crate) fn never_left(self) -> bool {
        matches!(self, Self::Connect | Self::Setup | Self::RequestTooLarge(_))
    }

    /// What an error before the answer's headers means.
    pub(crate) fn before_answer(error: &reqwest::Error) -> Self {
        if error.is_connect() || is_unsent(error) {
            Self::Connect
        } else if error.is_builder() {
            Self::Setup
        } else {
            Self::Broken
        }
    }
}

#[cfg(feature = "simulated")]
impl From<simulated::NoAnswer> for TransportError {
    fn from(why: simulated::NoAnswer) -> Self {
        match why {
            simulated::NoAnswer::Unsent => Self::Connect,
            simulated::NoAnswer::Lost => Self::Broken,
        }
    }
}

/// Whether a call got no connection of its own because there is one that it can share: it is to ask
/// again, and nothing was sent.
pub(crate) fn may_share(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.is::<Shareable>())
}

/// Whether a connection was gone before it took the request over. On one of the pool that is not seen here: the pool
/// takes another.
fn is_unsent(error: &reqwest::Error) -> bool {
    let was_gone = |error: &hyper::Error| error.is_canceled() || error.is_closed();
    causes(error).any(|cause| cause.downcast_ref::<hyper::Error>().is_some_and(was_gone))
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

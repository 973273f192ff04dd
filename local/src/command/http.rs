//! The HTTP client of the commands.

use std::error::Error;
use std::time::Duration;

use crate::Failure;

/// Longer than any answer of ours takes.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client; plain HTTP/1.1 and TLS.
pub(crate) fn client() -> Result<reqwest::Client, Failure> {
    // A second client in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        // The audit of decisions tells the command line by it.
        .user_agent(concat!("afterhook/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Failure::at("the HTTP client", reason(&error)))
}

/// The innermost cause: `Connection refused` instead of `error sending request`.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

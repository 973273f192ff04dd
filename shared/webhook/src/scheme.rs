//! Signature schemes as data, one verifier for all of them.

use std::time::Duration;

use domain::Timestamp;
use secrecy::SecretString;

use crate::Headers;

/// How a sender signs: HMAC-SHA256 over a template of signed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Header that carries the signature, lower case.
    pub header: String,
    /// What stands before the signature within the header, such as `sha256=`.
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// What is signed.
    pub signed: Template,
    /// Where the time of signing stands, and how old it may be; `None` for senders that sign none.
    pub freshness: Option<Tolerance>,
}

/// How signature bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal, either case.
    Hex,
    /// Base 64 with padding.
    Base64,
}

/// What is signed: text with `{timestamp}`, `{id}` and, once, `{body}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(pub String);

/// The signed time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tolerance {
    /// Header that carries it, lower case.
    pub header: String,
    /// How far from now it may be, either way.
    pub within: Duration,
}

/// The live secrets of a source: the first signs, all verify.
#[derive(Debug, Clone, Default)]
pub struct Secrets(pub Vec<SecretString>);

/// Why a request is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The signature header is absent.
    #[error("the header {header} is missing")]
    Missing {
        /// Its name.
        header: String,
    },
}

impl Scheme {
    /// Checks the signature of `body` against every live secret, then the time.
    ///
    /// # Errors
    /// [`Rejection`]: says nothing that helps a forger.
    pub fn verify(
        &self,
        _secrets: &Secrets,
        _headers: &(impl Headers + ?Sized),
        _body: &[u8],
        _now: Timestamp,
    ) -> Result<(), Rejection> {
        Err(Rejection::Missing { header: self.header.clone() })
    }

    /// The headers that sign `body` with the first of `secrets`.
    #[must_use]
    pub fn sign(&self, _secrets: &Secrets, _body: &[u8], _now: Timestamp) -> Vec<(String, String)> {
        Vec::new()
    }
}

//! [`TokenSource`]: who may use the console, by bearer token.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{Timestamp, between};
use futures::future::BoxFuture;
use secrecy::ExposeSecret;
use settings::ConsoleToken;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::refusal::Refusal;

/// How long a token that was taken back may still work.
const FRESH_FOR: Duration = Duration::from_secs(300);

/// Reads the tokens from where they are kept; the error says why that failed, free of secrets.
pub type FetchTokens = Arc<dyn Fn() -> BoxFuture<'static, Result<Vec<ConsoleToken>, String>> + Send + Sync>;

/// Where the tokens come from.
pub struct TokenSource(Kind);

enum Kind {
    Fixed(Arc<Tokens>),
    Fetched { fetch: FetchTokens, copy: Mutex<Option<(Arc<Tokens>, Timestamp)>> },
}

impl TokenSource {
    /// Tokens that stay as they are: those of the environment.
    #[must_use]
    pub fn fixed(tokens: &[ConsoleToken]) -> Self {
        Self(Kind::Fixed(Arc::new(Tokens::new(tokens))))
    }

    /// Tokens that `fetch` reads at the first request, and again every five minutes.
    #[must_use]
    pub fn fetched(fetch: FetchTokens) -> Self {
        Self(Kind::Fetched { fetch, copy: Mutex::default() })
    }

    /// The tokens that count at `now`.
    pub(crate) async fn current(&self, now: Timestamp) -> Result<Arc<Tokens>, Refusal> {
        let (fetch, copy) = match &self.0 {
            Kind::Fixed(tokens) => return Ok(Arc::clone(tokens)),
            Kind::Fetched { fetch, copy } => (fetch, copy),
        };
        // Nothing under the lock can panic half-way, so a poisoned one still holds sound data.
        let held = copy.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((tokens, _)) = held.filter(|(_, at)| between(*at, now) < FRESH_FOR) {
            return Ok(tokens);
        }
        let tokens = Arc::new(Tokens::new(&fetch().await.map_err(Refusal::TokensUnreadable)?));
        *copy.lock().unwrap_or_else(PoisonError::into_inner) = Some((Arc::clone(&tokens), now));
        Ok(tokens)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Fixed(_) => "TokenSource::fixed",
            Kind::Fetched { .. } => "TokenSource::fetched",
        })
    }
}

/// The tokens, as hashes: a comparison then tells nothing about their lengths either.
pub(crate) struct Tokens(Vec<(String, [u8; 32])>);

impl Tokens {
    fn new(tokens: &[ConsoleToken]) -> Self {
        let named = tokens.iter().filter(|token| !token.token.expose_secret().is_empty());
        Self(named.map(|token| (token.name.clone(), hash(token.token.expose_secret()))).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token `presented` is. Every token is compared in full, whichever matches: the time
    /// taken says neither how much of a guess was right nor whose token it came close to.
    pub(crate) fn whose(&self, presented: &str) -> Option<&str> {
        let presented = hash(presented);
        self.0.iter().fold(
            None,
            |found, (name, known)| {
                if bool::from(presented.ct_eq(known)) { Some(name.as_str()) } else { found }
            },
        )
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

//! [`TokenSource`]: who may use the console, by bearer token.

use std::fmt;

use futures::future::BoxFuture;
use secrecy::ExposeSecret;
use settings::ConsoleToken;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::refusal::Refusal;

/// Reads tokens that are kept elsewhere; whoever keeps them decides how old a copy may be. The error
/// says why that failed, free of secrets.
pub type ReadTokens = Box<dyn Fn() -> BoxFuture<'static, Result<Vec<ConsoleToken>, String>> + Send + Sync>;

/// Where the tokens come from.
pub struct TokenSource(Kind);

enum Kind {
    Fixed(Tokens),
    Kept(ReadTokens),
}

impl TokenSource {
    /// Tokens that stay as they are: those of the environment.
    #[must_use]
    pub fn fixed(tokens: &[ConsoleToken]) -> Self {
        Self(Kind::Fixed(Tokens::new(tokens)))
    }

    /// Tokens that are kept elsewhere and may change.
    #[must_use]
    pub fn kept(read: ReadTokens) -> Self {
        Self(Kind::Kept(read))
    }

    /// Whose token `presented` is.
    pub(crate) async fn whose(&self, presented: Option<&str>) -> Result<String, Refusal> {
        match &self.0 {
            Kind::Fixed(tokens) => tokens.whose(presented),
            Kind::Kept(read) => {
                Tokens::new(&read().await.map_err(Refusal::TokensUnreadable)?).whose(presented)
            }
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Fixed(_) => "TokenSource::fixed",
            Kind::Kept(_) => "TokenSource::kept",
        })
    }
}

/// Names and tokens; the latter as hashes, so that a comparison tells nothing about lengths either.
struct Tokens(Vec<(String, [u8; 32])>);

impl Tokens {
    fn new(tokens: &[ConsoleToken]) -> Self {
        // An empty token would be one that everybody knows.
        let sound = tokens.iter().filter(|token| !token.token.expose_secret().is_empty());
        Self(sound.map(|token| (token.name.clone(), hash(token.token.expose_secret()))).collect())
    }

    /// Every token is compared in full, whichever matches: the time taken says neither how much of a
    /// guess was right nor whose token it came close to.
    fn whose(&self, presented: Option<&str>) -> Result<String, Refusal> {
        if self.0.is_empty() {
            return Err(Refusal::NoTokens);
        }
        let presented = hash(presented.ok_or(Refusal::Unauthorized)?);
        let found =
            self.0.iter().fold(
                None,
                |found, (name, known)| {
                    if bool::from(presented.ct_eq(known)) { Some(name) } else { found }
                },
            );
        found.cloned().ok_or(Refusal::Unauthorized)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

//! [`TokenSource`]: who may use the console, by bearer token.

use std::borrow::Cow;
use std::fmt;

use futures::future::BoxFuture;
use secrecy::ExposeSecret;
use settings::{ConsoleToken, MIN_TOKEN_CHARS, Roles};
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

    /// The tokens that are good now: at least one.
    pub(crate) async fn now(&self) -> Result<Cow<'_, Tokens>, Refusal> {
        let tokens = match &self.0 {
            Kind::Fixed(tokens) => Cow::Borrowed(tokens),
            Kind::Kept(read) => Cow::Owned(Tokens::new(&read().await.map_err(Refusal::TokensUnreadable)?)),
        };
        if tokens.0.is_empty() { Err(Refusal::NoTokens) } else { Ok(tokens) }
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

/// Names and tokens.
#[derive(Clone)]
pub(crate) struct Tokens(Vec<Holder>);

/// Who has a token; the token as its hash, so that a comparison tells nothing about lengths either.
#[derive(Clone)]
pub(crate) struct Holder {
    /// The name in the audit.
    pub(crate) name: String,
    /// What the token is good for.
    pub(crate) roles: Roles,
    hash: [u8; 32],
}

impl Holder {
    /// The hash of the token.
    pub(crate) fn hash(&self) -> &[u8] {
        &self.hash
    }
}

impl Tokens {
    fn new(tokens: &[ConsoleToken]) -> Self {
        // One that can be guessed is none.
        let sound = tokens.iter().filter(|token| token.token.expose_secret().len() >= MIN_TOKEN_CHARS);
        let holder = |token: &ConsoleToken| Holder {
            name: token.name.clone(),
            roles: token.roles,
            hash: hash(token.token.expose_secret()),
        };
        Self(sound.map(holder).collect())
    }

    /// Every token is compared in full, whichever matches: the time taken says neither how much of a
    /// guess was right nor whose token it came close to.
    pub(crate) fn whose(&self, presented: &str) -> Option<&Holder> {
        let presented = hash(presented);
        self.0.iter().fold(
            None,
            |found, holder| {
                if bool::from(presented.ct_eq(&holder.hash)) { Some(holder) } else { found }
            },
        )
    }

    /// The tokens of the person called `name`, who may have several.
    pub(crate) fn of<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t Holder> {
        self.0.iter().filter(move |holder| holder.name == name)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

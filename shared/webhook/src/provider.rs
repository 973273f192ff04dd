//! [`Provider`]: the closed set of senders whose events we can read.

use domain::Event;

use crate::{Headers, Scheme};

/// A sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// GitHub, Enterprise Server included.
    Github,
}

/// A webhook whose signature holds.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Its media type, as the sender named it.
    pub content_type: &'a str,
    /// The sender's unsigned word for the kind of event: a hint, never trusted above the body.
    pub event_hint: Option<&'a str>,
    /// The raw body.
    pub body: &'a [u8],
}

/// What a webhook turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// Something that happened.
    Event(Box<Event>),
    /// The sender tries the connection out.
    Ping,
    /// A kind of event that no automation can use, by its name.
    Other(String),
}

/// A body that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not JSON (nor a form with JSON in it): the sender's mistake, answered 400.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// JSON that our parser does not understand: ours, stored as a failed task.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
}

impl Provider {
    /// All providers.
    pub const ALL: [Self; 1] = [Self::Github];

    /// The name in agent.toml, routes and variables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
        }
    }

    /// How it signs.
    #[must_use]
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Github => Scheme {
                header: "x-hub-signature-256".to_owned(),
                prefix: "sha256=".to_owned(),
                encoding: crate::Encoding::Hex,
                signed: crate::Template("{body}".to_owned()),
                freshness: None,
            },
        }
    }

    /// The unsigned header that names the kind of event.
    #[must_use]
    pub fn event_hint<'h>(self, headers: &'h (impl Headers + ?Sized)) -> Option<&'h str> {
        match self {
            Self::Github => headers.header("x-github-event"),
        }
    }

    /// The bytes that identify the event, out of what is signed.
    #[must_use]
    pub fn identity<'a>(self, received: &Received<'a>) -> &'a [u8] {
        match self {
            Self::Github => received.body,
        }
    }

    /// Reads a verified webhook.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(self, _received: &Received<'_>) -> Result<Parsed, ParseError> {
        Err(ParseError::Unreadable("not yet".to_owned()))
    }
}

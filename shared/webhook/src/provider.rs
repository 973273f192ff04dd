//! [`Provider`]: the closed set of senders whose events we can read. The enum is the index; each
//! provider's reader is a file of its own.

use domain::Event;

use crate::{Headers, Scheme, github};

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
    /// A kind of event that no automation can use, by its name: lower-case letters, digits, `_` and
    /// `.`, so it is fit for logs and metrics.
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

    /// The provider called `name`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.name() == name)
    }

    /// How it signs.
    #[must_use]
    pub fn scheme(self) -> Scheme {
        match self {
            Self::Github => Scheme::github(),
        }
    }

    /// The HTTP status that tells it that an event is in our hands.
    #[must_use]
    pub fn success_status(self) -> u16 {
        match self {
            Self::Github => 202,
        }
    }

    /// The media types that it sends, without parameters; anything else is answered 415.
    #[must_use]
    pub fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Github => &["application/json", FORM],
        }
    }

    /// The unsigned header that names the kind of event, lower case, if it sends one.
    #[must_use]
    pub fn hint_header(self) -> Option<&'static str> {
        match self {
            Self::Github => Some("x-github-event"),
        }
    }

    /// What that header says.
    #[must_use]
    pub fn event_hint(self, headers: &(impl Headers + ?Sized)) -> Option<&str> {
        self.hint_header().and_then(|name| headers.header(name))
    }

    /// The bytes that identify the event, out of what is signed.
    #[must_use]
    pub fn identity<'a>(self, received: &Received<'a>) -> &'a [u8] {
        match self {
            // `X-GitHub-Delivery` is not signed: whoever replays a request can change it.
            Self::Github => received.body,
        }
    }

    /// Reads a verified webhook.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn parse(self, received: &Received<'_>) -> Result<Parsed, ParseError> {
        match self {
            Self::Github => github::parse(received),
        }
    }
}

/// The media type of HTML forms.
const FORM: &str = "application/x-www-form-urlencoded";

impl Received<'_> {
    /// The media type in lower case, without parameters such as `charset`.
    #[must_use]
    pub fn media_type(&self) -> String {
        self.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    pub(crate) fn is_form(&self) -> bool {
        self.media_type() == FORM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_found_by_their_names() {
        for provider in Provider::ALL {
            assert_eq!(Provider::from_name(provider.name()), Some(provider));
        }
        assert_eq!(Provider::from_name("Github"), None);
    }

    #[test]
    fn parameters_are_no_part_of_the_media_type() {
        let received = |content_type| Received { content_type, event_hint: None, body: b"" };
        assert_eq!(received("Application/JSON; charset=utf-8").media_type(), "application/json");
        assert!(received("application/x-www-form-urlencoded ;charset=utf-8").is_form());
        assert!(!received("").is_form());
    }
}

//! [`Service`] and [`Operation`]: the words that errors are made of, and how much a service takes.

use markdown::Limit;

/// A service, as errors name it.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// In lower case, for machines: `slack`.
    pub name: &'static str,
    /// As it calls itself: `Slack`.
    pub title: &'static str,
    /// The variable that says where its API is.
    pub url_variable: &'static str,
    /// What that variable looks like.
    pub url_example: &'static str,
    /// The variable that holds the credential.
    pub credential_variable: &'static str,
    /// The longest text that it takes.
    pub longest_text: Limit,
}

/// Something that we ask of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// As errors name it: `post a message`.
    pub name: &'static str,
    /// Whether it makes something that must not be made twice: a lost answer leaves it in doubt then.
    pub creates: bool,
}

impl Operation {
    /// An operation that changes nothing, or that may happen twice.
    #[must_use]
    pub const fn reads(name: &'static str) -> Self {
        Self { name, creates: false }
    }

    /// An operation that must not happen twice.
    #[must_use]
    pub const fn creates(name: &'static str) -> Self {
        Self { name, creates: true }
    }
}

//! [`Failure`]: why a command did not do what it was asked, in words for its user.

use std::fmt;

use settings::Mistakes;

use crate::command::token;

/// A message for the person at the terminal: what is wrong, where, and how to mend it.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// What is wrong with the configuration.
    pub(crate) fn mistakes(mistakes: &Mistakes) -> Self {
        Self(format!("{mistakes}{}", token::offer(mistakes)))
    }

    /// Why a server cannot listen on `port`.
    pub(crate) fn port(port: u16, error: &std::io::Error) -> Self {
        Self(format!("port {port} on 127.0.0.1: {error}; choose another with --port N (0 = any free one)"))
    }

    /// What went wrong while doing `what`.
    pub fn at(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

//! [`Failure`]: why a command did not do what it was asked, in words for its user.

use std::fmt;

use settings::Mistakes;

use crate::command::token;

/// What a command exits with that has failed.
const FAILED: u8 = 1;
/// What it exits with when the command line is at fault: it names what neither the program nor agent.toml has, lacks what
/// is wanted, or holds two things that exclude each other. clap says so of what it finds itself.
const MISSPELT: u8 = 2;

/// A message for the person at the terminal: what is wrong, where, and how to mend it.
#[derive(Debug)]
pub struct Failure {
    message: String,
    exit: u8,
}

impl Failure {
    /// A failure with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: FAILED }
    }

    /// A failure of the command line.
    pub(crate) fn misspelt(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: MISSPELT }
    }

    /// What the program exits with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit
    }

    /// What is wrong with the configuration.
    pub(crate) fn mistakes(mistakes: &Mistakes) -> Self {
        Self::new(format!("{mistakes}{}", token::offer(mistakes)))
    }

    /// Why a server cannot listen on `port`.
    pub(crate) fn port(port: u16, error: &std::io::Error) -> Self {
        Self::new(format!(
            "port {port} on 127.0.0.1: {error}; choose another with --port N (0 = any free one)"
        ))
    }

    /// What went wrong while doing `what`.
    pub fn at(what: impl fmt::Display, cause: impl fmt::Display) -> Self {
        Self::new(format!("{what}: {cause}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

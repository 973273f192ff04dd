//! How the stand-in behaves: [`Builder`].

use std::io;

use super::GithubStandin;
use super::faults::Fault;
use super::shared::Shared;
use crate::kit::config;

/// The settings of a [`GithubStandin`].
pub type Builder = config::Builder<Fault, Settings>;

/// What only GitHub has.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(super) login: String,
    pub(super) rate_limit: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { login: "afterhook".to_owned(), rate_limit: None }
    }
}

impl Builder {
    /// The login behind every personal token, and the slug of the App (`afterhook`).
    pub fn login(mut self, login: impl Into<String>) -> Self {
        self.own.login = login.into();
        self
    }

    /// Requests per hour before the primary rate limit refuses (none refused; the headers then speak of
    /// 5,000 that never run out).
    pub fn rate_limit(mut self, requests: u64) -> Self {
        self.own.rate_limit = Some(requests);
        self
    }

    /// The stand-in.
    ///
    /// # Errors
    /// When the journal cannot be opened, is in use by another process, or holds something that is not
    /// a journal.
    pub fn build(self) -> io::Result<GithubStandin> {
        Shared::open(&self).map(GithubStandin::of)
    }
}

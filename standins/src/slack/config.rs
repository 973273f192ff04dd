//! How the stand-in behaves: [`Builder`].

use std::io;

use super::SlackStandin;
use super::faults::Fault;
use super::shared::Shared;
use crate::kit::config;

/// The settings of a [`SlackStandin`].
pub type Builder = config::Builder<Fault, ()>;

impl Builder {
    /// The stand-in.
    ///
    /// # Errors
    /// When the journal cannot be opened, is in use by another process, or holds something that is not
    /// a journal.
    pub fn build(self) -> io::Result<SlackStandin> {
        Shared::open(&self).map(SlackStandin::of)
    }
}

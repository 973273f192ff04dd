//! [`Records`]: what was made, in memory and, if there is one, in the journal.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::kit::journal::Journal;

/// Records in the order in which they were made. None is ever changed.
#[derive(Debug)]
pub struct Records<R> {
    all: Vec<R>,
    journal: Option<Journal<R>>,
}

impl<R> Default for Records<R> {
    fn default() -> Self {
        Self { all: Vec::new(), journal: None }
    }
}

impl<R: Serialize + DeserializeOwned> Records<R> {
    /// Those of a journal.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let (journal, all) = Journal::open(path)?;
        Ok(Self { all, journal: Some(journal) })
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[R] {
        &self.all
    }

    /// Adds one: to the journal first, so that what memory shows is always in the file. After an error
    /// nothing was done.
    pub(crate) fn add(&mut self, record: R) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(&record)?;
        }
        self.all.push(record);
        Ok(())
    }
}

//! [`Section`]: one table of agent.toml while it is read. It remembers which keys were asked for, and
//! [`Section::finish`] reports every other key, so that a misspelt one is never ignored.

use std::ops::Range;

use toml::de::DeTable;

use crate::entry::Entry;
use crate::report::Report;
use crate::suggest::suggest;

/// A table, or the place of one that is not there.
pub(crate) struct Section<'t> {
    path: String,
    span: Range<usize>,
    table: Option<&'t DeTable<'t>>,
    asked: Vec<&'static str>,
    /// Where mistakes go.
    pub(crate) report: &'t Report<'t>,
}

impl<'t> Section<'t> {
    /// The table at `path`.
    pub(crate) fn new(
        path: String,
        span: Range<usize>,
        table: &'t DeTable<'t>,
        report: &'t Report<'t>,
    ) -> Self {
        Self { path, span, table: Some(table), asked: Vec::new(), report }
    }

    fn absent(path: String, report: &'t Report<'t>) -> Self {
        Self { path, span: 0..0, table: None, asked: Vec::new(), report }
    }

    /// The full name of `key`.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What stands under `key`.
    pub(crate) fn get(&mut self, key: &'static str) -> Option<Entry<'t>> {
        self.asked.push(key);
        let value = self.table?.get(key)?;
        Some(Entry::new(self.key(key), value, self.report))
    }

    /// What `read` makes of the value under `key`; `None` when there is none or it is wrong, which
    /// `read` has reported then.
    pub(crate) fn read<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&Entry<'t>) -> Option<T>,
    ) -> Option<T> {
        self.get(key).and_then(|entry| read(&entry))
    }

    /// Like [`Section::read`] for a key that must be there.
    pub(crate) fn require<T>(
        &mut self,
        key: &'static str,
        suggestion: &str,
        read: impl FnOnce(&Entry<'t>) -> Option<T>,
    ) -> Option<T> {
        match self.get(key) {
            Some(entry) => read(&entry),
            None => {
                self.missing(key, "missing", suggestion);
                None
            }
        }
    }

    /// The table under `key`; an empty one, and so every default, when it is not there.
    pub(crate) fn section(&mut self, key: &'static str) -> Self {
        let found = self.read(key, Entry::section);
        found.unwrap_or_else(|| Self::absent(self.key(key), self.report))
    }

    /// Every key with its value, for tables whose keys are names that the user chooses.
    pub(crate) fn entries(&self) -> Vec<(&'t str, Range<usize>, Entry<'t>)> {
        let table = self.table.into_iter().flatten();
        table
            .map(|(key, value)| {
                let name: &'t str = key.get_ref();
                (name, key.span(), Entry::new(self.key(name), value, self.report))
            })
            .collect()
    }

    /// `key` is missing, or what it stands for by default.
    pub(crate) fn missing(&self, key: &str, problem: &str, suggestion: &str) {
        self.report.missing(&self.span, &self.key(key), problem, suggestion);
    }

    /// Reports that the table does not do, and answers `None`.
    pub(crate) fn wrong<T>(&self, problem: String, suggestion: String) -> Option<T> {
        self.report.add(&self.span, &self.path, problem, Some(suggestion));
        None
    }

    /// Reports every key that was not asked for.
    pub(crate) fn finish(self) {
        for (key, value) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if !self.asked.contains(&name) {
                let what = if value.get_ref().is_table() { "unknown section" } else { "unknown key" };
                let suggestion = suggest(name, &self.asked);
                self.report.add(&key.span(), &self.key(name), what.to_owned(), Some(suggestion));
            }
        }
    }
}

//! [`Section`]: one table of agent.toml while it is read. It remembers which keys were asked for, and
//! [`Section::finish`] reports every other key, so that a misspelt one is never ignored.

use std::ops::Range;

use serde_json::json;
use toml::de::DeTable;

use crate::entry::Entry;
use crate::form::Form;
use crate::key::{Key, Shown};
use crate::report::Report;
use crate::shape::Shape;
use crate::suggest::suggest;

/// A table, or the place of one that is not there.
pub(crate) struct Section<'t> {
    path: String,
    span: Range<usize>,
    table: Option<&'t DeTable<'t>>,
    asked: Vec<&'static str>,
    /// On a probe: the place where the readers note what they ask for.
    shape: Option<Shape>,
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
        Self { path, span, table: Some(table), asked: Vec::new(), shape: None, report }
    }

    fn absent(path: String, report: &'t Report<'t>) -> Self {
        Self { path, span: 0..0, table: None, asked: Vec::new(), shape: None, report }
    }

    /// A probe: a table that seems to have every key. Each key notes in `shape` what its reader wants.
    pub(crate) fn probe(path: String, shape: Shape, report: &'t Report<'t>) -> Self {
        shape.takes(json!({"type": "object"}));
        Self { shape: Some(shape), ..Self::absent(path, report) }
    }

    /// The full name of `key`.
    pub(crate) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What stands under `key`.
    pub(crate) fn get(&mut self, key: &Key) -> Option<Entry<'t>> {
        self.asked.push(key.name);
        let name = self.key(key.name);
        if let Some(shape) = &self.shape {
            return Some(Entry::probe(name, shape.property(key), self.report));
        }
        Some(Entry::new(name, self.table?.get(key.name)?, self.report))
    }

    /// What `read` makes of the value under `key`. `None` when there is no value, or when `read` has reported that
    /// it is wrong.
    pub(crate) fn read<T>(&mut self, key: Key, read: impl FnOnce(&Entry<'t>) -> Option<T>) -> Option<T> {
        self.get(&key).and_then(|entry| read(&entry))
    }

    /// Like [`Section::read`]; `default` when the value is absent or wrong.
    pub(crate) fn read_or<T: Shown>(
        &mut self,
        key: Key,
        default: T,
        read: impl FnOnce(&Entry<'t>) -> Option<T>,
    ) -> T {
        self.read(key.or(&default), read).unwrap_or(default)
    }

    /// One of `choices`; `default`, also one of them, when the value is absent or wrong.
    pub(crate) fn choice_or<T: Copy + PartialEq>(
        &mut self,
        key: Key,
        default: T,
        choices: &[(&str, T)],
    ) -> T {
        let key = match choices.iter().find(|(_, choice)| *choice == default) {
            Some((name, _)) => key.or(name),
            None => key,
        };
        self.read(key, |entry| entry.choice(choices)).unwrap_or(default)
    }

    /// Like [`Section::read`] for a key that must be there.
    pub(crate) fn require<T>(
        &mut self,
        key: Key,
        suggestion: &str,
        read: impl FnOnce(&Entry<'t>) -> Option<T>,
    ) -> Option<T> {
        if let Some(shape) = &self.shape {
            shape.requires(key.name);
        }
        match self.get(&key) {
            Some(entry) => read(&entry),
            None => {
                self.missing(key.name, "missing", suggestion);
                None
            }
        }
    }

    /// The table under `key`; an empty one, and so every default, when the file has none.
    pub(crate) fn section(&mut self, key: Key) -> Self {
        let name = key.name;
        let found = self.read(key, Entry::section);
        found.unwrap_or_else(|| Self::absent(self.key(name), self.report))
    }

    /// Every key with its value, for tables whose keys are names that the user chooses. The caller refuses keys
    /// that do not have the form `names`; `about` describes the value of each.
    pub(crate) fn entries(
        &self,
        names: &'static Form,
        about: &'static str,
    ) -> Vec<(&'t str, Range<usize>, Entry<'t>)> {
        if let Some(shape) = &self.shape {
            let entry = Entry::probe(self.key(names.example), shape.others(names, about), self.report);
            return vec![(names.example, 0..0, entry)];
        }
        let table = self.table.into_iter().flatten();
        table
            .map(|(key, value)| {
                let name: &'t str = key.get_ref();
                (name, key.span(), Entry::new(self.key(name), value, self.report))
            })
            .collect()
    }

    /// Reports that `key` is missing, or that the default it stands for is.
    pub(crate) fn missing(&self, key: &str, problem: &str, suggestion: &str) {
        self.report.missing(&self.span, &self.key(key), problem, suggestion);
    }

    /// Reports that the table cannot be used, and returns `None`.
    pub(crate) fn wrong<T>(&self, problem: String, suggestion: String) -> Option<T> {
        self.report.add(&self.span, &self.path, problem, Some(suggestion));
        None
    }

    /// On a probe: the place where the readers note what they ask for.
    pub(crate) fn shape(&self) -> Option<&Shape> {
        self.shape.as_ref()
    }

    /// Reports every key that was not asked for.
    pub(crate) fn finish(self) {
        if let Some(shape) = &self.shape {
            shape.close();
        }
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

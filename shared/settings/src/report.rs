//! [`Report`]: collects the mistakes of one TOML file while it is read.

use std::cell::RefCell;
use std::ops::Range;

use crate::{Mistake, Mistakes, Position};

/// Collects mistakes; shared by everything that reads the file.
pub(crate) struct Report<'t> {
    origin: &'t str,
    text: &'t str,
    /// Lines on which the TOML itself is broken. No other mistake is reported on them.
    broken: Vec<usize>,
    found: RefCell<Vec<Mistake>>,
}

impl<'t> Report<'t> {
    /// A report on `text` that begins with the `errors` of its syntax: one for each line, since further ones on
    /// a line mostly follow from the first.
    pub(crate) fn new(origin: &'t str, text: &'t str, errors: &[toml::de::Error]) -> Self {
        let mut report = Self { origin, text, broken: Vec::new(), found: RefCell::default() };
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let line = Position::of(text, span.start).line;
            if !report.broken.contains(&line) {
                report.add(&span, "", format!("not valid TOML: {}", error.message()), None);
                report.broken.push(line);
            }
        }
        report
    }

    /// Something is wrong at `span`.
    pub(crate) fn add(&self, span: &Range<usize>, key: &str, problem: String, suggestion: Option<String>) {
        let at = Position::of(self.text, span.start);
        if !self.broken.contains(&at.line) {
            self.found.borrow_mut().push(Mistake {
                origin: self.origin.to_owned(),
                at: Some(at),
                key: key.to_owned(),
                problem,
                suggestion,
            });
        }
    }

    /// Something is wrong on `line` of another `file`, which this one names.
    pub(crate) fn add_elsewhere(&self, file: &str, line: usize, problem: String, suggestion: String) {
        self.found.borrow_mut().push(Mistake {
            origin: file.to_owned(),
            at: Some(Position { line, column: 1 }),
            key: String::new(),
            problem,
            suggestion: Some(suggestion),
        });
    }

    /// Something is missing from the table at `span`. Not reported when the file has broken lines: the key may
    /// stand on one of them.
    pub(crate) fn missing(&self, span: &Range<usize>, key: &str, problem: &str, suggestion: &str) {
        if self.broken.is_empty() {
            self.add(span, key, problem.to_owned(), Some(suggestion.to_owned()));
        }
    }

    /// How many mistakes there are so far.
    pub(crate) fn count(&self) -> usize {
        self.found.borrow().len()
    }

    /// Where `span` begins.
    pub(crate) fn position(&self, span: &Range<usize>) -> Position {
        Position::of(self.text, span.start)
    }

    /// The line that `span` begins on.
    pub(crate) fn line(&self, span: &Range<usize>) -> usize {
        Position::of(self.text, span.start).line
    }

    /// `Ok` when nothing was found; the mistakes come in the order of the file, those of files that it
    /// names behind them.
    pub(crate) fn finish(self) -> Result<(), Mistakes> {
        let mut found = self.found.into_inner();
        let place = |mistake: &Mistake| (mistake.origin != self.origin, mistake.origin.clone(), mistake.at);
        found.sort_by_key(place);
        Mistakes::check(found)
    }
}

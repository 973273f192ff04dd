//! [`Changes`]: how a run differs from a former one, case by case.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::outcome::Outcome;
use crate::Failure;

/// A former report, as far as it is compared.
#[derive(Debug, Deserialize)]
pub(crate) struct Former {
    pub(crate) version: String,
    /// `None` if no case ended.
    pub(crate) accuracy: Option<f64>,
    pub(crate) right: Option<f64>,
    outcomes: Vec<Outcome>,
}

impl Former {
    /// The report in `file`: an `eval.json`.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let text = fs::read(file).map_err(|error| Failure::at(file.display(), error))?;
        serde_json::from_slice(&text).map_err(|error| {
            Failure::at(file.display(), format!("{error}; name the eval.json of a former --report"))
        })
    }
}

/// A case of both runs that came out otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change<'r> {
    pub(crate) before: &'r Outcome,
    pub(crate) after: &'r Outcome,
}

/// What is different.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Changes<'r> {
    /// Right before, wrong now.
    pub(crate) broken: Vec<Change<'r>>,
    /// Wrong before, right now.
    pub(crate) mended: Vec<Change<'r>>,
    /// As right as before, with another intent or another answer.
    pub(crate) other: Vec<Change<'r>>,
    /// Without an end in one of the runs: neither better nor worse.
    pub(crate) unfinished: Vec<Change<'r>>,
    /// Cases that only one of the two runs has.
    pub(crate) unmatched: usize,
}

impl<'r> Changes<'r> {
    /// From `former` to `outcomes`.
    pub(crate) fn between(former: &'r Former, outcomes: &'r [Outcome]) -> Self {
        let mut known: BTreeMap<&str, &Outcome> =
            former.outcomes.iter().map(|outcome| (outcome.case.as_str(), outcome)).collect();
        let mut changes = Self::default();
        for after in outcomes {
            let Some(before) = known.remove(after.case.as_str()) else {
                changes.unmatched += 1;
                continue;
            };
            let change = Change { before, after };
            match (before.is_right(), after.is_right()) {
                _ if before.unfinished.is_some() || after.unfinished.is_some() => {
                    changes.unfinished.push(change);
                }
                (true, false) => changes.broken.push(change),
                (false, true) => changes.mended.push(change),
                _ if before.got != after.got || before.answer != after.answer => changes.other.push(change),
                _ => {}
            }
        }
        changes.unmatched += known.len();
        changes
    }

    /// All of them, the worst first, with a word for each.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, Change<'r>)> {
        let named = |word, list: &[Change<'r>]| list.iter().map(move |it| (word, *it)).collect::<Vec<_>>();
        [
            named("broken", &self.broken),
            named("mended", &self.mended),
            named("other", &self.other),
            named("unfinished", &self.unfinished),
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::super::score::tests::outcome;
    use super::*;

    fn named(name: &str, outcome: Outcome) -> Outcome {
        Outcome { case: name.to_owned(), ..outcome }
    }

    #[test]
    fn what_changed_is_told_by_its_kind() {
        let former = Former {
            version: "ver_1".to_owned(),
            accuracy: Some(0.5),
            right: Some(0.5),
            outcomes: vec![
                named("a", outcome("bug", "bug", 0.9)),
                named("b", outcome("bug", "question", 0.9)),
                named("c", outcome("bug", "bug", 0.9)),
                named("d", outcome("bug", "bug", 0.9)),
                named("gone", outcome("bug", "bug", 0.9)),
            ],
        };
        let answer = "Another text.".to_owned();
        let now = [
            named("a", outcome("bug", "question", 0.9)),
            named("b", outcome("bug", "bug", 0.9)),
            named("c", Outcome { answer, ..outcome("bug", "bug", 0.9) }),
            named("d", outcome("bug", "bug", 0.7)),
            named("new", outcome("bug", "bug", 0.9)),
        ];
        let changes = Changes::between(&former, &now);
        let told: Vec<(&str, &str)> =
            changes.all().map(|(word, change)| (word, change.after.case.as_str())).collect();
        assert_eq!(told, [("broken", "a"), ("mended", "b"), ("other", "c")]);
        assert_eq!(changes.unmatched, 2);
    }

    #[test]
    fn a_case_that_did_not_end_in_one_of_the_runs_is_neither_broken_nor_mended() {
        let right = || outcome("bug", "bug", 0.9);
        let stopped = || Outcome { unfinished: Some("budget".to_owned()), ..outcome("bug", "none", 0.0) };
        let former = Former {
            version: "ver_1".to_owned(),
            accuracy: None,
            right: None,
            outcomes: vec![named("a", right()), named("b", stopped()), named("c", stopped())],
        };
        let now = [named("a", stopped()), named("b", right()), named("c", stopped())];
        let changes = Changes::between(&former, &now);
        let words: Vec<&str> = changes.all().map(|(word, _)| word).collect();
        assert_eq!(words, ["unfinished"; 3]);
    }
}

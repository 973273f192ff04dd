//! [`Score`]: how often the agent was right, how sure it was then, and what it cost.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Task, TaskStatus};

use super::case::Case;

/// What stands for the intent of an event that is not to be answered.
pub(crate) const SPAM: &str = "spam";
/// What stands for the intent of a case that did not come to an end.
pub(crate) const NONE: &str = "none";
/// Parts that the range of confidence is cut into.
const BINS: usize = 10;

/// What became of one case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) case: String,
    pub(crate) expected: String,
    pub(crate) got: String,
    /// How sure triage was; `None` where it gave no intent.
    pub(crate) confidence: Option<f64>,
    /// What is wrong with it, in words; empty if nothing is.
    pub(crate) faults: Vec<String>,
    /// The draft.
    pub(crate) answer: String,
    pub(crate) cost_usd: f64,
    pub(crate) took: Duration,
    /// Why it did not come to an end.
    pub(crate) unfinished: Option<String>,
}

impl Outcome {
    /// What `task` came to, with its draft `answer`, held against `case`.
    pub(crate) fn of(case: &Case, task: &Task, answer: String) -> Self {
        let known = task.doc.classification.as_ref();
        let ended = task.control.status.is_end();
        let is_spam = task.control.status == TaskStatus::Ignored
            && task.doc.timeline.last().is_some_and(|entry| entry.note == SPAM);
        let got = match known {
            _ if is_spam => SPAM.to_owned(),
            Some(known) => known.intent.clone(),
            None => NONE.to_owned(),
        };
        let mut faults = Vec::new();
        if got != case.intent {
            faults.push(format!("expected {}, got {got}", case.intent));
        }
        if let Some(error) = task.doc.error.as_ref().filter(|_| task.control.status == TaskStatus::Failed) {
            faults.push(format!("failed at {}: {}", error.step, error.message));
        }
        let (said, has) = (answer.to_lowercase(), |text: &String, said: &str| said.contains(&text.to_lowercase()));
        faults.extend(case.must.iter().filter(|it| !has(it, &said)).map(|it| format!("does not say `{it}`")));
        faults.extend(case.must_not.iter().filter(|it| has(it, &said)).map(|it| format!("says `{it}`")));
        Self {
            case: case.name.clone(),
            expected: case.intent.clone(),
            got,
            confidence: known.map(|known| known.confidence),
            faults,
            answer,
            cost_usd: task.cost_usd().unwrap_or_default(),
            took: Duration::from_secs_f64((task.doc.worked_ms / 1_000.0).max(0.0)),
            unfinished: (!ended).then(|| {
                task.doc.timeline.last().map_or_else(|| "not begun".to_owned(), |entry| entry.note.clone())
            }),
        }
    }

    /// Whether it is as it should be.
    pub(crate) fn is_right(&self) -> bool {
        self.faults.is_empty() && self.unfinished.is_none()
    }

    fn is_routed_right(&self) -> bool {
        self.got == self.expected && self.unfinished.is_none()
    }
}

/// A part of the range of confidence: the reliability of what was said with it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bin {
    pub(crate) count: usize,
    pub(crate) right: usize,
    confidences: f64,
}

impl Bin {
    /// How sure triage was on average.
    #[expect(clippy::cast_precision_loss, reason = "a count of cases")]
    pub(crate) fn confidence(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.confidences / self.count as f64 }
    }

    /// How often it was right.
    pub(crate) fn accuracy(&self) -> f64 {
        share(self.right, self.count)
    }
}

/// What passes a threshold: what would be answered without a person, and how much of it is right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Threshold {
    pub(crate) at: f64,
    pub(crate) passed: usize,
    pub(crate) right: usize,
}

/// All outcomes together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    pub(crate) outcomes: Vec<Outcome>,
}

impl Score {
    pub(crate) fn finished(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.unfinished.is_none()).count()
    }

    /// The share of cases whose intent was found; a case that did not come to an end counts as wrong.
    pub(crate) fn accuracy(&self) -> f64 {
        share(self.outcomes.iter().filter(|it| it.is_routed_right()).count(), self.outcomes.len())
    }

    /// The share of cases that are right in everything.
    pub(crate) fn right(&self) -> f64 {
        share(self.outcomes.iter().filter(|it| it.is_right()).count(), self.outcomes.len())
    }

    /// How often each intent was taken for each, by what was expected and what came.
    pub(crate) fn confusion(&self) -> BTreeMap<(&str, &str), usize> {
        let mut confusion = BTreeMap::new();
        for outcome in &self.outcomes {
            *confusion.entry((outcome.expected.as_str(), outcome.got.as_str())).or_default() += 1;
        }
        confusion
    }

    /// The reliability table.
    pub(crate) fn calibration(&self) -> [Bin; BINS] {
        let mut bins = [Bin::default(); BINS];
        for (outcome, confidence) in self.sure() {
            if let Some(bin) = bins.get_mut(bin_of(confidence)) {
                bin.count += 1;
                bin.right += usize::from(outcome.is_routed_right());
                bin.confidences += confidence;
            }
        }
        bins
    }

    /// What each of some thresholds would let through.
    pub(crate) fn thresholds(&self) -> Vec<Threshold> {
        let of = |at: f64| {
            let passed: Vec<&Outcome> =
                self.sure().filter(|(_, confidence)| *confidence >= at).map(|(outcome, _)| outcome).collect();
            let right = passed.iter().filter(|outcome| outcome.is_routed_right()).count();
            Threshold { at, passed: passed.len(), right }
        };
        [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95].map(of).into()
    }

    fn sure(&self) -> impl Iterator<Item = (&Outcome, f64)> {
        self.outcomes.iter().filter_map(|outcome| Some((outcome, outcome.confidence?)))
    }

    pub(crate) fn cost_usd(&self) -> f64 {
        self.outcomes.iter().map(|outcome| outcome.cost_usd).sum()
    }

    /// The time of work that `part` of the cases stayed below, from 0 to 1.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    pub(crate) fn latency(&self, part: f64) -> Duration {
        let mut took: Vec<Duration> = self.outcomes.iter().map(|outcome| outcome.took).collect();
        took.sort();
        let place = (took.len().saturating_sub(1) as f64 * part).round() as usize;
        took.get(place).copied().unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "one of ten parts")]
fn bin_of(confidence: f64) -> usize {
    ((confidence.clamp(0.0, 1.0) * BINS as f64) as usize).min(BINS - 1)
}

#[expect(clippy::cast_precision_loss, reason = "a count of cases")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn outcome(expected: &str, got: &str, confidence: f64) -> Outcome {
        Outcome {
            case: format!("{expected} <as> {got}"),
            expected: expected.to_owned(),
            got: got.to_owned(),
            confidence: Some(confidence),
            faults: if expected == got { Vec::new() } else { vec![format!("expected {expected}, got {got}")] },
            answer: "Thanks.".to_owned(),
            cost_usd: 0.5,
            took: Duration::from_millis(10),
            unfinished: None,
        }
    }

    pub(crate) fn score() -> Score {
        let unfinished = Outcome { unfinished: Some("budget".to_owned()), ..outcome("bug", NONE, 0.0) };
        Score {
            outcomes: vec![
                outcome("bug", "bug", 0.95),
                outcome("bug", "question", 0.92),
                outcome("question", "question", 0.72),
                Outcome { confidence: None, ..unfinished },
            ],
        }
    }

    #[test]
    fn what_did_not_end_counts_as_wrong() {
        let score = score();
        assert_eq!((score.accuracy(), score.right(), score.finished()), (0.5, 0.5, 3));
        assert_eq!(score.confusion()[&("bug", "question")], 1);
        assert_eq!((score.cost_usd(), score.latency(0.5)), (2.0, Duration::from_millis(10)));
    }

    #[test]
    fn the_reliability_table_holds_confidence_against_truth() {
        let bins = score().calibration();
        assert_eq!((bins[9].count, bins[9].right, bins[9].accuracy()), (2, 1, 0.5));
        assert!((bins[9].confidence() - 0.935).abs() < 1e-9);
        assert_eq!(bins[7].accuracy(), 1.0);
        let thresholds = score().thresholds();
        let at = |at: f64| thresholds.iter().find(|it| it.at == at).map(|it| (it.passed, it.right)).unwrap();
        assert_eq!((at(0.7), at(0.8), at(0.95)), ((3, 2), (2, 1), (1, 1)));
        assert_eq!((bin_of(1.0), bin_of(0.0), bin_of(0.8)), (9, 0, 8));
    }
}

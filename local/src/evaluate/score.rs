//! [`Score`]: how often the agent was right, how sure it was then, and what it cost.

use std::collections::BTreeMap;

use domain::Served;

use super::case::{Lived, Verdict};
use super::outcome::Outcome;

/// Parts that the range of confidence is cut into.
const BINS: usize = 10;
/// Thresholds that are tried besides the agent's own.
const THRESHOLDS: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

/// A part of the range of confidence: the reliability of what was said with it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Bin {
    pub(crate) count: usize,
    pub(crate) right: usize,
    /// Those of which nobody has said that they are right, but the answer was refused.
    pub(crate) refused: usize,
    confidences: f64,
}

impl Bin {
    /// How sure triage was on average.
    pub(crate) fn confidence(&self) -> f64 {
        ratio(self.confidences, self.count)
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
    /// Those that another model has sorted than the wanted one.
    pub(crate) by_another: usize,
}

/// All outcomes together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Score {
    pub(crate) outcomes: Vec<Outcome>,
    /// The agent's own threshold.
    pub(crate) threshold: f64,
    /// What people found of the events of cases when they were live.
    pub(crate) live: Vec<Lived>,
}

impl Score {
    pub(crate) fn finished(&self) -> usize {
        self.ended().count()
    }

    /// Of the cases that ended, the share whose intent was found; `None` if none ended.
    pub(crate) fn accuracy(&self) -> Option<f64> {
        self.share_of_ended(Outcome::is_sorted_right)
    }

    /// Of the cases that ended, the share that is right in everything; `None` if none ended.
    pub(crate) fn right(&self) -> Option<f64> {
        self.share_of_ended(Outcome::is_right)
    }

    /// A case that did not end says nothing of the agent.
    fn share_of_ended(&self, is: impl Fn(&Outcome) -> bool) -> Option<f64> {
        let ended = self.finished();
        (ended > 0).then(|| share(self.ended().filter(|it| is(it)).count(), ended))
    }

    fn ended(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|outcome| outcome.unfinished.is_none())
    }

    /// How often each intent was taken for each, by what was expected and what came, of the cases that ended.
    pub(crate) fn confusion(&self) -> BTreeMap<(&str, &str), usize> {
        let mut confusion = BTreeMap::new();
        for outcome in self.ended() {
            *confusion.entry((outcome.expected.as_str(), outcome.got.as_str())).or_default() += 1;
        }
        confusion
    }

    /// The reliability table.
    pub(crate) fn calibration(&self) -> [Bin; BINS] {
        bins(self.sure().map(|(outcome, confidence)| (confidence, outcome.is_sorted_right().into())))
    }

    /// The same of what was live, by what people said of it.
    pub(crate) fn live_calibration(&self) -> [Bin; BINS] {
        bins(self.live.iter().filter_map(|lived| Some((lived.confidence?, lived.verdict))))
    }

    /// How many were called spam, or were sorted without a confidence, when they were live, and how many of them rightly.
    pub(crate) fn live_spam(&self) -> (usize, usize) {
        let spam = || self.live.iter().filter(|lived| lived.confidence.is_none());
        (spam().count(), spam().filter(|lived| lived.verdict == Verdict::Right).count())
    }

    /// How far confidence and truth are apart, on average over the cases: 0 is perfect.
    pub(crate) fn calibration_error(&self) -> f64 {
        let bins = self.calibration();
        let gap = |bin: &Bin| (bin.confidence() - bin.accuracy()).abs() * share(bin.count, 1);
        ratio(bins.iter().map(gap).sum(), bins.iter().map(|bin| bin.count).sum())
    }

    /// What each of some thresholds would let through, the agent's own among them.
    pub(crate) fn thresholds(&self) -> Vec<Threshold> {
        let mut tried = THRESHOLDS.to_vec();
        if !tried.contains(&self.threshold) {
            tried.push(self.threshold);
            tried.sort_by(f64::total_cmp);
        }
        let of = |at: f64| {
            let passed = self.sure().filter(|(_, confidence)| *confidence >= at);
            let none = Threshold { at, passed: 0, right: 0, by_another: 0 };
            passed.fold(none, |sum, (outcome, _)| Threshold {
                passed: sum.passed + 1,
                right: sum.right + usize::from(outcome.is_sorted_right()),
                by_another: sum.by_another + usize::from(outcome.is_by_another(true)),
                ..sum
            })
        };
        tried.into_iter().map(of).collect()
    }

    /// The outcomes whose intent can be held against the confidence: those that have come to an end.
    fn sure(&self) -> impl Iterator<Item = (&Outcome, f64)> {
        self.ended().filter_map(|outcome| Some((outcome, outcome.confidence?)))
    }

    /// The cases that another model has sorted than the wanted one, and those that another has answered.
    pub(crate) fn by_another(&self) -> (usize, usize) {
        let count = |triage| self.outcomes.iter().filter(|it| it.is_by_another(triage)).count();
        (count(true), count(false))
    }

    /// How many cases each model has served, by the step.
    pub(crate) fn served(&self) -> BTreeMap<&Served, usize> {
        let mut served = BTreeMap::new();
        for it in self.outcomes.iter().flat_map(|outcome| &outcome.served) {
            *served.entry(it).or_default() += 1;
        }
        served
    }

    /// What all cost whose price is known.
    pub(crate) fn cost_usd(&self) -> f64 {
        self.outcomes.iter().filter_map(|outcome| outcome.cost_usd).sum()
    }

    /// Cases whose price is not known.
    pub(crate) fn unpriced(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.cost_usd.is_none()).count()
    }

    /// Milliseconds of calls of models that `part` of the cases stayed below, from 0 to 1.
    pub(crate) fn latency(&self, part: f64) -> f64 {
        let mut times: Vec<f64> = self.outcomes.iter().map(|outcome| outcome.ms).collect();
        times.sort_by(f64::total_cmp);
        times.get(place(part, times.len())).copied().unwrap_or_default()
    }
}

fn bins(said: impl Iterator<Item = (f64, Verdict)>) -> [Bin; BINS] {
    let mut bins = [Bin::default(); BINS];
    for (confidence, verdict) in said {
        if let Some(bin) = bins.get_mut(bin_of(confidence)) {
            bin.count += 1;
            bin.right += usize::from(verdict == Verdict::Right);
            bin.refused += usize::from(verdict == Verdict::Refused);
            bin.confidences += confidence;
        }
    }
    bins
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list"
)]
fn place(part: f64, len: usize) -> usize {
    (len.saturating_sub(1) as f64 * part).round() as usize
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "one of ten parts"
)]
fn bin_of(confidence: f64) -> usize {
    // 0.7 * 10 is a little less than 7.
    ((confidence.clamp(0.0, 1.0) * BINS as f64 + 1e-9) as usize).min(BINS - 1)
}

#[expect(clippy::cast_precision_loss, reason = "a count of cases")]
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[expect(clippy::cast_precision_loss, reason = "a count of cases")]
fn ratio(sum: f64, count: usize) -> f64 {
    if count == 0 { 0.0 } else { sum / count as f64 }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::outcome::NONE;
    use super::*;

    pub(crate) fn outcome(expected: &str, got: &str, confidence: f64) -> Outcome {
        Outcome {
            case: format!("{expected} <as> {got}"),
            expected: expected.to_owned(),
            got: got.to_owned(),
            confidence: Some(confidence),
            faults: if expected == got {
                Vec::new()
            } else {
                vec![format!("expected {expected}, got {got}")]
            },
            answer: "Thanks.".to_owned(),
            cost_usd: Some(0.5),
            tokens: 100,
            ms: 10.0,
            ..Outcome::default()
        }
    }

    pub(crate) fn score() -> Score {
        let unfinished = Outcome { unfinished: Some("budget".to_owned()), ..outcome("bug", NONE, 0.0) };
        Score {
            outcomes: vec![
                outcome("bug", "bug", 0.95),
                outcome("bug", "question", 0.92),
                outcome("question", "question", 0.72),
                Outcome { confidence: None, cost_usd: None, ..unfinished },
            ],
            threshold: 0.75,
            live: [
                (Some(0.95), Verdict::Right),
                (Some(0.9), Verdict::Wrong),
                (Some(0.92), Verdict::Refused),
                (Some(0.6), Verdict::Right),
                (None, Verdict::Wrong),
            ]
            .map(|(confidence, verdict)| Lived { confidence, verdict })
            .to_vec(),
        }
    }

    #[test]
    fn what_did_not_end_is_neither_right_nor_wrong() {
        let mut score = score();
        let of_three = Some(2.0 / 3.0);
        assert_eq!((score.accuracy(), score.right(), score.finished()), (of_three, of_three, 3));
        assert_eq!(score.confusion()[&("bug", "question")], 1);
        assert_eq!(score.confusion().get(&("bug", NONE)), None);
        assert_eq!((score.cost_usd(), score.unpriced(), score.latency(0.5)), (1.5, 1, 10.0));
        score.outcomes.retain(|it| it.unfinished.is_some());
        assert_eq!((score.accuracy(), score.right(), score.finished()), (None, None, 0));
    }

    #[test]
    fn the_reliability_table_holds_confidence_against_truth() {
        let bins = score().calibration();
        assert_eq!((bins[9].count, bins[9].right, bins[9].accuracy()), (2, 1, 0.5));
        assert!((bins[9].confidence() - 0.935).abs() < 1e-9);
        assert_eq!(bins[7].accuracy(), 1.0);
        // (2 · |0.935 − 0.5| + 1 · |0.72 − 1|) / 3
        assert!((score().calibration_error() - (0.87 + 0.28) / 3.0).abs() < 1e-9);
        assert_eq!((bin_of(1.0), bin_of(0.0), bin_of(0.7), bin_of(0.8)), (9, 0, 7, 8));
    }

    #[test]
    fn a_case_that_did_not_end_says_nothing_of_how_reliable_the_confidence_is() {
        let ended = score();
        let mut score = score();
        let unjudged = Outcome { unfinished: Some("no judge".to_owned()), ..outcome("bug", "bug", 0.95) };
        score.outcomes.push(unjudged);
        assert_eq!(score.calibration(), ended.calibration());
        assert_eq!(score.thresholds(), ended.thresholds());
    }

    #[test]
    fn what_people_corrected_or_refused_is_not_right_in_the_reliability_of_what_was_live() {
        let bins = score().live_calibration();
        assert_eq!((bins[9].count, bins[9].right, bins[9].refused, bins[6].right), (3, 1, 1, 1));
        assert_eq!(score().live_spam(), (1, 0), "what was called spam has no confidence");
    }

    #[test]
    fn a_threshold_tells_what_it_lets_through_the_agents_own_too() {
        let thresholds = score().thresholds();
        let at = |at: f64| thresholds.iter().find(|it| it.at == at).map(|it| (it.passed, it.right)).unwrap();
        assert_eq!((at(0.7), at(0.75), at(0.8), at(0.95)), ((3, 2), (2, 1), (2, 1), (1, 1)));
    }

    #[test]
    fn nothing_has_no_score() {
        let none = Score { outcomes: Vec::new(), threshold: 0.8, live: Vec::new() };
        assert_eq!((none.accuracy(), none.calibration_error(), none.latency(0.95)), (None, 0.0, 0.0));
    }
}

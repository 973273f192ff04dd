//! [`Pair`]: a task then and now, and what is different.

use domain::{Served, parks_otherwise};
use serde::Serialize;

use super::side::Side;

/// A cost that is so many times the other is another one; less is how the words of an answer happened to fall.
const MUCH: f64 = 1.5;

/// What stands by a task whose answer tells nothing.
const ALONE: &str = "intent, confidence and parameters alone are compared";

/// A task then and now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Pair {
    pub(crate) task_id: String,
    pub(crate) before: Side,
    /// `None` where it could not be run again.
    pub(crate) after: Option<Side>,
    /// What is different: `intent`, `parameters`, `parking`, `answer`, `outcome`; `confidence`, if it is on the other side of
    /// the threshold; `cost`, if one is half as much again as the other.
    pub(crate) changed: Vec<&'static str>,
    /// What could not be as it was, or why it could not be run.
    pub(crate) note: Option<String>,
    /// Whether its answer of now read the documents of now, since they were asked for or those of then are not known.
    pub(crate) documents_of_now: bool,
}

impl Pair {
    /// The task `task_id`, `before` and `after`. `threshold` is the confidence below which an answer is not sure now.
    pub(crate) fn new(
        task_id: &str,
        before: Side,
        after: Option<Side>,
        note: Option<String>,
        threshold: f64,
    ) -> Self {
        let changed = after.as_ref().map(|after| changed(&before, after, threshold)).unwrap_or_default();
        let ended = after.as_ref().filter(|after| !after.unfinished);
        let unknown = ended.map(|after| [after.is_no_answer(), before.is_no_answer()]);
        let told = unknown.into_iter().flatten().flatten().map(|why| format!("{why}: {ALONE}"));
        let notes: Vec<String> = note.into_iter().chain(told).collect();
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        Self { task_id: task_id.to_owned(), before, after, changed, note, documents_of_now: false }
    }

    /// How it stands where nothing is different.
    pub(crate) fn standing(&self) -> &'static str {
        match &self.after {
            None => "not run",
            Some(after) if after.unfinished => "not ended",
            Some(_) if !self.is_whole() => "unchanged as far as is known",
            Some(_) => "unchanged",
        }
    }

    /// Whether both sides have come to an answer, or to none, of their own.
    fn is_whole(&self) -> bool {
        self.after.iter().chain([&self.before]).all(|side| side.is_no_answer().is_none())
    }

    /// Whether `what` is different.
    pub(crate) fn has_changed(&self, what: &str) -> bool {
        self.changed.contains(&what)
    }
}

fn changed(before: &Side, after: &Side, threshold: f64) -> Vec<&'static str> {
    if after.unfinished {
        return Vec::new();
    }
    let is_sure = |side: &Side| side.confidence.map(|sure| sure >= threshold);
    let costs = before.cost_usd.zip(after.cost_usd);
    let is_whole = before.is_no_answer().or(after.is_no_answer()).is_none();
    let parks = parks_otherwise(before.parked_because.as_deref(), after.parked_because.as_deref());
    let differences = [
        ("intent", before.intent != after.intent),
        ("parameters", before.parameters != after.parameters),
        ("parking", is_whole && parks),
        ("answer", is_whole && before.answer.trim() != after.answer.trim()),
        ("outcome", is_whole && before.unanswered.is_some() != after.unanswered.is_some()),
        ("confidence", is_sure(before).zip(is_sure(after)).is_some_and(|(was, is)| was != is)),
        ("cost", is_whole && costs.is_some_and(|(was, is)| is_much_another(was, is))),
    ];
    differences.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

fn is_much_another(was: f64, is: f64) -> bool {
    was.max(is) > 0.0 && was.max(is) >= was.min(is) * MUCH
}

/// All of them together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) tasks: usize,
    /// Those that could not be run again.
    pub(crate) not_run: usize,
    /// Those that did not come to an end, by the bound or a crash: nothing is told of them.
    pub(crate) unfinished: usize,
    /// Those of which intent, confidence and parameters alone are compared.
    pub(crate) without_answer: usize,
    pub(crate) intent: usize,
    /// Tasks that a person would be asked about and was not before.
    pub(crate) newly_parked: usize,
    /// The other way round.
    pub(crate) no_longer_parked: usize,
    pub(crate) answer: usize,
    /// Tasks that fail or are not answered, and were before.
    pub(crate) newly_unanswered: usize,
    /// Tasks whose confidence has come up to the threshold.
    pub(crate) newly_sure: usize,
    /// Tasks whose confidence has fallen below it.
    pub(crate) no_longer_sure: usize,
    /// Tasks that cost half as much again, or more.
    pub(crate) dearer: usize,
    /// The other way round.
    pub(crate) cheaper: usize,
    pub(crate) unchanged: usize,
    /// Tasks whose draft a person had edited; it is the agent's own that is compared.
    pub(crate) edited: usize,
    /// Answers of now that read the documents of now, and not those of then.
    pub(crate) documents_of_now: usize,
    /// Tasks that another model has sorted now than agent.toml wants.
    pub(crate) intents_by_another: usize,
    /// Tasks that another model has answered now.
    pub(crate) answers_by_another: usize,
    pub(crate) before: Sums,
    pub(crate) after: Sums,
}

/// What one side took, over the tasks that have both, and an answer on both.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Sums {
    pub(crate) tokens: u64,
    pub(crate) cost_usd: f64,
    /// Tasks whose price is not known.
    pub(crate) unpriced: usize,
    pub(crate) ms: u64,
}

impl Sums {
    fn add(&mut self, side: &Side) {
        self.tokens += side.tokens;
        self.cost_usd += side.cost_usd.unwrap_or_default();
        self.unpriced += usize::from(side.cost_usd.is_none() && side.tokens > 0);
        self.ms += side.ms;
    }
}

impl Summary {
    /// The sums of `pairs`.
    pub(crate) fn of(pairs: &[Pair]) -> Self {
        let mut sum = Self { tasks: pairs.len(), ..Self::default() };
        for pair in pairs {
            let Some(after) = &pair.after else {
                sum.not_run += 1;
                continue;
            };
            if after.unfinished {
                sum.unfinished += 1;
                continue;
            }
            if pair.is_whole() {
                sum.before.add(&pair.before);
                sum.after.add(after);
            }
            sum.without_answer += usize::from(!pair.is_whole());
            let parks = after.parked_because.is_some();
            sum.intent += usize::from(pair.has_changed("intent"));
            sum.newly_parked += usize::from(pair.has_changed("parking") && parks);
            sum.no_longer_parked += usize::from(pair.has_changed("parking") && !parks);
            sum.answer += usize::from(pair.has_changed("answer"));
            sum.newly_unanswered += usize::from(pair.has_changed("outcome") && after.unanswered.is_some());
            let (is_surer, is_dearer) =
                (after.confidence > pair.before.confidence, after.cost_usd > pair.before.cost_usd);
            sum.newly_sure += usize::from(pair.has_changed("confidence") && is_surer);
            sum.no_longer_sure += usize::from(pair.has_changed("confidence") && !is_surer);
            sum.dearer += usize::from(pair.has_changed("cost") && is_dearer);
            sum.cheaper += usize::from(pair.has_changed("cost") && !is_dearer);
            sum.unchanged += usize::from(pair.changed.is_empty() && pair.is_whole());
            sum.edited += usize::from(pair.before.edit.is_some());
            sum.documents_of_now += usize::from(pair.documents_of_now);
            sum.intents_by_another += usize::from(Served::by_another(&after.served, true));
            sum.answers_by_another += usize::from(Served::by_another(&after.served, false));
        }
        sum
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const THRESHOLD: f64 = 0.8;

    pub(crate) fn side(intent: &str, answer: &str) -> Side {
        Side {
            intent: intent.to_owned(),
            answer: answer.to_owned(),
            tokens: 10,
            cost_usd: Some(0.5),
            ms: 7,
            ..Side::default()
        }
    }

    #[test]
    fn what_is_different_is_named_and_summed() {
        let parked = Side { parked_because: Some("unsure".to_owned()), cost_usd: None, ..side("bug", "Hi.") };
        let failed = Side { unanswered: Some("broken".to_owned()), ..side("bug", "") };
        let pairs = [
            Pair::new("1", side("bug", "Hi."), Some(side("bug", "Hi.\n")), None, THRESHOLD),
            Pair::new("2", side("bug", "Hi."), Some(side("question", "Ho.")), None, THRESHOLD),
            Pair::new("3", side("bug", "Hi."), Some(parked.clone()), None, THRESHOLD),
            Pair::new("4", parked, Some(side("bug", "Hi.")), None, THRESHOLD),
            Pair::new("5", side("bug", "Hi."), Some(failed), None, THRESHOLD),
            Pair::new(
                "7",
                side("bug", "Hi."),
                Some(Side { unfinished: true, ..side("none", "") }),
                None,
                THRESHOLD,
            ),
            Pair::new("6", side("bug", "Hi."), None, Some("its body is forgotten".to_owned()), THRESHOLD),
        ];
        assert!([0, 5, 6].iter().all(|at: &usize| pairs[*at].changed.is_empty()));
        assert_eq!(pairs[1].changed, ["intent", "answer"]);
        let edited = Side { edit: Some("A person's.".to_owned()), from: None, ..side("bug", "Hi.") };
        let edited = [Pair::new("8", edited, Some(side("bug", "Hi.")), None, THRESHOLD)];
        assert_eq!(edited[0].changed, Vec::<&str>::new(), "what the agent wrote is compared");
        assert_eq!((Summary::of(&edited).edited, Summary::of(&edited).unchanged), (1, 1));
        let sum = Summary::of(&pairs);
        assert_eq!((sum.tasks, sum.not_run, sum.intent, sum.answer, sum.unchanged), (7, 1, 1, 2, 1));
        assert_eq!(sum.unfinished, 1);
        assert_eq!((sum.newly_parked, sum.no_longer_parked, sum.newly_unanswered), (1, 1, 1));
        assert_eq!((sum.before.tokens, sum.before.cost_usd, sum.before.unpriced), (50, 2.0, 1));
    }

    #[test]
    fn of_a_task_that_stopped_before_a_service_its_sorting_alone_is_compared() {
        let stopped = |intent: &str| Side {
            unread: Some("stopped before Stripe could be read".to_owned()),
            cost_usd: Some(0.1),
            ..side(intent, "")
        };
        let parked = Side {
            parked_because: Some("the automation asks: refund".to_owned()),
            ..side("refund", "Refund?")
        };
        let failed = Side { unanswered: Some("it is disputed".to_owned()), ..side("refund", "") };
        let pairs = [
            Pair::new("1", parked.clone(), Some(stopped("refund")), None, THRESHOLD),
            Pair::new("2", failed, Some(stopped("refund")), None, THRESHOLD),
            Pair::new("3", parked, Some(stopped("bug")), Some("a note".to_owned()), THRESHOLD),
        ];
        assert!(pairs[0].changed.is_empty() && pairs[1].changed.is_empty(), "{pairs:?}");
        assert_eq!(pairs[0].standing(), "unchanged as far as is known");
        assert_eq!(pairs[2].changed, ["intent"]);
        let note = "a note; stopped before Stripe could be read: intent, confidence and parameters alone are compared";
        assert_eq!(pairs[2].note.as_deref(), Some(note));
        let sum = Summary::of(&pairs);
        assert_eq!((sum.without_answer, sum.unchanged, sum.no_longer_parked, sum.intent), (3, 0, 0, 1));
        assert_eq!((sum.before, sum.after), (Sums::default(), Sums::default()));
    }

    #[test]
    fn what_the_hour_had_a_draft_wait_for_is_no_change_of_the_agent() {
        let waits = |because: String| Side { parked_because: Some(because), ..side("bug", "Hi.") };
        let unsure = || waits("confidence 0.50 is below 0.80".to_owned());
        let limit = || waits(domain::over_the_limit(5));
        let no_model = || waits(format!("it is a fallback answer: {}", domain::NO_MODEL));
        for (before, after, changed) in [
            (limit(), side("bug", "Hi."), &[][..]),
            (limit(), unsure(), &[]),
            (limit(), side("bug", "Ho."), &["answer"]),
            (no_model(), side("bug", "Ho."), &[]),
            (waits(domain::in_doubt("reply")), side("bug", "Ho."), &[]),
            (unsure(), side("bug", "Hi."), &["parking"]),
        ] {
            let pair = Pair::new("1", before, Some(after), None, THRESHOLD);
            assert_eq!(pair.changed, changed, "{pair:?}");
        }
    }

    #[test]
    fn a_confidence_that_crosses_the_threshold_and_another_cost_are_changes() {
        let of = |sure: f64, cost: f64| Side {
            confidence: Some(sure),
            cost_usd: Some(cost),
            ..side("bug", "Hi.")
        };
        for (was, is, changed) in [
            (of(0.79, 1.0), of(0.8, 1.0), &["confidence"][..]),
            (of(0.95, 1.0), of(0.5, 1.0), &["confidence"]),
            (of(0.95, 1.0), of(0.81, 1.4), &[]),
            (of(0.9, 1.0), of(0.9, 1.5), &["cost"]),
            (of(0.9, 0.9), of(0.9, 0.3), &["cost"]),
            (of(0.9, 0.0), of(0.9, 0.0), &[]),
            (of(0.9, 0.0), of(0.9, 0.1), &["cost"]),
            (Side { confidence: None, cost_usd: None, ..of(0.0, 0.0) }, of(0.9, 1.0), &[]),
        ] {
            let pair = Pair::new("1", was, Some(is), None, THRESHOLD);
            assert_eq!(pair.changed, changed, "{pair:?}");
        }
        let pairs = [
            Pair::new("1", of(0.7, 1.0), Some(of(0.9, 2.0)), None, THRESHOLD),
            Pair::new("2", of(0.9, 1.0), Some(of(0.7, 0.5)), None, THRESHOLD),
        ];
        let sum = Summary::of(&pairs);
        assert_eq!((sum.newly_sure, sum.no_longer_sure, sum.dearer, sum.cheaper), (1, 1, 1, 1));
        assert_eq!(sum.unchanged, 0);
    }
}

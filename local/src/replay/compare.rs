//! [`Pair`]: a task then and now, and what is different.

use domain::Served;
use serde::Serialize;

use super::side::Side;

/// A task then and now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Pair {
    pub(crate) task_id: String,
    pub(crate) before: Side,
    /// `None` where it could not be run again.
    pub(crate) after: Option<Side>,
    /// What is different: `intent`, `parameters`, `parking`, `answer`, `outcome`.
    pub(crate) changed: Vec<&'static str>,
    /// What could not be as it was, or why it could not be run.
    pub(crate) note: Option<String>,
}

impl Pair {
    /// The task `task_id`, `before` and `after`.
    pub(crate) fn new(task_id: &str, before: Side, after: Option<Side>, note: Option<String>) -> Self {
        let changed = after.as_ref().map(|after| changed(&before, after)).unwrap_or_default();
        Self { task_id: task_id.to_owned(), before, after, changed, note }
    }

    /// How it stands where nothing is different.
    pub(crate) fn standing(&self) -> &'static str {
        match &self.after {
            None => "not run",
            Some(after) if after.unfinished => "not ended",
            Some(_) => "unchanged",
        }
    }

    /// Whether `what` is different.
    pub(crate) fn has_changed(&self, what: &str) -> bool {
        self.changed.contains(&what)
    }
}

fn changed(before: &Side, after: &Side) -> Vec<&'static str> {
    if after.unfinished {
        return Vec::new();
    }
    let differences = [
        ("intent", before.intent != after.intent),
        ("parameters", before.parameters != after.parameters),
        ("parking", before.parked_because.is_some() != after.parked_because.is_some()),
        ("answer", before.answer.trim() != after.answer.trim()),
        ("outcome", before.unanswered.is_some() != after.unanswered.is_some()),
    ];
    differences.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what).collect()
}

/// All of them together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) tasks: usize,
    /// Those that could not be run again.
    pub(crate) not_run: usize,
    /// Those that did not come to an end, by the bound or a crash: nothing is told of them.
    pub(crate) unfinished: usize,
    pub(crate) intent: usize,
    /// Tasks that a person would be asked about and was not before.
    pub(crate) newly_parked: usize,
    /// The other way round.
    pub(crate) no_longer_parked: usize,
    pub(crate) answer: usize,
    /// Tasks that fail or are not answered, and were before.
    pub(crate) newly_unanswered: usize,
    pub(crate) unchanged: usize,
    /// Tasks whose draft a person had edited; it is the agent's own that is compared.
    pub(crate) edited: usize,
    /// Tasks that another model has sorted now than agent.toml wants.
    pub(crate) intents_by_another: usize,
    /// Tasks that another model has answered now.
    pub(crate) answers_by_another: usize,
    pub(crate) before: Sums,
    pub(crate) after: Sums,
}

/// What one side took, over the tasks that have both.
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
            sum.before.add(&pair.before);
            sum.after.add(after);
            let parks = after.parked_because.is_some();
            sum.intent += usize::from(pair.has_changed("intent"));
            sum.newly_parked += usize::from(pair.has_changed("parking") && parks);
            sum.no_longer_parked += usize::from(pair.has_changed("parking") && !parks);
            sum.answer += usize::from(pair.has_changed("answer"));
            sum.newly_unanswered += usize::from(pair.has_changed("outcome") && after.unanswered.is_some());
            sum.unchanged += usize::from(pair.changed.is_empty());
            sum.edited += usize::from(pair.before.edit.is_some());
            sum.intents_by_another += usize::from(Served::by_another(&after.served, true));
            sum.answers_by_another += usize::from(Served::by_another(&after.served, false));
        }
        sum
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

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
            Pair::new("1", side("bug", "Hi."), Some(side("bug", "Hi.\n")), None),
            Pair::new("2", side("bug", "Hi."), Some(side("question", "Ho.")), None),
            Pair::new("3", side("bug", "Hi."), Some(parked.clone()), None),
            Pair::new("4", parked, Some(side("bug", "Hi.")), None),
            Pair::new("5", side("bug", "Hi."), Some(failed), None),
            Pair::new("7", side("bug", "Hi."), Some(Side { unfinished: true, ..side("none", "") }), None),
            Pair::new("6", side("bug", "Hi."), None, Some("its body is forgotten".to_owned())),
        ];
        assert!([0, 5, 6].iter().all(|at: &usize| pairs[*at].changed.is_empty()));
        assert_eq!(pairs[1].changed, ["intent", "answer"]);
        let edited = Side { edit: Some("A person's.".to_owned()), from: None, ..side("bug", "Hi.") };
        let edited = [Pair::new("8", edited, Some(side("bug", "Hi.")), None)];
        assert_eq!(edited[0].changed, Vec::<&str>::new(), "what the agent wrote is compared");
        assert_eq!((Summary::of(&edited).edited, Summary::of(&edited).unchanged), (1, 1));
        let sum = Summary::of(&pairs);
        assert_eq!((sum.tasks, sum.not_run, sum.intent, sum.answer, sum.unchanged), (7, 1, 1, 2, 1));
        assert_eq!(sum.unfinished, 1);
        assert_eq!((sum.newly_parked, sum.no_longer_parked, sum.newly_unanswered), (1, 1, 1));
        assert_eq!((sum.before.tokens, sum.before.cost_usd, sum.before.unpriced), (50, 2.0, 1));
    }
}

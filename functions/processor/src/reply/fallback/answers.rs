//! The answers that were published for one tenant and intent, as the state store keeps them.

use std::time::Duration;

use domain::{Expected, StateStore, StoreError, Swap, Timestamp, after, between};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::sketch::Sketch;

/// Answers that are kept: the newest.
const MAX_ANSWERS: usize = 20;
/// Bytes of an answer that is kept. A longer one is not: cut off, it would be no answer.
const MAX_ANSWER_BYTES: usize = 4 * 1024;
/// Bytes of all of them, as JSON: what a write costs, a unit of DynamoDB's each KiB.
const MAX_TOTAL_BYTES: usize = 16 * 1024;
/// Between an answer that is kept and the next one. A busy tenant's answers lie at one key, which takes about 1,000 units
/// a second: those of one minute may stand for each other.
const APART: Duration = Duration::from_secs(60);
/// How long an answer may stand in for another.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How alike two questions must be.
const THRESHOLD: f64 = 0.9;
/// Tries to add an answer while others add theirs.
const TRIES: usize = 4;

/// A published answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Past {
    /// The task that it answered; a task has one.
    pub(super) task: String,
    /// When it was published.
    pub(super) at: Timestamp,
    /// The answer.
    pub(super) text: String,
    /// What the question was about.
    pub(super) sketch: Sketch,
}

/// The newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answers(Vec<Past>);

impl Answers {
    /// Those in `value` that are young enough; what cannot be read is left out.
    fn read(value: &Value, now: Timestamp) -> Self {
        let all = value["answers"].as_array().into_iter().flatten();
        let read = all.filter_map(|one| Past::deserialize(one).ok());
        Self(read.filter(|past| between(past.at, now) < KEPT).take(MAX_ANSWERS).collect())
    }

    /// With `past` in front, within all bounds.
    fn add(&mut self, past: Past) {
        self.0.retain(|known| known.task != past.task);
        self.0.insert(0, past);
        self.0.truncate(MAX_ANSWERS);
        while self.0.len() > 1 && self.bytes() > MAX_TOTAL_BYTES {
            self.0.pop();
        }
    }

    fn bytes(&self) -> usize {
        self.value().to_string().len()
    }

    fn value(&self) -> Value {
        json!({"answers": self.0})
    }

    /// The answer to the question most like `question`, and how alike they are; the newest of equals.
    pub(super) fn most_similar(&self, question: &Sketch) -> Option<(Past, f64)> {
        let similar = self.0.iter().rev().map(|past| (past, past.sketch.similarity(question)));
        let (past, similarity) = similar
            .filter(|(_, similarity)| *similarity >= THRESHOLD)
            .max_by(|(_, one), (_, two)| one.total_cmp(two))?;
        Some((past.clone(), similarity))
    }
}

/// The answers at `key`.
pub(super) async fn load(state: &dyn StateStore, key: &str, now: Timestamp) -> Result<Answers, StoreError> {
    let found = state.get(key, now).await?;
    Ok(found.map(|found| Answers::read(&found.value, now)).unwrap_or_default())
}

/// Adds `past` to the answers at `key`; `false` when it is too long to be kept, one of the last minute is kept, or others
/// were quicker again and again. Asked twice, it is there once.
pub(super) async fn add(
    state: &dyn StateStore,
    key: &str,
    past: Past,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let alone = Answers(vec![past.clone()]);
    if past.text.len() > MAX_ANSWER_BYTES || alone.bytes() > MAX_TOTAL_BYTES {
        return Ok(false);
    }
    let mut present = state.get(key, now).await?;
    for _ in 0..TRIES {
        let (expected, mut answers) = match &present {
            Some(found) => (Expected::Version(found.version), Answers::read(&found.value, now)),
            None => (Expected::Absent, Answers::default()),
        };
        if answers.0.first().is_some_and(|newest| between(newest.at, past.at) < APART) {
            return Ok(false);
        }
        answers.add(past.clone());
        match state.swap(key, expected, &answers.value(), now, after(now, KEPT)).await? {
            Swap::Done(_) => return Ok(true),
            Swap::Conflict(newer) => present = newer,
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Clock;
    use embedded::Embedded;
    use futures::future::join_all;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn past(task: &str, question: &str, text: &str) -> Past {
        Past { task: task.to_owned(), at: at(0), text: text.to_owned(), sketch: Sketch::of(question) }
    }

    fn store() -> domain::Stores {
        Embedded::in_memory(Clock::fixed(at(0))).unwrap().stores()
    }

    #[test]
    fn most_similar_wins_and_the_newest_of_equals() {
        let mut answers = Answers::default();
        for (task, question) in
            [("1", "how do I set the limit"), ("2", "how do I set the limit"), ("3", "it crashes")]
        {
            answers.add(past(task, question, task));
        }
        let found = answers.most_similar(&Sketch::of("How do I set the limit?")).unwrap();
        assert_eq!((found.0.task.as_str(), found.1 > 0.99), ("2", true));
        assert!(answers.most_similar(&Sketch::of("please refund my last order")).is_none());
    }

    #[test]
    fn answers_are_bounded_in_number_and_bytes() {
        let mut answers = Answers::default();
        let long: String = (0..500).map(|n| format!("w{n} ")).collect();
        for n in 0..50 {
            answers.add(past(&n.to_string(), "q", "a"));
        }
        assert_eq!((answers.0.len(), answers.0[0].task.as_str()), (MAX_ANSWERS, "49"));
        for n in 0..50 {
            answers.add(past(&n.to_string(), &long, &"x".repeat(MAX_ANSWER_BYTES)));
        }
        assert!(answers.bytes() <= MAX_TOTAL_BYTES);
        assert_eq!((answers.0.len(), answers.0[0].task.as_str()), (2, "49"));
    }

    #[tokio::test]
    async fn answers_are_forgotten_after_thirty_days() {
        let stores = store();
        let state = stores.state.as_ref();
        assert!(add(state, "k", past("1", "q", "a"), at(0)).await.unwrap());
        assert_eq!(load(state, "k", at(30 * 86_400 - 1)).await.unwrap().0.len(), 1);
        let later = Past { at: at(20 * 86_400), ..past("2", "q", "b") };
        assert!(add(state, "k", later, at(20 * 86_400)).await.unwrap());
        let left = load(state, "k", at(30 * 86_400)).await.unwrap().0;
        assert_eq!(left.iter().map(|past| past.task.as_str()).collect::<Vec<_>>(), ["2"]);
        assert_eq!(load(state, "k", at(50 * 86_400)).await.unwrap(), Answers::default());
    }

    #[tokio::test]
    async fn one_task_has_one_answer_and_none_that_is_too_long() {
        let stores = store();
        let state = stores.state.as_ref();
        assert!(add(state, "k", past("1", "q", "a"), at(0)).await.unwrap());
        let later = |task, text: &str| Past { at: at(60), ..past(task, "q", text) };
        assert!(add(state, "k", later("1", "b"), at(60)).await.unwrap());
        let (long, longer_as_json) = ("x".repeat(MAX_ANSWER_BYTES + 1), "\u{1}".repeat(MAX_ANSWER_BYTES));
        assert!(!add(state, "k", later("2", &long), at(120)).await.unwrap());
        assert!(!add(state, "k", later("2", &longer_as_json), at(120)).await.unwrap());
        let kept = load(state, "k", at(0)).await.unwrap().0;
        assert_eq!(kept.iter().map(|past| past.text.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    /// Twenty answers a second of one tenant, for five minutes: the key is written once a minute.
    #[tokio::test]
    async fn a_busy_tenant_writes_its_answers_once_a_minute() {
        let stores = store();
        let state = stores.state.as_ref();
        let mut writes = 0;
        for second in 0..300 {
            let answers =
                (0..20).map(|n| Past { at: at(second), ..past(&format!("{second}-{n}"), "q", "a") });
            let added = join_all(answers.map(|past| add(state, "k", past, at(second)))).await;
            writes += added.into_iter().filter(|added| *added.as_ref().unwrap()).count();
        }
        assert_eq!(writes, 5);
        let kept = load(state, "k", at(300)).await.unwrap().0;
        let apart = kept.windows(2).all(|pair| between(pair[1].at, pair[0].at) == APART);
        assert!(kept.len() == 5 && apart, "{kept:?}");
    }

    /// It was read before the other one wrote: the write is tried again on what is there now.
    #[tokio::test]
    async fn what_another_processor_adds_meanwhile_is_kept() {
        let stores = store();
        let state = stores.state.as_ref();
        let add_one = |task: &'static str, second| {
            add(state, "k", Past { at: at(second), ..past(task, "q", "a") }, at(second))
        };
        let (one, two, three) = futures::join!(add_one("1", 0), add_one("2", 60), add_one("3", 120));
        assert!(one.unwrap() && two.unwrap() && three.unwrap());
        assert_eq!(load(state, "k", at(120)).await.unwrap().0.len(), 3);
    }

    #[tokio::test]
    async fn foreign_values_are_read_as_nothing() {
        let stores = store();
        let state = stores.state.as_ref();
        let odd = json!({"answers": [7, {"task": 1}, {"task": "t", "at": "never"}]});
        let swapped = state.swap("k", Expected::Absent, &odd, at(0), at(99)).await.unwrap();
        assert!(matches!(swapped, Swap::Done(_)));
        assert!(add(state, "k", past("1", "q", "a"), at(0)).await.unwrap());
        assert_eq!(load(state, "k", at(0)).await.unwrap().0.len(), 1);
    }
}

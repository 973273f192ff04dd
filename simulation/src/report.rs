//! What a long run is remembered by: the block that stands in ARCHITECTURE.md.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use crate::Summary;
use crate::world::Mishap;

/// The words of the promise, and the invariants that each stands for. All others count as `otherwise broken`.
const PROMISE: [(&str, &[&str]); 4] = [
    (
        "lost",
        &[
            "every task ends and says why",
            "a 2xx means stored and enqueued",
            "every end is told to its receiver",
        ],
    ),
    (
        "doubled",
        &[
            "a completed task has one publication, every other one none",
            "one happening is one task",
            "no saved step is paid twice",
        ],
    ),
    (
        "unseen",
        &[
            "nothing is published that the gate did not let through",
            "nothing is published after a rejection or an expiry",
            "every text of a superseded task was seen by a model",
        ],
    ),
    (
        "over budget",
        &["no budget is exceeded", "no call costs more than was set aside for it", "nothing is spent twice"],
    ),
];

/// A long run.
#[derive(Debug)]
pub struct LongRun {
    /// The day on which it ended, UTC.
    pub date: String,
    /// The seeds that were run.
    pub seeds: Range<u64>,
    /// What came of them.
    pub summary: Summary,
    /// How long it took.
    pub took: Duration,
    /// On so many threads.
    pub threads: usize,
}

impl LongRun {
    /// Runs in which an invariant of `names` was broken.
    fn broken(&self, names: &[&str]) -> u64 {
        let broken = self.summary.unknown.iter().filter(|(name, _)| names.contains(name));
        broken.map(|(_, (_, runs))| runs).sum()
    }

    fn injected(&self, mishap: Mishap) -> u64 {
        let of_kind = self.summary.injected.iter().filter(|((_, kind), _)| *kind == mishap);
        of_kind.map(|(_, count)| count).sum()
    }
}

impl fmt::Display for LongRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, seeds, summary, took, threads } = self;
        let minutes = took.as_secs_f64() / 60.0;
        let a_second = summary.tasks as f64 / took.as_secs_f64().max(f64::EPSILON);
        writeln!(
            f,
            "{date}: seeds {} to {}, {minutes:.1} minutes on {threads} threads",
            seeds.start, seeds.end
        )?;
        writeln!(f, "{} lifecycles of tasks, {a_second:.0} a second", summary.tasks)?;
        writeln!(f, "{} deaths of processes", summary.killed)?;
        let faults: Vec<String> =
            Mishap::ALL.iter().map(|mishap| format!("{mishap:?} {}", self.injected(*mishap))).collect();
        writeln!(f, "faults: {}", faults.join(", "))?;
        let promise: Vec<String> =
            PROMISE.iter().map(|(word, names)| format!("{word} {}", self.broken(names))).collect();
        let named: u64 = PROMISE.iter().map(|(_, names)| self.broken(names)).sum();
        let all: u64 = summary.unknown.values().map(|(_, runs)| runs).sum();
        writeln!(f, "runs with something {}, otherwise broken {}", promise.join(", "), all - named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_told_by_the_words_of_the_promise() {
        let mut summary = Summary { seeds: 8, tasks: 60, killed: 7, ..Summary::default() };
        summary.injected.insert((crate::world::Port::Tasks, Mishap::Twice), 3);
        summary.injected.insert((crate::world::Port::Queue, Mishap::Twice), 2);
        summary.unknown.insert("no budget is exceeded", (3, 2));
        summary.unknown.insert("nothing is left behind", (4, 1));
        let took = Duration::from_secs(60);
        let run = LongRun { date: "2026-11-29".to_owned(), seeds: 10..18, summary, took, threads: 2 };
        let told = run.to_string();
        assert!(
            told.contains("seeds 10 to 18, 1.0 minutes on 2 threads\n60 lifecycles of tasks, 1 a second"),
            "{told}"
        );
        assert!(told.contains("Twice 5"), "{told}");
        assert!(told.contains("lost 0, doubled 0, unseen 0, over budget 2, otherwise broken 1"), "{told}");
    }
}

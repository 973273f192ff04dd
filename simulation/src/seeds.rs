//! Many seeds, on all cores.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::known_holes;
use crate::run::{Options, Outcome, run};
use crate::world::{Injected, Mishap, Port, lock};

/// What came of many runs.
#[derive(Debug, Default)]
pub struct Summary {
    /// Runs.
    pub seeds: u64,
    /// Tasks that lived in them.
    pub tasks: u64,
    /// Environments that died in them.
    pub killed: u64,
    /// What went wrong how often.
    pub injected: Injected,
    /// The first seed of each known hole that was met with, and in how many runs it was.
    pub known: BTreeMap<&'static str, (u64, u64)>,
    /// Likewise of each invariant that does not hold for another reason.
    pub unknown: BTreeMap<&'static str, (u64, u64)>,
    /// The first run in which something does not hold that is no known hole.
    pub failed: Option<Outcome>,
}

impl Summary {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.tasks += outcome.tasks as u64;
        self.killed += outcome.killed as u64;
        for (what, count) in &outcome.injected {
            *self.injected.entry(*what).or_default() += count;
        }
        count(&mut self.known, outcome.seed, outcome.known().map(|hole| hole.name));
        count(&mut self.unknown, outcome.seed, outcome.unknown().map(|violation| violation.invariant));
        let is_first = self.failed.as_ref().is_none_or(|failed| outcome.seed < failed.seed);
        if is_first && outcome.unknown().next().is_some() {
            self.failed = Some(outcome);
        }
    }
}

impl Summary {
    /// Takes in what came of other runs, of higher seeds.
    pub fn merge(&mut self, later: Self) {
        self.seeds += later.seeds;
        self.tasks += later.tasks;
        self.killed += later.killed;
        for (what, count) in later.injected {
            *self.injected.entry(what).or_default() += count;
        }
        for (all, new) in [(&mut self.known, later.known), (&mut self.unknown, later.unknown)] {
            for (name, (first, runs)) in new {
                all.entry(name).or_insert((first, 0)).1 += runs;
            }
        }
        self.failed = self.failed.take().or(later.failed);
    }
}

/// Counts a run in which `names` were met with.
fn count(
    runs: &mut BTreeMap<&'static str, (u64, u64)>,
    seed: u64,
    names: impl Iterator<Item = &'static str>,
) {
    for name in names.collect::<BTreeSet<_>>() {
        let (first, count) = runs.entry(name).or_insert((seed, 0));
        (*first, *count) = ((*first).min(seed), *count + 1);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.injected.values().sum();
        writeln!(f, "{} runs, {} tasks, {faults} faults, {} deaths", self.seeds, self.tasks, self.killed)?;
        write!(f, "  {:<12}", "faults")?;
        for port in Port::ALL {
            write!(f, "{:>10}", format!("{port:?}"))?;
        }
        writeln!(f)?;
        for mishap in Mishap::ALL {
            write!(f, "  {:<12}", format!("{mishap:?}"))?;
            for port in Port::ALL {
                write!(f, "{:>10}", self.injected.get(&(port, mishap)).copied().unwrap_or_default())?;
            }
            writeln!(f)?;
        }
        for hole in known_holes::ALL {
            match self.known.get(hole.name) {
                Some((first, runs)) => {
                    writeln!(f, "  known: {} in {runs} runs, first in seed {first}", hole.name)?;
                }
                None => writeln!(f, "  known: {} in no run", hole.name)?,
            }
        }
        for (invariant, (first, runs)) in &self.unknown {
            writeln!(f, "  broken: {invariant}: in {runs} runs, first in seed {first}")?;
        }
        match &self.failed {
            Some(failed) => write!(f, "{failed}"),
            None => writeln!(f, "no other invariant was broken"),
        }
    }
}

/// Runs `seeds` on `threads` threads. Stops early once one fails, unless `all` are wanted.
#[must_use]
pub fn run_seeds(seeds: Range<u64>, threads: usize, options: Options, all: bool) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let (stop, summary) = (AtomicBool::new(false), Mutex::new(Summary::default()));
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let outcome = run(&options.scenario(seed), options);
                    let failed = outcome.unknown().next().is_some();
                    lock(&summary).add(outcome);
                    if failed && !all {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    summary.into_inner().unwrap_or_default()
}

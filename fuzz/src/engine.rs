//! The engine: draws inputs, and stops at the first that a target does not stand.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::Target;
use crate::busy::busy;
use crate::mutate::Soup;

/// No input of these sizes may take longer, also where nothing is optimised: whoever sends it would keep others
/// waiting.
const MAX_TIME: Duration = Duration::from_secs(3);

/// How long a target is attacked.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The time, at the least one input.
    pub time: Duration,
    /// What the inputs are drawn by.
    pub seed: u64,
}

/// What was found out about a target.
#[derive(Debug)]
pub struct Report {
    /// Inputs that were read.
    pub executions: u64,
    /// The longest time that one took.
    pub longest: Duration,
    /// The input that broke it.
    pub finding: Option<Finding>,
}

/// An input that a target does not stand.
#[derive(Debug)]
pub struct Finding {
    /// The bytes.
    pub input: Vec<u8>,
    /// What happened.
    pub what: String,
}

thread_local! {
    /// Whether this thread reads an input at present.
    static READS: Cell<bool> = const { Cell::new(false) };
    /// What its last panic said.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on, a panic while an input is read is kept and not printed.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ordinary = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if READS.get() {
                PANIC.with(|said| *said.borrow_mut() = Some(info.to_string()));
            } else {
                ordinary(info);
            }
        }));
    });
}

/// Attacks `target`: first with its inputs as they are.
#[must_use]
pub fn run(target: &Target, budget: Budget) -> Report {
    let seeds = target.inputs();
    let soup = Soup { seeds: &seeds, words: target.words };
    let mut random = Rng::with_seed(budget.seed);
    let mut report = Report { executions: 0, longest: Duration::ZERO, finding: None };
    keep_panics();
    let began = Instant::now();
    let mut drawn = seeds.iter().cloned();
    loop {
        let input = drawn.next().unwrap_or_else(|| soup.draw(&mut random));
        let (what, took) = read(target, &input);
        report.executions += 1;
        report.longest = report.longest.max(took);
        if let Some(what) = what {
            report.finding = Some(Finding { input, what });
            break;
        }
        if began.elapsed() >= budget.time {
            break;
        }
    }
    report
}

/// What is wrong with how `target` read `input`, and how long it took.
fn read(target: &Target, input: &[u8]) -> (Option<String>, Duration) {
    let began = Instant::now();
    if let Some(what) = panic_at(target, input) {
        return (Some(what), began.elapsed());
    }
    let took = began.elapsed();
    if took <= MAX_TIME {
        return (None, took);
    }
    // The machine may have done something else meanwhile.
    let began = busy();
    let what = panic_at(target, input);
    let took = busy().saturating_sub(began);
    (what.or_else(|| (took > MAX_TIME).then(|| format!("it took {took:?}"))), took)
}

/// What `target` panics with at `input`.
fn panic_at(target: &Target, input: &[u8]) -> Option<String> {
    READS.set(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    READS.set(false);
    let said = || PANIC.with(|said| said.borrow_mut().take()).unwrap_or_else(|| "it panicked".to_owned());
    outcome.err().map(|_| said())
}

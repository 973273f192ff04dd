//! What a thousand GitHub issues cost at list prices, with each saving switched on in turn.
//!
//! The real processor works against the stand-in, which counts tokens and bills caches by the hour;
//! the clock jumps from burst to burst. The persona, the answers and the arrivals are fixed here, the
//! issues are in `cost/issues.json`. Sizes are in the stand-in's tokens, of four characters.

mod bill;
mod course;
mod issues;

use std::fs;
use std::time::Duration;

use settings::Settings;
use tokio::runtime::Builder;

use crate::report::Table;
use crate::seen::percent;
use crate::{Outcome, agent};
use course::Observed;

const ISSUES: u64 = 1_000;
const PERSONA_TOKENS: usize = 5_000;
const ANSWER_TOKENS: [usize; 2] = [300, 1_200];
/// Ten issues an hour, some of them in bursts, as after a release.
const BURSTS: [u64; 4] = [1, 2, 1, 6];
const BURST_EVERY: Duration = Duration::from_secs(15 * 60);

const CHEAPER_INPUT: f64 = 0.6;
const FEWER_CALLS: f64 = 0.3;

/// One more saving than the step before it.
struct Step {
    name: &'static str,
    /// Its agent.toml, in `agent/cost`.
    agent: &'static str,
    /// Whether the service offers context caches.
    caches: bool,
    /// Messages of one batch. One by one, nothing is asked together, and nothing is shared.
    at_once: usize,
}

const STEPS: [Step; 5] = [
    Step { name: "pro for everything", agent: "pro.toml", caches: false, at_once: 1 },
    Step { name: "triage on the light model", agent: "light.toml", caches: false, at_once: 1 },
    Step { name: "+ context cache", agent: "light.toml", caches: true, at_once: 1 },
    Step { name: "+ coalescing and micro-batches", agent: "together.toml", caches: true, at_once: 20 },
    Step { name: "the same by flex, without caches", agent: "flex.toml", caches: true, at_once: 20 },
];

pub(crate) fn run() -> Outcome<Vec<Table>> {
    ANSWER_TOKENS.into_iter().map(measure).collect()
}

fn measure(answer: usize) -> Outcome<Table> {
    let mut table = Table::new(format!(
        "cost of {ISSUES} issues, 10 an hour: persona {PERSONA_TOKENS} tokens, answers {answer}, prices of {}",
        prices::PRICES_AS_OF
    ));
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut observed = Vec::new();
    for step in &STEPS {
        let settings = settings(step)?;
        observed.push(runtime.block_on(course::run(&settings, step, answer))?);
    }
    for (step, observed) in STEPS.iter().zip(&observed) {
        row(&mut table, step, observed);
    }
    if let [_, inline, cached, together, _] = observed.as_slice() {
        compare(&mut table, inline, cached, together);
    }
    Ok(table)
}

/// The step's agent.toml beside a persona of the size that is wanted.
fn settings(step: &Step) -> Outcome<Settings> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("agent.toml");
    fs::copy(agent::of("cost").join(step.agent), &path)?;
    let rule = "You look after tidepool, a program that predicts tides. Be kind, be brief, and be right. ";
    let persona: String = rule.chars().cycle().take(4 * PERSONA_TOKENS).collect();
    // A full stop at the end: blanks there would be trimmed.
    fs::write(dir.path().join("persona.md"), format!("{}.", &persona[..persona.len() - 1]))?;
    agent::load(&path)
}

fn row(table: &mut Table, step: &Step, observed: &Observed) {
    let Observed { bill, own_account, completed, triage_calls, answer_calls } = observed;
    table.figure(step.name, dollars(bill.total()));
    let input = format!("{} + {}", dollars(bill.prompts), dollars(bill.caches));
    table.figure("  input: prompts + caches", input);
    table.figure("  output", dollars(bill.output));
    table.figure("  calls: triage + answer", format!("{triage_calls} + {answer_calls}"));
    table.figure("  the tasks' own account", dollars(*own_account));
    if *completed as u64 != ISSUES {
        table.all_of("  completed", *completed, ISSUES as usize);
    }
}

fn compare(table: &mut Table, inline: &Observed, cached: &Observed, together: &Observed) {
    let less = 1.0 - cached.bill.input() / inline.bill.input();
    let row = "input with the cache, caches counted in, less by";
    table.target(row, percent(less), "≥ 60 %", less >= CHEAPER_INPUT);
    #[expect(clippy::cast_precision_loss)]
    let fewer = 1.0 - together.triage_calls as f64 / cached.triage_calls as f64;
    table.target("triage calls with micro-batches, fewer by", percent(fewer), "≥ 30 %", fewer >= FEWER_CALLS);
}

fn dollars(amount: f64) -> String {
    format!("${amount:.2}")
}

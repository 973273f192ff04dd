//! A model that is told to think as much as it can, and at times thinks for longer than its whole bound: how many
//! answers come of that, and what the thoughts cost that led to none.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{Clock, TaskStatus};
use standins::gemini::{Fault, GeminiStandin, Scripted};
use tokio::runtime::Builder;

use crate::fleet::Fleet;
use crate::report::Table;
use crate::seen::{self, percent};
use crate::storm::explain;
use crate::world::World;
use crate::{Outcome, agent, github_event};

const TASKS: u64 = 1_000;
const TIMEOUT: Duration = Duration::from_secs(300);
const SEED: u64 = 7;

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let settings = agent::load(&agent::of("thinking.toml"))?;
    let mut table = Table::new(format!("thinking: {TASKS} tasks, the model thinks at its highest level"));
    let world = World::with(standin(), &Clock::system())?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let count = usize::try_from(TASKS)?;
    let tasks = runtime.block_on(async {
        let fleet = Fleet::start(&world, &settings)?;
        fleet.take(&settings, &github_event::issues(1..=TASKS)?).await?;
        fleet.ended(count, TIMEOUT).await
    })?;
    let completed = tasks.iter().filter(|task| task.control.status == TaskStatus::Completed).count();
    table.all_of("completed", completed, count);
    let answered = world.answered(1..=TASKS);
    table.none("issues without a comment", answered.never);
    table.none("issues with more than one comment", answered.doubled);
    let calls = seen::calls(&world.gemini);
    let answers = seen::of(&calls, &settings.models.answer);
    table.figure("calls for an answer", answers.len().to_string());
    let again = answers.len().saturating_sub(count);
    table.figure(
        "  of them once more, since thoughts had used the bound up",
        percent(seen::share(again, answers.len())),
    );
    explain(&mut table, &tasks);
    Ok(vec![table])
}

fn standin() -> standins::gemini::Builder {
    let random = Mutex::new(fastrand::Rng::with_seed(SEED));
    GeminiStandin::builder().keep_requests(seen::REMEMBERED).script(move |request| {
        let level = request.body["generationConfig"]["thinkingConfig"]["thinkingLevel"].as_str()?;
        let (least, most) = thoughts(level)?;
        let share = random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        // Spread over orders of magnitude: most thoughts are short, a few go on and on.
        let tokens = least * (most / least).powf(share);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
        Some(Scripted::Fault(Fault::Thoughts(tokens as u64)))
    })
}

/// How many tokens a thought has at `level`, at least and at most; the highest exceeds the default bound of an answer.
fn thoughts(level: &str) -> Option<(f64, f64)> {
    match level.to_ascii_lowercase().as_str() {
        "high" => Some((1_000.0, 40_000.0)),
        "medium" => Some((500.0, 12_000.0)),
        "low" => Some((100.0, 3_000.0)),
        _ => None,
    }
}

//! Webhooks sent to a running `afterhook dev`, and what became of their tasks: shared by the
//! benchmarks that measure the whole system.

use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;
use tokio::runtime::Builder;

use crate::child::Dev;
use crate::console::{self, TOKEN};
use crate::github_event::{self, SECRET, Webhook};
use crate::report::Table;
use crate::sender::{self, Pace, Sent};
use crate::statistics::seconds;
use crate::world::World;
use crate::{Outcome, agent};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is sent, and for how long its end is awaited.
pub(crate) struct Scenario {
    pub(crate) webhooks: u64,
    pub(crate) pace: Pace,
    /// From the last answer on.
    pub(crate) patience: Duration,
    /// Whether `dev` brings a model of its own, instead of the one of this process.
    pub(crate) own_model: bool,
}

/// What became of it.
pub(crate) struct Observed {
    pub(crate) sent: Sent,
    /// As the console API shows them.
    pub(crate) tasks: Vec<Value>,
    /// Comments of each issue.
    pub(crate) comments: Vec<usize>,
    /// From the first request until all were completed.
    pub(crate) took: Duration,
    /// Warnings and errors in the log.
    pub(crate) complaints: Vec<String>,
}

/// Runs it against a `dev` of its own, with the GitHub of `world`.
pub(crate) fn run(binary: &Path, world: &World, scenario: &Scenario) -> Outcome<Observed> {
    let webhooks = github_event::issues(1..=scenario.webhooks)?;
    let (config, token) = (agent::path(), format!("bench:{TOKEN}"));
    let config = config.to_str().ok_or("the working copy's path is not UTF-8")?;
    let mut variables = vec![
        ("GITHUB_WEBHOOK_SECRET", SECRET),
        ("CONSOLE_TOKEN", &token),
        ("GITHUB_API_URL", &world.github_url),
        ("GITHUB_TOKEN", "bench"),
        ("AFTERHOOK_LOG", "warn"),
    ];
    if !scenario.own_model {
        variables.extend([("GEMINI_BASE_URL", world.gemini_url.as_str()), ("GEMINI_API_KEY", "bench")]);
    }
    let dev = Dev::start(binary, &["--no-sample", "--config", config], &variables)?;
    let (url, _) = dev.ready()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut observed = runtime.block_on(watch(&url, world, scenario, &webhooks))?;
    observed.complaints = dev.log();
    Ok(observed)
}

async fn watch(url: &str, world: &World, scenario: &Scenario, webhooks: &[Webhook]) -> Outcome<Observed> {
    let started = Instant::now();
    let sent = sender::send(url, webhooks, scenario.pace).await?;
    let tasks = completed(url, world, webhooks.len(), scenario.patience).await?;
    let took = started.elapsed();
    let comments = world.comments(webhooks.iter().map(|webhook| webhook.number));
    Ok(Observed { sent, tasks, comments, took, complaints: Vec::new() })
}

/// The tasks once all of `count` are completed, or when the patience is at its end.
async fn completed(url: &str, world: &World, count: usize, patience: Duration) -> Outcome<Vec<Value>> {
    let (client, deadline): (Client, _) = (sender::client()?, Instant::now() + patience);
    loop {
        let late = Instant::now() >= deadline;
        // The list is asked for only when it can be complete: reading it takes the system's time.
        if late || world.github.comment_count() >= count {
            let tasks = console::tasks(&client, url).await?;
            if late || tasks.iter().filter(|task| is_completed(task)).count() == count {
                return Ok(tasks);
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn is_completed(task: &Value) -> bool {
    task["status"] == "completed"
}

impl Observed {
    /// The rows that every scenario has: all taken, all completed, one comment each, no error.
    pub(crate) fn fill(&self, table: &mut Table, count: u64) -> Outcome<()> {
        let count = usize::try_from(count)?;
        let completed = self.tasks.iter().filter(|task| is_completed(task)).count();
        let attempts = |task: &&Value| task["attempts"].as_u64() != Some(1);
        table.all_of("answered 202", self.sent.statuses.get(&202).copied().unwrap_or_default(), count);
        table.all_of("completed", completed, count);
        let once = self.comments.iter().filter(|comments| **comments == 1).count();
        table.all_of("issues with exactly one comment", once, count);
        table.none("tasks that needed more than one try", self.tasks.iter().filter(attempts).count());
        table.none("warnings and errors in the log", self.complaints.len());
        table.figure("all answered after", seconds(self.sent.took));
        table.figure("all completed after", seconds(self.took));
        self.explain(table);
        Ok(())
    }

    /// The first of each kind of trouble.
    fn explain(&self, table: &mut Table) {
        if let Some(task) = self.tasks.iter().find(|task| !is_completed(task)) {
            table.note(format!("{}: {} {}", task["task_id"], task["status"], task["error"]));
        }
        if let Some(task) = self.tasks.iter().find(|task| task["attempts"].as_u64() != Some(1)) {
            table.note(format!("{}: {} tries, {}", task["task_id"], task["attempts"], task["timeline"]));
        }
        if let Some(line) = self.complaints.first() {
            table.note(format!("log: {line}"));
        }
    }
}

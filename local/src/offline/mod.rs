//! Events run for show: by the real processor and the real model plane, in shadow, in a system of their own that
//! reaches no service but the model. `afterhook eval` runs labelled cases in it, `afterhook replay` past tasks.

mod as_it_was;
mod bar;
mod estimate;
mod job;
mod one_day;
mod rig;
mod services;
mod settings;
mod silence;

pub(crate) use as_it_was::{AsItWas, Said, question_of};
pub(crate) use estimate::{Priced, estimate, known_before};
pub(crate) use job::{EventOf, Job};
pub(crate) use rig::{Ran, Rig, TOO_LONG, answer_time, model};
pub(crate) use settings::{for_show, in_tier};

use std::fs;
use std::path::{Path, PathBuf};

use ::settings::{Environment, Settings};
use domain::{Clock, Task, part_digest};
use tokio::task::JoinSet;

use crate::Failure;
use crate::dev::{self, Backend, Service, Storage};

/// The exit code while something has not ended: sysexits' EX_TEMPFAIL, the same command may go on.
pub(crate) const NOT_ENDED: u8 = 75;
/// What helps a run that its bound has stopped.
const RAISE: &str = "raise --max-usd";

/// That so many `things` have not ended, for these `reasons`, and how to go on; `None` if there is none.
pub(crate) fn left_over<'r>(things: &str, reasons: impl Iterator<Item = &'r str>) -> Option<String> {
    let reasons: Vec<&str> = reasons.collect();
    let first = reasons.first()?;
    let is_bound = reasons.iter().any(|why| why.contains(RAISE));
    let how = if is_bound { " with a higher --max-usd" } else { "" };
    Some(format!("{} {things} did not end ({first}); the same command goes on with them{how}", reasons.len()))
}

/// The last line of a task's timeline, in words for a bound that was given on the command line.
pub(crate) fn last_word(task: &Task) -> String {
    task.doc.timeline.last().map_or_else(String::new, |entry| to_the_command_line(&entry.note))
}

/// `why` without the key of agent.toml that means nothing here: the bound is that of the command line.
pub(crate) fn to_the_command_line(why: &str) -> String {
    why.replace("raise [budget] per_day_usd in agent.toml", RAISE)
}

/// The model that a run asks, and where the run is kept.
pub(crate) struct Ground {
    /// Its environment; the stand-in's address is in it if there is no other model.
    pub(crate) environment: Environment,
    /// The model.
    pub(crate) model: Service,
    /// The version of the agent.
    pub(crate) version: String,
    /// Where the run is kept: what was paid for is not paid for again in a run of the same agent by the same model.
    pub(crate) dir: PathBuf,
    /// The stand-in, if there is one.
    _standins: JoinSet<()>,
}

impl Ground {
    /// The ground of the command `what` for the agent of `settings`. A real model needs a bound.
    ///
    /// # Errors
    /// What is wrong with the environment; that no bound was given.
    pub(crate) fn prepare(
        what: &str,
        settings: &Settings,
        mut environment: Environment,
        data_dir: &Path,
        max_usd: Option<f64>,
    ) -> Result<Self, Failure> {
        let mut standins = JoinSet::new();
        let model = dev::model(settings, &mut environment, &mut standins)?;
        if !model.standin && max_usd.is_none() {
            let words = "a real model costs money: say with --max-usd how much at the most";
            return Err(Failure::misspelt(words));
        }
        let version = processor::version(settings).id;
        let asked = if model.standin { "standin".to_owned() } else { part_digest([&model.address]) };
        let dir = data_dir.join(what).join(format!("{version}-{asked}"));
        Ok(Self { environment, model, version, dir, _standins: standins })
    }

    /// The model in words.
    pub(crate) fn in_words(&self) -> String {
        let Service { name, standin, address, .. } = &self.model;
        if *standin { format!("the stand-in for {name}") } else { format!("{name} at {address}") }
    }

    /// Forgets what is kept of former runs.
    ///
    /// # Errors
    /// When it cannot be removed, or another run is at work in it: what that pays for would be lost.
    pub(crate) async fn forget(&self) -> Result<(), Failure> {
        if self.dir.exists() {
            let _held = Storage::open(Backend::Sqlite(self.dir.clone()), &Clock::system()).await?;
            fs::remove_dir_all(&self.dir).map_err(|error| Failure::at(self.dir.display(), error))?;
        }
        Ok(())
    }
}

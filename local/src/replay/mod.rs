//! `afterhook replay`: past tasks under the agent of this directory, without any effect outside.

mod args;
mod compare;
mod last_usage;
mod report;
mod side;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use domain::{Served, StepUsage, TaskId, Timestamp};
use serde_json::Value;
use settings::{Environment, Settings};

use crate::archive::{Archive, Wanted, unasked};
use crate::dev::load;
use crate::offline::{
    AsItWas, EventOf, Ground, Job, NOT_ENDED, Priced, Ran, Rig, Said, estimate, for_show, in_tier,
    known_before, left_over, question_of,
};
use crate::terminal::say;
use crate::{Failure, report_files};
use args::Documents;
pub(crate) use args::ReplayArgs;
use compare::Pair;
use last_usage::last_usage;
use report::Report;
use side::Side;

/// The files of a report.
const FILES: [&str; 2] = ["replay.json", "replay.html"];

/// A past task, as far as it is stored.
struct Past {
    id: String,
    view: Value,
    /// Its raw body, or why there is none.
    body: Result<Vec<u8>, String>,
    said: Option<Said>,
    /// What it was sorted by.
    question: Option<String>,
    served: Vec<Served>,
    /// What the last calls of its steps came to.
    usage: Vec<StepUsage>,
}

/// What is run again: the past tasks, the jobs of those that can be run, and what they said then.
struct Again {
    jobs: Vec<(usize, Job)>,
    said: BTreeMap<TaskId, Said>,
    refused: BTreeMap<usize, String>,
}

/// Does what the command line says.
pub(crate) async fn replay(args: ReplayArgs) -> Result<ExitCode, Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    let settings = load(&args.config.path.clone().unwrap_or_else(|| environment.config_path()))?;
    if let Some(dir) = &args.report {
        report_files::check(dir, &FILES)?;
    }
    let archive = Archive::open(&args.archive).await?;
    let past = read(&archive, &wanted(&args)).await?;
    if past.is_empty() {
        return Err(Failure::new(format!("no such task has come to anything in {}", archive.place)));
    }
    drop(archive);
    let ground =
        Ground::prepare("replay", &settings, environment, &args.archive.data_dir.path, args.max_usd)?;
    if args.fresh {
        ground.forget().await?;
    }
    let pairs = compared(&ground, settings, &past, &args).await?;
    let model = ground.in_words();
    let report = Report { pairs: &pairs, version: &ground.version, model: &model };
    // First what lasts: whoever reads the terminal may stop to.
    if let Some(dir) = &args.report {
        write(dir, &report)?;
    }
    if args.json {
        say!("{}", report.json());
    } else {
        say!("{}", report.text());
    }
    Ok(not_ended(&pairs).map_or(ExitCode::SUCCESS, |told| {
        eprintln!("{told}");
        ExitCode::from(NOT_ENDED)
    }))
}

/// That tasks have not come to an end, why, and how to go on with them.
fn not_ended(pairs: &[Pair]) -> Option<String> {
    let sides = pairs.iter().filter_map(|pair| pair.after.as_ref());
    let reasons = sides.filter(|after| after.unfinished).filter_map(|after| after.unanswered.as_deref());
    left_over("tasks", reasons)
}

fn wanted(args: &ReplayArgs) -> Wanted {
    Wanted {
        ids: args.ids.clone(),
        intent: args.intent.clone(),
        source: args.source.clone(),
        day: args.day.clone(),
        since: None,
        limit: args.limit,
    }
}

/// The tasks that are wanted, with all that is stored of them.
async fn read(archive: &Archive, wanted: &Wanted) -> Result<Vec<Past>, Failure> {
    let mut past = Vec::new();
    for mut view in archive.tasks(wanted).await? {
        let id = view.get("task_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        // A list does not say what was edited.
        if view.pointer("/draft/from").and_then(Value::as_str) == Some("person") {
            view = archive.task(&id).await?;
        }
        let body = archive.payload(&id).await.map_err(|why| why.to_string());
        let calls = archive.transcript(&id).await?;
        let mut said = Said::of_transcript(&calls);
        if let Some(said) = said.as_mut().filter(|said| said.documents.is_none()) {
            said.documents = archive.documents(&id).await.unwrap_or_else(|problem| {
                tracing::warn!(task_id = id, %problem, "the documents of then cannot be had");
                None
            });
        }
        let question = question_of(&calls).map(str::to_owned);
        let calls: Vec<_> = calls.into_iter().filter_map(|call| serde_json::from_value(call).ok()).collect();
        // Which models were wanted then, nobody knows any more.
        let (served, usage) = (Served::of(&calls, None), last_usage(&view, &calls));
        past.push(Past { id, view, body, said, question, served, usage });
    }
    Ok(past)
}

/// Runs `past` again on `ground`, and holds both sides against each other.
async fn compared(
    ground: &Ground,
    settings: Settings,
    past: &[Past],
    args: &ReplayArgs,
) -> Result<Vec<Pair>, Failure> {
    let known: Vec<&str> = past.iter().map(Past::source).collect();
    let sources =
        known.iter().copied().filter(|name| for_show(settings.clone(), [*name].into_iter(), None).is_ok());
    let settings = in_tier(for_show(settings.clone(), sources, args.max_usd)?, args.tier);
    let threshold = settings.agent.confidence_threshold;
    let then = args.documents == Documents::Then;
    let again = again(&settings, past, then, Timestamp::now());
    let said = again.said;
    let rig = Rig::open(&settings, &ground.environment, &ground.dir, |model| {
        Arc::new(AsItWas::new(model, said, then))
    })
    .await?;
    let (places, jobs): (Vec<usize>, Vec<Job>) = again.jobs.into_iter().unzip();
    let mut events = Vec::new();
    for (job, past) in jobs.iter().zip(places.iter().filter_map(|place| past.get(*place))) {
        if !rig.has_ended(job).await? {
            let then = &past.usage;
            events.push(Priced { bytes: job.asked.len(), is_answered: true, judge: None, then });
        }
    }
    let kept = known_before(jobs.len() - events.len());
    eprintln!("{} tasks{kept}, {}: {}", jobs.len(), ground.in_words(), estimate(&settings, &events));
    let ran = rig.run(&jobs).await?;
    rig.close().await;
    let now = |(place, ran): (usize, &Ran)| {
        let past = past.get(place)?;
        Some((place, Side::of_run(ran, &ground.version, &past.id)))
    };
    let mut after: BTreeMap<usize, Side> = places.into_iter().zip(&ran).filter_map(now).collect();
    let pair = |(place, past): (usize, &Past)| {
        let after = after.remove(&place);
        let answers = after.as_ref().is_some_and(|after| !after.answer.is_empty());
        let note = again.refused.get(&place).cloned().or_else(|| past.note(then).filter(|_| answers));
        let documents_of_now = answers && !(then && past.has_documents());
        let pair = Pair::new(&past.id, past.side(), after, note, threshold);
        Pair { documents_of_now, ..pair }
    };
    Ok(past.iter().enumerate().map(pair).collect())
}

/// The jobs of `past`. The id of each tells the event and what was said, so that another past is another run.
fn again(settings: &Settings, past: &[Past], then: bool, now: Timestamp) -> Again {
    let mut again = Again { jobs: Vec::new(), said: BTreeMap::new(), refused: BTreeMap::new() };
    for (place, past) in past.iter().enumerate() {
        match past.job(settings, then, now) {
            Ok(job) => {
                if let Some(said) = &past.said {
                    again.said.insert(job.task.id.clone(), said.clone());
                }
                again.jobs.push((place, job));
            }
            Err(why) => {
                again.refused.insert(place, why);
            }
        }
    }
    again
}

impl Past {
    fn source(&self) -> &str {
        self.view.get("source").and_then(Value::as_str).unwrap_or_default()
    }

    /// What it came to then.
    fn side(&self) -> Side {
        Side::of_view(&self.view, &self.served, &self.usage)
    }

    fn job(&self, settings: &Settings, then: bool, now: Timestamp) -> Result<Job, String> {
        if let Some(why) = unasked(&self.view) {
            return Err(format!("no model was asked about it then: {why}"));
        }
        let body = self.body.as_deref().map_err(String::clone)?;
        let event = self.view.get("event").and_then(Value::as_str).unwrap_or_default();
        let nonce = self.said.as_ref().map(|said| said.nonce.as_str()).unwrap_or_default();
        let note = self.said.as_ref().and_then(|said| said.note.clone());
        let asked = self.question.as_deref().unwrap_or_default();
        // With other documents it is another question.
        let read = if then { "replay" } else { "replay-now" };
        let told = [self.id.as_str(), nonce, note.as_deref().unwrap_or_default(), asked].map(str::as_bytes);
        let id = TaskId::derive(read, &[&told.join(&0)[..], body].join(&0));
        let job = Job::new(settings, id, EventOf { source: self.source(), event, body }, now)?;
        let before = processor::said_before(asked, &job.text);
        let mut job = job.carrying(&before)?;
        // What was fenced then is said again to the letter.
        job.task.doc.nonce = self.said.as_ref().map(|said| said.nonce.clone());
        job.task.doc.retry_note = note;
        Ok(job)
    }

    /// Whether it is known which documents it was answered from.
    fn has_documents(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.documents.is_some())
    }

    /// What could not be as it was.
    fn note(&self, then: bool) -> Option<String> {
        let Some(said) = &self.said else {
            return Some(
                "no answer was asked for then: its thread is not known, and it is answered without, from the documents of now"
                    .to_owned(),
            );
        };
        let mut notes = Vec::new();
        if said.had_media {
            notes.push("images and files of then are not kept");
        }
        if then && !self.has_documents() {
            notes.push(
                "documents of then were in a cache at the model and are not kept; those of now are read",
            );
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

fn write(dir: &Path, report: &Report<'_>) -> Result<(), Failure> {
    let texts = [report.json().to_string(), report.page()];
    let files: Vec<_> = FILES.into_iter().zip(texts).collect();
    report_files::write(dir, &files)
}

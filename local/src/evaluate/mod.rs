//! `afterhook eval`: how well the agent of this directory sorts and answers a labelled set.

mod case;
mod offline;
mod report;
mod run;
mod score;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use domain::{Clock, Timestamp, part_digest};
use settings::{Environment, Settings};
use tokio::task::JoinSet;

use crate::Failure;
use crate::cli::EvalArgs;
use crate::dev::{self, load};
use crate::terminal::say;
use case::Case;
use run::{Rig, in_shadow};
use score::Score;

/// Bytes of text that are about a token.
const BYTES_PER_TOKEN: usize = 4;
/// Tokens of a question to triage besides the event, and of its answer.
const TRIAGE: (usize, usize) = (600, 80);
/// Tokens of a question to the answer model besides persona, documents and event; and of its answer, thoughts included.
const ANSWER: (usize, usize) = (400, 1_500);

/// Runs the cases and says how it went: a failure if the accuracy is below the bound, or a case did not end.
pub(crate) async fn eval(args: EvalArgs) -> Result<ExitCode, Failure> {
    let mut environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    let config = args.config.path.clone().unwrap_or_else(|| environment.config_path());
    let settings = in_shadow(load(&config)?, std::iter::empty(), args.max_usd)?;
    let cases = case::load(&args.files)?;
    let settings = in_shadow(settings, cases.iter().map(Case::source), args.max_usd)?;
    let mut standins = JoinSet::new();
    let model = dev::model(&mut environment, &Clock::system(), &mut standins)?;
    if !model.standin && args.max_usd.is_none() {
        return Err(Failure::new("a real model costs money: say with --max-usd how much at the most"));
    }
    eprintln!("{} cases, {} {}: {}", cases.len(), model.name, model.address, estimate(&settings, &cases));
    let version = processor::version(&settings).id;
    let dir = directory(&args, &version, &cases, &model.address, model.standin);
    if args.fresh && dir.exists() {
        fs::remove_dir_all(&dir).map_err(|error| Failure::at(dir.display(), error))?;
    }
    let rig = Rig::open(settings, &environment, &dir).await?;
    let score = Score { outcomes: rig.run(&cases, &args.events).await? };
    standins.shutdown().await;
    print(&args, &score, &version)?;
    let ended = score.finished() == score.outcomes.len();
    Ok(if ended && score.accuracy() >= args.min_accuracy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the run of these cases by this agent lies: the same run goes on there, and no other one.
fn directory(args: &EvalArgs, version: &str, cases: &[Case], model: &str, standin: bool) -> PathBuf {
    let cases = part_digest(cases.iter().map(|case| format!("{case:?}")));
    let model = if standin { "standin".to_owned() } else { part_digest([model]) };
    args.data_dir.path.join("eval").join(format!("{version}-{cases}-{model}"))
}

fn print(args: &EvalArgs, score: &Score, version: &str) -> Result<(), Failure> {
    let json = report::json(score, version);
    if args.json {
        say!("{json}");
    } else {
        say!("{}", report::text(score));
    }
    if let Some(dir) = &args.report {
        fs::create_dir_all(dir).map_err(|error| Failure::at(dir.display(), error))?;
        write(&dir.join("eval.json"), &json.to_string())?;
        write(&dir.join("eval.xml"), &report::junit(score))?;
        write(&dir.join("eval.html"), &report::page(score, version))?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    fs::write(file, text).map_err(|error| Failure::at(file.display(), error))
}

/// What the calls are likely to cost, at list prices; the bound holds whatever it says.
fn estimate(settings: &Settings, cases: &[Case]) -> String {
    let agent = &settings.agent;
    let shared = agent.persona.len() + agent.documents.iter().map(|it| it.text.len()).sum::<usize>();
    let texts: usize = cases.iter().map(|it| it.text.as_ref().map_or(800, String::len)).sum();
    let triage = (cases.len() * TRIAGE.0 + texts / BYTES_PER_TOKEN, cases.len() * TRIAGE.1);
    let answer = (
        cases.len() * (ANSWER.0 + shared / BYTES_PER_TOKEN) + texts / BYTES_PER_TOKEN,
        cases.len() * ANSWER.1,
    );
    let models = &settings.models;
    match (cost(&models.triage, triage), cost(&models.answer, answer)) {
        (Some(triage), Some(answer)) => format!("about ${:.2}", triage + answer),
        _ => "the price of a model is not known".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn cost(model: &str, (input, output): (usize, usize)) -> Option<f64> {
    let rates = gemini::rates(model, 0, Timestamp::now())?;
    Some((input as f64 * rates.input + output as f64 * rates.output) / 1e6)
}

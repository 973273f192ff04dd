//! `afterhook eval`: how well the agent of this directory sorts and answers a labelled set.

mod args;
mod case;
mod changes;
mod export;
mod feedback;
mod judge;
mod outcome;
mod redact;
mod report;
mod sample;
mod score;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use domain::{API_SOURCE, TaskId};
use settings::{Environment, Settings};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::dev::load;
use crate::offline::{
    self, EventOf, Ground, Job, NOT_ENDED, Priced, Ran, Rig, estimate, for_show, in_tier, known_before,
    left_over, to_the_command_line,
};
use crate::terminal::say;
use crate::{Failure, report_files};
pub(crate) use args::{EvalAction, EvalArgs, EvalRunArgs, dollars, tier};
use case::Case;
use changes::{Changes, Former};
use judge::{Answered, Judge};
pub(crate) use outcome::NONE;
use outcome::Outcome;
use report::{Report, by_another};
use score::Score;

/// Why a case with a rubric has not come to an end.
const UNJUDGED: &str = "it was not judged";

/// Does what the command line says.
pub(crate) async fn eval(args: EvalArgs) -> Result<ExitCode, Failure> {
    match args.action {
        Some(EvalAction::Export(args)) => export::export(args).await,
        None => Box::pin(run(args.run)).await,
    }
}

/// Runs the cases and says how it went: [`NOT_ENDED`] if a case did not end, a failure below a bound.
async fn run(args: EvalRunArgs) -> Result<ExitCode, Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    let settings = load(&args.config.path.clone().unwrap_or_else(|| environment.config_path()))?;
    let cases = chosen(&args)?;
    check_intents(&settings, &cases)?;
    if let Some(dir) = &args.report {
        report_files::check(dir, &report::FILES)?;
    }
    let former = args.against.as_deref().map(Former::read).transpose()?;
    let ground = Ground::prepare("eval", &settings, environment, &args.data_dir.path, args.max_usd)?;
    if args.fresh {
        ground.forget().await?;
    }
    let version = ground.version.clone();
    let score = measure(&ground, settings, &cases, &args).await?;
    let model = ground.in_words();
    let against = former.as_ref().map(|former| (former, Changes::between(former, &score.outcomes)));
    let report = Report { score: &score, version: &version, model: &model, against };
    // First what lasts: whoever reads the terminal may stop to.
    if let Some(dir) = &args.report {
        report.write(dir)?;
    }
    if args.json {
        say!("{}", report.json());
    } else {
        say!("{}", report.text());
    }
    let missed = missed(&args, &report);
    missed.iter().for_each(|line| eprintln!("{line}"));
    Ok(ExitCode::from(exit_code(&score, &missed)))
}

/// What a run exits with: bounds say something of the agent once every case has ended.
fn exit_code(score: &Score, missed: &[String]) -> u8 {
    if score.finished() < score.outcomes.len() { NOT_ENDED } else { u8::from(!missed.is_empty()) }
}

/// The cases that the command line names.
fn chosen(args: &EvalRunArgs) -> Result<Vec<Case>, Failure> {
    let mut cases = case::load(&args.files)?;
    if let Some(only) = &args.only {
        cases.retain(|case| case.name.contains(only));
        if cases.is_empty() {
            return Err(Failure::new(format!("no case has `{only}` in its name")));
        }
    }
    Ok(cases)
}

/// Runs `cases` on `ground`.
async fn measure(
    ground: &Ground,
    settings: Settings,
    cases: &[Case],
    args: &EvalRunArgs,
) -> Result<Score, Failure> {
    let threshold = settings.agent.confidence_threshold;
    for case in cases {
        for_show(settings.clone(), std::iter::once(case.source()), None).map_err(|why| case.wrong(why))?;
    }
    let settings = for_show(settings, cases.iter().map(Case::source), args.max_usd)?;
    let settings = in_tier(settings, args.tier);
    let rig = Rig::open(&settings, &ground.environment, &ground.dir, |model| model).await?;
    let jobs = cases.iter().map(|case| job(&settings, case, &rig)).collect::<Result<Vec<_>, _>>()?;
    let judge = judge_of(settings.clone(), ground, &rig, args.judge.clone())?;
    let mut events = Vec::new();
    for (case, job) in cases.iter().zip(&jobs) {
        if !rig.has_ended(job).await? {
            let judge = case.rubric.as_ref().map(|_| judge.name.as_str());
            events.push(Priced { bytes: job.asked.len(), is_answered: !case.spam, judge, then: &[] });
        }
    }
    let kept = known_before(jobs.len() - events.len());
    eprintln!("{} cases{kept}, {}: {}", cases.len(), ground.in_words(), estimate(&settings, &events));
    let ran = rig.run(&jobs).await?;
    let outcomes = judged(cases, &jobs, ran, (&Arc::new(judge), rig.crowd())).await;
    rig.close().await;
    Ok(Score { outcomes, threshold, live: cases.iter().filter_map(Case::lived).collect() })
}

/// Refuses cases that expect an intent which the agent does not have, with a line for each such intent: they are wrong
/// whatever comes out.
fn check_intents(settings: &Settings, cases: &[Case]) -> Result<(), Failure> {
    let mut unknown: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        let intent = case.intent.as_deref();
        if let Some(intent) = intent.filter(|name| !settings.intents.iter().any(|known| known.name == *name))
        {
            unknown.entry(intent).or_default().push(case);
        }
    }
    let line = |(intent, cases): (&str, Vec<&Case>)| {
        let first = cases.first().map_or_else(String::new, |case| case.place.to_string());
        let count = cases.len();
        format!("{first}: agent.toml has no intent `{intent}`, but {count} cases expect it")
    };
    let lines: Vec<String> = unknown.into_iter().map(line).collect();
    if lines.is_empty() { Ok(()) } else { Err(Failure::new(lines.join("\n"))) }
}

/// The task of a case. Its id tells its event from all others, so that a case that has changed is run anew.
fn job(settings: &Settings, case: &Case, rig: &Rig) -> Result<Job, Failure> {
    let body = case.body()?;
    let event = EventOf { source: case.source(), event: case.event(), body: &body };
    let identity = [case.name.as_bytes(), event.source.as_bytes(), event.event.as_bytes(), &body];
    let before = case.before.iter().map(String::as_bytes);
    let id = TaskId::derive("eval", &identity.into_iter().chain(before).collect::<Vec<_>>().join(&0));
    let wrong = |why: String| case.wrong(why);
    let now = rig.clock().now();
    let job = Job::new(settings, id.clone(), event, now).map_err(wrong)?;
    let job = job.carrying(&case.before).map_err(wrong)?;
    if job.has_thread || settings.handles_without_thread(case.source()) {
        return Ok(job);
    }
    let prompt = serde_json::json!({"source": API_SOURCE, "prompt": job.asked}).to_string();
    let event = EventOf { source: API_SOURCE, event: "task", body: prompt.as_bytes() };
    Job::new(settings, id, event, now).map_err(wrong)
}

fn judge_of(
    mut settings: Settings,
    ground: &Ground,
    rig: &Rig,
    name: Option<String>,
) -> Result<Judge, Failure> {
    let name = name.unwrap_or_else(|| settings.models.answer.clone());
    settings.models.answer.clone_from(&name);
    settings.models.fallback.clear();
    let (stores, clock) = (rig.stores().clone(), rig.clock().clone());
    let (model, time) =
        (offline::model(&settings, &ground.environment, &stores, &clock)?, offline::answer_time(&settings));
    Ok(Judge { model, name, stores, clock, time })
}

/// The outcomes, with the verdicts about answers whose cases have rubrics; so many of them are asked for `at_once`.
async fn judged(
    cases: &[Case],
    jobs: &[Job],
    ran: Vec<Ran>,
    (judge, at_once): (&Arc<Judge>, usize),
) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> =
        cases.iter().zip(&ran).map(|(case, ran)| Outcome::of(case, ran)).collect();
    let (places, mut verdicts) = (Arc::new(Semaphore::new(at_once)), JoinSet::new());
    for (index, ((case, job), ran)) in cases.iter().zip(jobs).zip(ran).enumerate() {
        let Some(rubric) = case.rubric.clone().filter(|_| !ran.draft.is_empty()) else { continue };
        // Whoever judges it may not come back.
        match outcomes.get_mut(index) {
            Some(outcome) if outcome.unfinished.is_none() && outcome.unread.is_none() => {
                outcome.unfinished = Some(UNJUDGED.to_owned());
            }
            _ => continue,
        }
        let (judge, places, asked) = (Arc::clone(judge), Arc::clone(&places), job.asked.clone());
        verdicts.spawn(async move {
            let _place = places.acquire_owned().await;
            let answered = Answered { task: &ran.task, asked: &asked, answer: &ran.draft, rubric: &rubric };
            (index, judge.judge(answered).await)
        });
    }
    while let Some(feedback) = verdicts.join_next().await {
        let Ok((index, feedback)) = feedback else { continue };
        let Some(outcome) = outcomes.get_mut(index) else { continue };
        match feedback {
            Ok(judgement) => *outcome = outcome.clone().judged(judgement),
            Err(why) => {
                outcome.unfinished = Some(format!("{UNJUDGED}: {}", to_the_command_line(&why.to_string())))
            }
        }
    }
    outcomes
}

/// The bounds that are missed, a line each; none if every case has ended and every bound is kept.
fn missed(args: &EvalRunArgs, report: &Report<'_>) -> Vec<String> {
    let score = report.score;
    let bounds = [
        ("the share of right intents", score.accuracy(), args.min_accuracy),
        ("the share of cases right in everything", score.right(), args.min_right),
    ];
    let measured = bounds.into_iter().filter_map(|(what, is, wanted)| Some((what, is?, wanted)));
    let below = measured.filter(|(_, is, wanted)| is < wanted);
    let others = by_another(score).map_or_else(String::new, |told| format!(" ({told})"));
    let mut missed: Vec<String> =
        below.map(|(what, is, wanted)| format!("{what} is {is:.3}, below {wanted}{others}")).collect();
    let broken = report.against.as_ref().map_or(0, |(_, changes)| changes.broken.len());
    if args.no_worse && broken > 0 {
        missed.push(format!("{broken} cases are wrong that were right before"));
    }
    missed.extend(left_over(
        "cases",
        score.outcomes.iter().filter_map(|outcome| outcome.unfinished.as_deref()),
    ));
    missed
}

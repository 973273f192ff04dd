//! Runs of workflows: those that failed are events.

use domain::{Event, clip};

use super::event::{actor, date, lacks, repository};
use super::wire::{Payload, Run};
use crate::reading::{Facts, Summary, happening, word};
use crate::{ParseError, Parsed};

/// Conclusions that somebody may want to know more about.
const FAILED: [&str; 3] = ["failure", "startup_failure", "timed_out"];

/// What became of a run. One that is not over, or went well, is of no kind that becomes a task.
pub(super) fn of(payload: &Payload<'_>) -> Result<Parsed, ParseError> {
    let action = payload.action.text().and_then(word).ok_or_else(|| lacks("action"))?;
    let run = payload.workflow_run.get().ok_or_else(|| lacks("workflow_run"))?;
    let conclusion = run.conclusion.text().and_then(word).unwrap_or("unknown");
    match action {
        "completed" if FAILED.contains(&conclusion) => {
            event(payload, run, conclusion).map(Box::new).map(Parsed::Event)
        }
        "completed" => Ok(Parsed::Other(format!("workflow_run.{conclusion}"))),
        other => Ok(Parsed::Other(format!("workflow_run.{other}"))),
    }
}

fn event(payload: &Payload<'_>, run: &Run<'_>, conclusion: &str) -> Result<Event, ParseError> {
    let (owner, repo) = repository(payload).ok_or_else(|| lacks("repository.full_name"))?;
    let (actor, actor_is_bot) = actor(payload).ok_or_else(|| lacks("sender.login"))?;
    let id = run.id.number().ok_or_else(|| lacks("workflow_run.id"))?;
    let attempt = run.run_attempt.number().unwrap_or(1);
    let tenant = format!("{owner}/{repo}");
    let name = run.name.text().unwrap_or("workflow");
    Ok(Event {
        actor_is_bot,
        title: Some(format!("{name}: {conclusion}")),
        text: summary(run, conclusion),
        occurred_at: date(&run.updated_at),
        happening: happening([
            Some("workflow_run.completed"),
            Some(&id.to_string()),
            Some(&attempt.to_string()),
            run.updated_at.text(),
        ]),
        link: run.html_url.text().map(str::to_owned),
        metadata: Facts::default()
            .number("run_id", Some(id))
            .number("run_attempt", Some(attempt))
            .text("workflow", Some(name))
            .text("conclusion", Some(conclusion))
            .text("head", run.head_branch.text())
            .text("head_sha", run.head_sha.text())
            .number("installation_id", payload.installation.get().and_then(|it| it.id.number()))
            .done(),
        ..Event::new(
            "workflow_run.completed",
            &tenant,
            format!("{tenant}/actions/runs/{id}"),
            clip(actor, 100),
        )
    })
}

fn summary(run: &Run<'_>, conclusion: &str) -> String {
    let number = run.run_number.number().map(|number| number.to_string());
    let message = run.head_commit.get().and_then(|commit| commit.message.text());
    Summary::default()
        .say(run.display_title.text())
        .line("Workflow", run.name.text())
        .line("Conclusion", Some(conclusion))
        .line("Run", number)
        .line("Because of", run.event.text())
        .line("Branch", run.head_branch.text())
        .line("Commit", run.head_sha.text())
        .line("Message", message.map(|message| clip(message, 1_000)))
        .done()
}

//! `afterhook tasks review`: parked drafts, one after the other, each decided as it was shown.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;

use serde_json::Value;

use super::super::api::Api;
use super::{find, hash, object};
use crate::Failure;
use crate::command::task_text::print_task;
use crate::terminal::say;

/// What a person says about a draft.
enum Choice {
    Approve,
    OtherIntent,
    Edit,
    Reject,
    Redraft,
    Skip,
    Quit,
}

/// Goes through the drafts, the oldest first, until there is none left or the person has had enough.
pub(super) async fn review(api: &Api) -> Result<ExitCode, Failure> {
    let parked = find::pages(api, &[("status", "awaiting_approval".to_owned())], usize::MAX).await?;
    let (mut stdin, mut decided) = (io::stdin().lock(), 0);
    for listed in parked.iter().rev() {
        let Some(id) = listed.get("task_id").and_then(Value::as_str) else { continue };
        let task = api.task(id).await?;
        if task.get("status").and_then(Value::as_str) != Some("awaiting_approval") {
            continue;
        }
        show(&task);
        let hash = hash(&task, id)?;
        let (verb, body) = match ask(&mut stdin)? {
            Choice::Approve => ("approve", object([("draft_hash", Some(hash))])),
            Choice::OtherIntent => {
                let intent = line(&mut stdin, "which intent would have been right? ")?;
                (
                    "approve",
                    object([("draft_hash", Some(hash)), ("intent", Some(intent.unwrap_or_default()))]),
                )
            }
            Choice::Edit => {
                say!("Write the text to publish; a line with a single dot ends it.");
                ("approve", object([("draft_hash", Some(hash)), ("text", Some(text(&mut stdin)?))]))
            }
            Choice::Reject => {
                let reason = line(&mut stdin, "reason (may be empty): ")?;
                let reason = reason.filter(|reason| !reason.is_empty());
                ("reject", object([("draft_hash", Some(hash)), ("reason", reason)]))
            }
            Choice::Redraft => {
                let note = line(&mut stdin, "what should it do differently? ")?;
                ("retry", object([("note", note.filter(|note| !note.is_empty()))]))
            }
            Choice::Skip => continue,
            Choice::Quit => break,
        };
        // Somebody else may have been first: that is said, and the next one shown.
        match api.post(&format!("/tasks/{id}/{verb}"), &body).await {
            Ok(task) => {
                decided += 1;
                say!("-> {}\n", task.get("status").and_then(Value::as_str).unwrap_or("decided"));
            }
            Err(failure) => eprintln!("afterhook: {failure}"),
        }
    }
    say!("{decided} decided, of {}", parked.len());
    Ok(ExitCode::SUCCESS)
}

fn show(task: &Value) {
    print_task(task, false);
    say!();
}

fn ask(stdin: &mut impl BufRead) -> Result<Choice, Failure> {
    loop {
        let said =
            line(stdin, "[a]pprove [i]ntent was wrong, approve [e]dit [r]eject [n]ew draft [s]kip [q]uit: ")?;
        // Nobody is there any more.
        let Some(said) = said else { return Ok(Choice::Quit) };
        match said.to_ascii_lowercase().as_str() {
            "a" | "approve" => return Ok(Choice::Approve),
            "i" | "intent" => return Ok(Choice::OtherIntent),
            "e" | "edit" => return Ok(Choice::Edit),
            "r" | "reject" => return Ok(Choice::Reject),
            "n" | "new" => return Ok(Choice::Redraft),
            "s" | "skip" => return Ok(Choice::Skip),
            "q" | "quit" => return Ok(Choice::Quit),
            _ => {}
        }
    }
}

/// What is typed after `prompt`; `None` at the end of the input.
fn line(stdin: &mut impl BufRead, prompt: &str) -> Result<Option<String>, Failure> {
    let failed = |error: io::Error| Failure::at("the terminal", error);
    let mut stderr = io::stderr().lock();
    write!(stderr, "{prompt}").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut line = String::new();
    let read = stdin.read_line(&mut line).map_err(failed)?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

fn text(stdin: &mut impl BufRead) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for line in stdin.lines() {
        let line = line.map_err(|error| Failure::at("the terminal", error))?;
        if line == "." {
            break;
        }
        lines.push(line);
    }
    Ok(lines.join("\n"))
}

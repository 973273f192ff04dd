//! `afterhook tasks review`: parked drafts, one after the other, each decided as it was shown.

use std::process::ExitCode;

use domain::UNWRITTEN;
use serde_json::Value;

use super::super::api::Api;
use super::edit::{self, Written};
use super::prompt::Prompt;
use super::{find, hash, object};
use crate::Failure;
use crate::command::table::plain_lines;
use crate::command::task_text::print_task;
use crate::shutdown::goodbye;
use crate::terminal::say;

/// What becomes of the drafts that nobody has decided about.
const KEPT: &str = "what was not decided waits";

/// What a person says about a draft.
enum Choice {
    /// The verb of the API, and its body.
    Decide(&'static str, Value),
    Skip,
    Quit,
}

/// Goes through the drafts, the oldest first, until there is none left or the person has had enough. Ctrl-C, and an input
/// that ends, decide nothing and end it.
pub(super) async fn review(api: &Api) -> Result<ExitCode, Failure> {
    let parked = find::parked(api).await?;
    if parked.is_empty() {
        say!("no draft waits for a person");
        return Ok(ExitCode::SUCCESS);
    }
    let (mut prompt, mut decided) = (Prompt::new()?, 0);
    for id in parked.iter().rev() {
        // One that cannot be read keeps nobody from the others.
        let task = match api.task(id).await {
            Ok(task) => task,
            Err(failure) => {
                eprintln!("afterhook: {id}: {failure}");
                continue;
            }
        };
        if task.get("status").and_then(Value::as_str) != Some("awaiting_approval") {
            continue;
        }
        print_task(&task, false);
        say!();
        let Some(choice) = choose(&mut prompt, &task, id).await? else {
            goodbye(&format!("{decided} decided, of {}; {KEPT}", parked.len()));
            return Ok(ExitCode::SUCCESS);
        };
        let (verb, body) = match choice {
            Choice::Decide(verb, body) => (verb, body),
            Choice::Skip => continue,
            Choice::Quit => break,
        };
        // Somebody else may have been first: that is said, and the next one shown.
        match api.post(&format!("/tasks/{id}/{verb}"), &body).await {
            Ok(task) => {
                decided += 1;
                say!("-> {}\n", task.get("status").and_then(Value::as_str).unwrap_or("decided"));
            }
            Err(failure) => {
                eprintln!("afterhook: {failure}");
                // The editor's file is gone by now.
                if let Some(text) = body.get("text").and_then(Value::as_str) {
                    say!("\nyour text, which is not published:\n\n{}\n", plain_lines(text));
                }
            }
        }
    }
    say!("{decided} decided, of {}", parked.len());
    Ok(ExitCode::SUCCESS)
}

/// What is said about a task; `None` when nobody is there any more.
async fn choose(prompt: &mut Prompt, task: &Value, id: &str) -> Result<Option<Choice>, Failure> {
    const ASK: &str = "[a]pprove [i]ntent was wrong, approve [e]dit [r]eject [n]ew draft [s]kip [q]uit: ";
    let hash = Some(hash(task, id)?);
    loop {
        let Some(said) = prompt.line(ASK).await? else { return Ok(None) };
        let (verb, about, question) = match said.to_ascii_lowercase().as_str() {
            "a" | "approve" => {
                return Ok(Some(Choice::Decide("approve", object([("draft_hash", hash)]))));
            }
            "e" | "edit" => {
                let draft =
                    task.pointer("/draft/text").and_then(Value::as_str).filter(|text| *text != UNWRITTEN);
                let draft = draft.unwrap_or_default();
                match edit::edit(prompt, draft).await? {
                    Written::Text(text) => {
                        let body = object([("draft_hash", hash), ("text", Some(text))]);
                        return Ok(Some(Choice::Decide("approve", body)));
                    }
                    Written::Nothing => continue,
                    Written::NobodyIsThere => return Ok(None),
                }
            }
            "s" | "skip" => return Ok(Some(Choice::Skip)),
            "q" | "quit" => return Ok(Some(Choice::Quit)),
            "i" | "intent" => ("approve", "intent", "which intent would have been right? "),
            "r" | "reject" => ("reject", "reason", "reason (may be empty): "),
            "n" | "new" => ("retry", "note", "what should it do differently? (may be empty) "),
            _ => continue,
        };
        let Some(answer) = prompt.line(question).await? else { return Ok(None) };
        if answer.is_empty() && about == "intent" {
            continue;
        }
        // A new draft is asked for whichever it takes the place of.
        let hash = hash.filter(|_| verb != "retry");
        let body = [("draft_hash", hash), (about, Some(answer).filter(|answer| !answer.is_empty()))];
        return Ok(Some(Choice::Decide(verb, object(body))));
    }
}

//! Sends the sample issue and shows each step until its task has come to rest.

use std::convert::Infallible;
use std::time::Duration;

use domain::{ACCOUNT_REFUSED, Clock, PartKey, Task, TaskId, TaskStatus};
use serde_json::json;
use settings::{ApprovalPolicy, Settings};
use tokio::time::{Instant, sleep};

use super::world::Received;
use super::{Running, sample};
use crate::Failure;
use crate::command::send::post;
use crate::refused::Models;
use crate::terminal::say;
use standins::ReceivedRequest;

const LOOK_EVERY: Duration = Duration::from_millis(20);
const RECEIVED_EVERY: Duration = Duration::from_millis(100);
/// Without any news, progress is shown all the same.
const STILL_EVERY: Duration = Duration::from_secs(5);

/// Whether the sample ended well.
pub(super) async fn sample(running: &Running, json: bool, once: bool) -> Result<bool, Failure> {
    let (source, sample) = match sample::choose(&running.settings, &running.services) {
        Ok(chosen) => chosen,
        Err(why) => return skipped(&why, once),
    };
    let sender = &source.sender;
    let body = sample.body(sender, Clock::system().now());
    let secrets = running.environment.secrets_for(&source.name).cloned().unwrap_or_default();
    let url = format!("{}/webhooks/{}", running.url(), source.name);
    let hint = (sender.provider.row().hint_of)(sample.event);
    let answer = post(sender, &secrets, &hint, &body, &url).await?;
    let id = answer.task_id().ok_or_else(|| {
        Failure::new(format!(
            "the sample was answered {} {}; see `events` in agent.toml",
            answer.status, answer.body
        ))
    })?;
    show(
        json,
        "sent",
        &format!("{} of {}: answered {} in {:.1} ms", sample.event, source.name, answer.status, answer.ms),
        &id,
    );
    let task = follow(running, &id, json, once).await?;
    tell_end(running, &task, json).await?;
    Ok(has_ended_well(&running.settings, task.control.status))
}

/// Shows what the stand-ins are asked to do, until dropped, so that one sees at once where a result went.
pub(super) async fn received(mut received: Received, json: bool) -> Infallible {
    loop {
        for (service, request) in received.news() {
            let ReceivedRequest { method, path, body, status, .. } = request;
            if json {
                say!(
                    "{}",
                    json!({"event": "received", "service": service, "method": method, "path": path, "status": status, "body": body})
                );
            } else {
                say!("  {service:<18} {method} {path} {}", status.unwrap_or_default());
            }
        }
        sleep(RECEIVED_EVERY).await;
    }
}

/// Whether it came to rest as agent.toml wants it: a draft that waits is no failure where every draft does.
fn has_ended_well(settings: &Settings, status: TaskStatus) -> bool {
    let is_to_wait = settings.agent.approval == ApprovalPolicy::Always;
    status == TaskStatus::Completed || (is_to_wait && status == TaskStatus::AwaitingApproval)
}

fn skipped(why: &str, once: bool) -> Result<bool, Failure> {
    if once {
        return Err(Failure::new(format!("--once needs the sample, which is not sent: {why}")));
    }
    eprintln!("no sample is sent: {why}; send an event of your own with `afterhook send`");
    Ok(true)
}

/// Shows the timeline as it grows, until the task rests; with `once`, also until it waits for a model or a
/// service that refuses us: nobody at a terminal waits for new credentials.
async fn follow(running: &Running, id: &TaskId, json: bool, once: bool) -> Result<Task, Failure> {
    let (mut shown, mut news, mut is_told) = (0, Instant::now(), false);
    let models = Models::of(&running.settings);
    loop {
        let task = running.stores.tasks.get(id).await.map_err(|error| Failure::new(error.to_string()))?;
        let Some(task) = task else {
            return Err(Failure::new(format!("task {id} is gone")));
        };
        for (entry, plain) in console::plain_notes(&task.doc.timeline).skip(shown) {
            show(json, entry.status.as_str(), if json { &entry.note } else { &plain }, id);
            news = Instant::now();
        }
        shown = task.doc.timeline.len().max(shown);
        if task.control.status.is_end() || task.control.status == TaskStatus::AwaitingApproval {
            return Ok(task);
        }
        let is_down = task.control.status == TaskStatus::Waiting && task.doc.model_down_since.is_some();
        let is_refused = is_down && models.are_refused(&*running.stores.state, Clock::system().now()).await;
        if let Some((what, reason)) = refusal(&task, is_refused) {
            if once {
                return Err(Failure::new(format!(
                    "{what} cannot be used, and the sample waits for it: {reason}"
                )));
            }
            if !std::mem::replace(&mut is_told, true) && !json {
                say!("\n{what} cannot be used; tasks wait until it can:\n\n{}\n", indent(reason));
            }
        }
        if news.elapsed() > STILL_EVERY {
            show(json, task.control.status.as_str(), "still at it", id);
            news = Instant::now();
        }
        sleep(LOOK_EVERY).await;
    }
}

/// What refuses us, and why: a service, or the model.
fn refusal(task: &Task, is_model_refused: bool) -> Option<(&str, &str)> {
    let note = task.doc.timeline.last().map(|entry| entry.note.as_str())?;
    let service = task.doc.error.as_ref().and_then(|error| error.kind.strip_suffix(ACCOUNT_REFUSED));
    let service = service.filter(|_| task.control.status == TaskStatus::Waiting);
    service.or(is_model_refused.then_some("the model")).map(|what| (what, note))
}

async fn tell_end(running: &Running, task: &Task, json: bool) -> Result<(), Failure> {
    let text = draft_text(running, task).await?;
    if json {
        say!("{}", json!({"event": "ended", "task": domain::view(task, text)}));
        return Ok(());
    }
    match task.control.status {
        TaskStatus::Completed => {
            let url = task.doc.result.as_ref().and_then(|result| result.output_url.as_deref());
            say!("\nposted comment {}\n\n{}\n", url.unwrap_or_default(), indent(&text.unwrap_or_default()));
        }
        TaskStatus::AwaitingApproval => {
            say!("\nparked draft (approve with: afterhook tasks approve {})\n", task.id);
            say!("{}\n", indent(&text.unwrap_or_default()));
        }
        status => {
            let error = task.doc.error.as_ref().map_or("", |error| error.message.as_str());
            say!("\nthe sample task ended as {status}: {error}\n");
        }
    }
    Ok(())
}

async fn draft_text(running: &Running, task: &Task) -> Result<Option<String>, Failure> {
    let Some(draft) = &task.doc.draft else { return Ok(None) };
    let blob = running.stores.payloads.get(&task.id, &PartKey::draft(&draft.hash)).await;
    let Some(blob) = blob.map_err(|error| Failure::new(error.to_string()))? else { return Ok(None) };
    let bytes = blob.unpack().map_err(|error| Failure::new(error.to_string()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  | {line}")).collect::<Vec<_>>().join("\n")
}

fn show(json: bool, step: &str, note: &str, id: &TaskId) {
    if json {
        say!("{}", json!({"event": "step", "task_id": id, "step": step, "note": note}));
    } else {
        say!("  {step:<18} {note}");
    }
}

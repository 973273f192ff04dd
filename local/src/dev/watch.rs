//! Sends the sample issue and shows each step until its task has come to rest.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use domain::{
    ACCOUNT_REFUSED, Clock, DraftRef, ListQuery, PartKey, Task, TaskId, TaskOutput, TaskStatus, Timestamp,
    after,
};
use serde_json::json;
use settings::{ApprovalPolicy, Settings};
use tokio::time::{Instant, sleep};

use super::world::Received;
use super::{Running, sample};
use crate::cli::{DEFAULT_DATA_DIR, DEFAULT_URL};
use crate::command::send::post;
use crate::command::table::plain;
use crate::refused::Models;
use crate::terminal::say;
use crate::{DevArgs, Failure};
use standins::ReceivedRequest;

const LOOK_EVERY: Duration = Duration::from_millis(20);
const RECEIVED_EVERY: Duration = Duration::from_millis(100);
const REFUSED_EVERY: Duration = Duration::from_millis(500);
/// Tasks that are looked at for one that waits for the model.
const WAITING: usize = 100;
/// Without any news, progress is shown all the same.
const STILL_EVERY: Duration = Duration::from_secs(5);

/// With `--once`, how far off the next try of a task may be, and how long all its waits may last.
const MAX_WAIT: Duration = Duration::from_secs(60);
const MAX_WAITS: Duration = Duration::from_secs(120);

/// Whether the sample ended well.
pub(super) async fn sample(args: &DevArgs, running: &Running) -> Result<bool, Failure> {
    let (json, once) = (args.json, args.once);
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
    tell_end(args, running, &task).await?;
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

/// Says, until dropped, that the model's service refuses us, once each time that tasks begin to wait for it: those of
/// webhooks too, and whatever is logged.
pub(super) async fn refused(running: &Running, is_silent: bool) -> Infallible {
    let (models, since, mut is_told) = (Models::of(&running.settings), Clock::system().now(), is_silent);
    let query = ListQuery { status: Some(TaskStatus::Waiting), source: None, limit: WAITING, cursor: None };
    loop {
        sleep(REFUSED_EVERY).await;
        let refused = models.refused(&*running.stores.state, Clock::system().now()).await;
        if refused.is_none() {
            is_told = is_silent;
        } else if !is_told {
            let waiting = match running.stores.tasks.list(&query).await {
                Ok(page) => page.tasks,
                Err(error) => {
                    tracing::warn!(%error, "tasks that wait for the model cannot be read");
                    continue;
                }
            };
            // What a `dev` before this one met may be mended.
            let mut held =
                waiting.iter().filter(|task| task.control.updated_at >= since && refused.hold(task));
            if let Some(met) = held.find_map(|task| task.doc.timeline.last()) {
                is_told = true;
                tell_refused("the model", &met.note);
            }
        }
    }
}

fn tell_refused(what: &str, reason: &str) {
    say!("\n{what} cannot be used; tasks wait until it can:\n\n{}\n", indent(reason));
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
/// service that refuses us, or for longer than anybody at a terminal does.
async fn follow(running: &Running, id: &TaskId, json: bool, once: bool) -> Result<Task, Failure> {
    let (mut shown, mut news, mut is_told) = (0, Instant::now(), false);
    let (mut waited, mut looked) = (Duration::ZERO, Instant::now());
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
        // Without `once`, [`refused`] tells of the model, for every task.
        let is_refused =
            once && models.refused(&*running.stores.state, Clock::system().now()).await.hold(&task);
        if let Some((what, reason)) = refusal(&task, is_refused) {
            if once {
                return Err(Failure::new(format!(
                    "{what} cannot be used, and the sample waits for it: {reason}"
                )));
            }
            if !std::mem::replace(&mut is_told, true) && !json {
                tell_refused(what, reason);
            }
        }
        if task.control.status == TaskStatus::Waiting {
            waited += looked.elapsed();
        }
        looked = Instant::now();
        if once && let Some(why) = put_off(&task, waited, Clock::system().now()) {
            return Err(Failure::new(why));
        }
        if news.elapsed() > STILL_EVERY {
            show(json, task.control.status.as_str(), "still at it", id);
            news = Instant::now();
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Why nobody waits for `task` any more, which has `waited` so long: it goes on too late, or has been put off too often.
fn put_off(task: &Task, waited: Duration, now: Timestamp) -> Option<String> {
    let (status, at) = (task.control.status, task.control.not_before?);
    let is_late = at > after(now, MAX_WAIT) || waited > MAX_WAITS;
    if status != TaskStatus::Waiting || !is_late {
        return None;
    }
    let why = task.doc.timeline.last().map_or("", |entry| entry.note.as_str());
    Some(format!(
        "the sample is put off until {at:.0}, and --once does not wait for it: {why}\nmend that, or start without --once: the \
         sample goes on by itself"
    ))
}

/// What refuses us, and why: a service, or the model.
fn refusal(task: &Task, is_model_refused: bool) -> Option<(&str, &str)> {
    let note = task.doc.timeline.last().map(|entry| entry.note.as_str())?;
    let service = task.doc.error.as_ref().and_then(|error| error.kind.strip_suffix(ACCOUNT_REFUSED));
    let service = service.filter(|_| task.control.status == TaskStatus::Waiting);
    service.or(is_model_refused.then_some("the model")).map(|what| (what, note))
}

async fn tell_end(args: &DevArgs, running: &Running, task: &Task) -> Result<(), Failure> {
    let text = draft_text(running, task).await?;
    if args.json {
        say!("{}", json!({"event": "ended", "task": domain::view(task, text)}));
        return Ok(());
    }
    match task.control.status {
        TaskStatus::Completed => {
            say!("\n{}\n\n{}\n", done(task), indent(&text.unwrap_or_default()));
        }
        TaskStatus::AwaitingApproval => {
            say!("\nparked draft{}\n", how_to_approve(args, &running.url(), task));
            say!("{}\n", indent(&text.unwrap_or_default()));
        }
        status => {
            let error = task.doc.error.as_ref().map_or("", |error| error.message.as_str());
            say!("\nthe sample task ended as {status}: {}\n", plain(error));
        }
    }
    Ok(())
}

/// The command that approves a draft of this `dev`, if it goes on.
fn how_to_approve(args: &DevArgs, url: &str, task: &Task) -> String {
    if args.once {
        return String::new();
    }
    let mut command = format!("afterhook tasks approve {}", task.id);
    if task.doc.draft.as_ref().is_some_and(DraftRef::is_unwritten) {
        command += " --text '…'";
    }
    if url != DEFAULT_URL {
        command += &format!(" --url {url}");
    }
    let dir = &args.data_dir.path;
    if dir != Path::new(DEFAULT_DATA_DIR) {
        command += &format!(" --data-dir {}", dir.display());
    }
    format!(" (approve with: {command})")
}

/// What a task that is completed has done.
fn done(task: &Task) -> String {
    let result = task.doc.result.as_ref();
    let url = result.and_then(|result| result.output_url.as_deref());
    match (result.map(|result| &result.output), url) {
        (Some(TaskOutput::Text(what)), _) if task.doc.shadow => format!("{what}; changed nothing"),
        _ if task.doc.shadow => "drafted, published nothing (shadow)".to_owned(),
        (Some(TaskOutput::Text(what)), Some(url)) => format!("done: {what} {url}"),
        (Some(TaskOutput::Text(what)), None) => format!("done: {what}"),
        (_, Some(url)) => format!("posted comment {url}"),
        (_, None) => "answered".to_owned(),
    }
}

async fn draft_text(running: &Running, task: &Task) -> Result<Option<String>, Failure> {
    let Some(draft) = &task.doc.draft else { return Ok(None) };
    let blob = running.stores.payloads.get(&task.id, &PartKey::draft(&draft.hash)).await;
    let Some(blob) = blob.map_err(|error| Failure::new(error.to_string()))? else { return Ok(None) };
    let bytes = blob.unpack().map_err(|error| Failure::new(error.to_string()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  | {}", plain(line))).collect::<Vec<_>>().join("\n")
}

fn show(json: bool, step: &str, note: &str, id: &TaskId) {
    if json {
        say!("{}", json!({"event": "step", "task_id": id, "step": step, "note": note}));
    } else {
        say!("  {step:<18} {}", plain(note));
    }
}

#[cfg(test)]
mod tests {
    use domain::{TaskResult, contract};

    use super::*;

    fn task() -> Task {
        contract::full_task(Timestamp::UNIX_EPOCH)
    }

    fn put_off_by(seconds: u64, waited: Duration) -> Option<String> {
        let (mut task, now) = (task(), Timestamp::UNIX_EPOCH);
        task.control.status = TaskStatus::Waiting;
        task.control.not_before = Some(after(now, Duration::from_secs(seconds)));
        put_off(&task, waited, now)
    }

    #[test]
    fn a_sample_that_is_put_off_for_long_or_too_often_is_given_up() {
        assert_eq!(put_off_by(32, Duration::from_secs(100)), None);
        assert!(put_off_by(61, Duration::ZERO).is_some_and(|why| why.contains("1970-01-01T00:01:01Z")));
        assert!(put_off_by(2, Duration::from_secs(121)).is_some());
        let mut working = task();
        working.control.status = TaskStatus::Processing;
        assert_eq!(put_off(&working, Duration::from_secs(500), Timestamp::UNIX_EPOCH), None);
    }

    #[test]
    fn what_was_done_is_said_as_it_was() {
        let done = |shadow, output, url: Option<&str>| {
            let mut task = task();
            task.doc.shadow = shadow;
            let output_url = url.map(str::to_owned);
            let result = TaskResult { output, output_url, ..task.doc.result.take().unwrap() };
            task.doc.result = Some(result);
            super::done(&task)
        };
        let (draft, text) =
            (|| TaskOutput::Draft("h".to_owned()), |text: &str| TaskOutput::Text(text.to_owned()));
        assert_eq!(done(false, draft(), Some("http://c/1")), "posted comment http://c/1");
        assert_eq!(done(true, draft(), None), "drafted, published nothing (shadow)");
        assert_eq!(done(true, text("shadow: would label"), None), "shadow: would label; changed nothing");
        assert_eq!(done(false, text("labels: bug"), None), "done: labels: bug");
    }
}

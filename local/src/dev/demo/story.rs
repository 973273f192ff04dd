//! What happens, chapter by chapter.

use std::time::Duration;

use serde_json::{Value, json};
use standins::{gemini, github};

use super::cast::{Cast, Counts};
use super::events::{BUSY, CRASH, Event, NOW, OUTAGE, UNSURE, YESTERDAY};
use crate::Failure;

const MINUTE: Duration = Duration::from_secs(60);
/// Where the issues of the demo are.
const REPOSITORY: (&str, &str) = ("octo", "tidepool");

/// Plays it. Whether all that must hold did.
pub(super) async fn play(cast: &Cast<'_>) -> Result<bool, Failure> {
    let mut numbers = Vec::new();
    yesterday(cast, &mut numbers).await?;
    busy(cast, &mut numbers).await?;
    let in_outage = outage(cast, &mut numbers).await?;
    let once = crash(cast).await?;
    now(cast, &mut numbers).await?;
    let ended = end(cast, &numbers).await?;
    Ok(in_outage && once && ended)
}

fn count(counts: &Counts, status: &str) -> usize {
    counts.get(status).copied().unwrap_or_default()
}

fn moving(counts: &Counts) -> usize {
    ["received", "processing"].iter().map(|status| count(counts, status)).sum()
}

async fn send_all(cast: &Cast<'_>, events: &[Event], numbers: &mut Vec<u64>) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    for event in events {
        let (id, number) = cast.send(event).await?;
        ids.push(id);
        numbers.push(number);
    }
    Ok(ids)
}

/// People decide about what the agent was not sure of.
async fn yesterday(cast: &Cast<'_>, numbers: &mut Vec<u64>) -> Result<(), Failure> {
    cast.chapter("Yesterday: the agent is not sure, and people decide");
    let ids = send_all(cast, &YESTERDAY, numbers).await?;
    let parked =
        |counts: &Counts| count(counts, "awaiting_approval") == UNSURE && count(counts, "completed") == 1;
    cast.until("the drafts of yesterday", parked).await?;
    cast.tell(&format!("{} webhooks, one answered at once, {UNSURE} drafts wait for a person", ids.len()));
    let mut decisions = [
        ("approve", json!({})),
        ("approve", json!({"text": "Welcome! What can we do for you?"})),
        ("reject", json!({"reason": "not ours"})),
    ]
    .into_iter();
    for id in &ids {
        let task = cast.api.task(id).await?;
        if task["status"] != "awaiting_approval" {
            continue;
        }
        let Some((verb, mut body)) = decisions.next() else { break };
        body["draft_hash"] = task["draft"]["hash"].clone();
        cast.api.post(&format!("/tasks/{id}/{verb}"), &body).await?;
    }
    cast.until("the decisions", |counts| count(counts, "completed") == 3 && count(counts, "rejected") == 1)
        .await?;
    cast.tell(
        "one is published as it is, one with other words, one is rejected; nobody looks at the last one",
    );
    cast.clock.forward_to(15 * MINUTE);
    cast.until("the draft to expire", |counts| count(counts, "expired") == 1).await?;
    cast.tell("a day later it has expired: nothing is published that nobody has seen");
    Ok(())
}

/// What comes in a quarter of an hour.
async fn busy(cast: &Cast<'_>, numbers: &mut Vec<u64>) -> Result<(), Failure> {
    cast.chapter("A busy quarter of an hour");
    let (last, rest) = BUSY.split_last().ok_or_else(|| Failure::new("the demo has no events"))?;
    send_all(cast, rest, numbers).await?;
    let again = cast.send_twice(last).await?;
    cast.tell(&format!("GitHub sends one webhook twice: the second time it is a {again}"));
    let counts = cast
        .until("the tasks of the quarter", |counts| {
            moving(counts) == 0 && counts.values().sum::<usize>() == 15
        })
        .await?;
    cast.tell(&format!(
        "{} completed, {} ignored as spam, {} failed: a signed body that could not be read is kept, and alarmed",
        count(&counts, "completed"),
        count(&counts, "ignored"),
        count(&counts, "failed")
    ));
    Ok(())
}

/// No model can be had for some minutes.
async fn outage(cast: &Cast<'_>, numbers: &mut Vec<u64>) -> Result<bool, Failure> {
    cast.chapter("An outage: every call of the model is answered 503");
    let before = cast.counts().await?;
    cast.gemini.set_faults(vec![gemini::FaultRule::always(gemini::Fault::Status(503))]);
    let calls = cast.gemini.requests().len();
    let ids = send_all(cast, &OUTAGE, numbers).await?;
    cast.tell(&format!("{} webhooks come meanwhile, and each is answered 202 in milliseconds", ids.len()));
    let waiting = |counts: &Counts| count(counts, "waiting") == ids.len();
    cast.until("the tasks to wait", waiting).await?;
    let tried = cast.gemini.requests().len().saturating_sub(calls);
    cast.tell(&format!(
        "all {} wait; {tried} calls found out, and then the breaker let none through",
        ids.len()
    ));
    cast.gemini.set_faults(Vec::new());
    cast.clock.forward_to(8 * MINUTE);
    cast.tell("some minutes later the model is back");
    let done = count(&before, "completed") + ids.len();
    cast.until("the tasks to be done", |counts| count(counts, "completed") == done).await?;
    let mut attempts = 0;
    for id in &ids {
        attempts = cast.api.task(id).await?["attempts"].as_u64().unwrap_or(u64::MAX).max(attempts);
    }
    Ok(cast.assert("all are answered, and the outage has cost none of them an attempt", attempts <= 1))
}

/// The processors stop between the request that posts an answer and its answer.
async fn crash(cast: &Cast<'_>) -> Result<bool, Failure> {
    cast.chapter("A crash: everything stops while an answer is being posted");
    cast.clock.forward_to(5 * MINUTE);
    let before = cast.counts().await?;
    let fault = github::FaultRule::always(github::Fault::DoneButHangs);
    cast.github.set_faults(vec![fault.on(github::Scope::Writes)]);
    let (id, number) = cast.send(&CRASH).await?;
    let comments = |cast: &Cast<'_>| cast.github.comments(REPOSITORY.0, REPOSITORY.1, number).len();
    cast.until_seen("the comment", |cast| comments(cast) == 1).await?;
    cast.running.lanes.crash().await;
    cast.github.set_faults(Vec::new());
    cast.tell("GitHub has the comment, and we never heard so: was it posted or not?");
    cast.running.lanes.restart().await?;
    cast.clock.forward_to(3 * MINUTE);
    cast.tell("the processors are started again; once no lost request can arrive any more, they ask GitHub");
    let done = count(&before, "completed") + 1;
    cast.until("the task to be done", |counts| count(counts, "completed") == done).await?;
    let task = cast.api.task(&id).await?;
    let is_known = task.pointer("/result/output_url").and_then(Value::as_str).is_some();
    Ok(cast.assert("there is one comment, and the task knows its address", is_known && comments(cast) == 1))
}

/// What stays for whoever looks.
async fn now(cast: &Cast<'_>, numbers: &mut Vec<u64>) -> Result<(), Failure> {
    cast.chapter("Now");
    cast.clock.forward_to(Duration::ZERO);
    let revoked = github::FaultRule::always(github::Fault::Refusal("token_revoked"));
    cast.slack.set_faults(vec![revoked]);
    send_all(cast, &NOW, numbers).await?;
    let counts = cast
        .until("the last tasks", |counts| moving(counts) == 0 && counts.values().sum::<usize>() == 30)
        .await?;
    cast.tell(&format!(
        "{} drafts wait for you; {} task waits for Slack, which refuses our token until somebody mends it",
        count(&counts, "awaiting_approval"),
        count(&counts, "waiting")
    ));
    Ok(())
}

/// What must hold after all of it.
async fn end(cast: &Cast<'_>, numbers: &[u64]) -> Result<bool, Failure> {
    cast.chapter("What holds");
    let counts = cast.counts().await?;
    let total: usize = counts.values().sum();
    let by_status: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
    cast.tell(&by_status.join(", "));
    let all = cast.assert("30 webhooks were accepted, and there are 30 tasks", total == 30);
    let comments = |number: &u64| cast.github.comments(REPOSITORY.0, REPOSITORY.1, *number).len();
    let twice =
        cast.assert("no issue has two comments of ours", numbers.iter().all(|number| comments(number) <= 1));
    cast.tell_where_to_look();
    Ok(all && twice)
}

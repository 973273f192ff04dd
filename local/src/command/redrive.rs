//! `afterhook redrive`: dead letters back to work, after showing what is in them.

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anstyle::Style;
use domain::{Clock, Delivery, Envelope, QueueError, StoreError, Stores, TaskStatus, Visibility};
use embedded::Embedded;
use serde_json::{Value, json};

use super::table::Table;
use crate::Failure;
use crate::cli::RedriveArgs;
use crate::terminal::say;

/// Dead letters stay invisible to others while a person reads them.
const READING: Duration = Duration::from_secs(300);
/// How long one receive looks. Without a wait SQS asks only some of its servers, and says that a queue with few messages is
/// empty (AWS, "Amazon SQS short and long polling").
const LOOKS_FOR: Duration = Duration::from_secs(1);
/// Messages of one receive.
const BATCH: usize = 10;
/// Letters of one run; the rest is left for another.
const MAX_MESSAGES: usize = 10_000;

/// What is to be done with one dead letter.
#[derive(Debug)]
enum Letter {
    /// Its task is unfinished: a fresh message goes out.
    Redrive(Envelope),
    /// Its task has ended: the letter is deleted.
    Drop(TaskStatus),
    /// It names no task of ours, or one that cannot be read: it stays for a person to look at.
    Keep(String),
}

/// Shows, asks, redrives.
pub(crate) async fn redrive(args: RedriveArgs) -> Result<ExitCode, Failure> {
    let stores = stores(&args).await?;
    let elsewhere = elsewhere(&stores).await?;
    let letters = read(&stores, MAX_MESSAGES).await?;
    if args.json {
        return report(&stores, &letters, elsewhere).await;
    }
    if let Some(said) = headline(letters.len(), elsewhere) {
        say!("{said}");
    }
    if letters.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    show(&letters);
    if !args.yes {
        let answer = confirmed();
        // Whatever keeps us from going on: others must see the letters again.
        if !matches!(answer, Ok(true)) {
            put_back(&stores, letters.iter().map(|(delivery, _)| delivery)).await?;
            answer?;
            say!("nothing was changed");
            return Ok(ExitCode::FAILURE);
        }
    }
    let (sent, dropped) = act(&stores, &letters).await?;
    say!("{sent} sent back to work, {dropped} dropped, {} kept", letters.len() - sent - dropped);
    Ok(ExitCode::SUCCESS)
}

/// Redrives, and tells a program what was done.
async fn report(
    stores: &Stores,
    letters: &[(Delivery, Letter)],
    elsewhere: u64,
) -> Result<ExitCode, Failure> {
    let (sent, dropped) = act(stores, letters).await?;
    let listed: Vec<_> = letters.iter().map(|(delivery, letter)| described(delivery, letter)).collect();
    let kept = letters.len() - sent - dropped;
    say!(
        "{}",
        json!({ "letters": listed, "sent": sent, "dropped": dropped, "kept": kept, "in_flight": elsewhere })
    );
    Ok(ExitCode::SUCCESS)
}

fn described(delivery: &Delivery, letter: &Letter) -> Value {
    let (fate, why) = fate(letter);
    json!({
        "message_id": delivery.message_id,
        "task_id": delivery.task_id().ok(),
        "received": delivery.receive_count,
        "fate": fate,
        "why": why,
    })
}

fn show(letters: &[(Delivery, Letter)]) {
    let mut table = Table::new(["MESSAGE", "FATE", "RECEIVED", "TASK", "WHY"]);
    for (delivery, letter) in letters {
        let (fate, why) = fate(letter);
        let times = format!("{} times", delivery.receive_count);
        // What is no message of ours is shown as it is.
        let task = delivery.task_id().map_or_else(|_| delivery.body.clone(), |id| id.to_string());
        let cells = [delivery.message_id.clone(), fate.to_owned(), times, task, why];
        table.push(cells, Style::new());
    }
    table.print();
}

/// What becomes of it, in a word, and why.
fn fate(letter: &Letter) -> (&'static str, String) {
    match letter {
        Letter::Redrive(envelope) => ("redrive", format!("back to the {} lane", envelope.lane)),
        Letter::Drop(status) => ("drop", format!("its task is {status}")),
        Letter::Keep(problem) => ("keep", problem.clone()),
    }
}

#[cfg(feature = "aws")]
async fn stores(args: &RedriveArgs) -> Result<Stores, Failure> {
    if let Some(deployed) = &args.environment {
        return crate::dev::aws::open(deployed).await.map(|(stores, _)| stores);
    }
    if args.aws {
        let environment = settings::Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
        return crate::dev::aws::open(&environment).await.map(|(stores, _)| stores);
    }
    local(args)
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the AWS adapters connect asynchronously")]
async fn stores(args: &RedriveArgs) -> Result<Stores, Failure> {
    if args.aws {
        return Err(Failure::misspelt(
            "--aws is not built in: use `cargo run --features aws -- redrive --aws`",
        ));
    }
    local(args)
}

fn local(args: &RedriveArgs) -> Result<Stores, Failure> {
    // Opening would create it, and a misspelt directory would look like a queue without dead letters.
    if !args.data_dir.path.is_dir() {
        let dir = args.data_dir.path.display();
        return Err(Failure::new(format!(
            "there is no data directory {dir}: name that of `dev` with --data-dir"
        )));
    }
    let embedded = Embedded::open(&args.data_dir.path, Clock::system());
    embedded.map(|embedded| embedded.stores()).map_err(|error| Failure::new(error.to_string()))
}

/// Letters that somebody else looks at, roughly: until they put them back, or [`READING`] is over, nobody else gets them.
async fn elsewhere(stores: &Stores) -> Result<u64, Failure> {
    let depth = stores.queue.depth(None).await;
    depth.map(|depth| depth.in_flight).map_err(|error| Failure::at("the dead letters", error))
}

/// What is said before the letters.
fn headline(letters: usize, elsewhere: u64) -> Option<String> {
    let minutes = READING.as_secs() / 60;
    match (letters, elsewhere) {
        (0, 0) => Some("the dead-letter queue is empty".to_owned()),
        (_, 0) => None,
        (_, seen) => Some(format!(
            "dead letters that somebody else is looking at right now: {seen}; those that stay are back within \
             {minutes} minutes"
        )),
    }
}

/// The letters, and what is to be done with each. All are put back if one cannot be judged.
async fn read(stores: &Stores, most: usize) -> Result<Vec<(Delivery, Letter)>, Failure> {
    let (mut received, mut letters) = (Vec::new(), Vec::new());
    if let Err(failure) = receive(stores, most, &mut received).await {
        return Err(given_up(stores, &received, failure).await);
    }
    for delivery in &received {
        match classify(stores, delivery).await {
            Ok(letter) => letters.push(letter),
            Err(failure) => return Err(given_up(stores, &received, failure).await),
        }
    }
    Ok(received.into_iter().zip(letters).collect())
}

async fn receive(stores: &Stores, most: usize, received: &mut Vec<Delivery>) -> Result<(), Failure> {
    let dead = Visibility { lane: None, timeout: READING };
    while received.len() < most {
        let batch = stores.queue.receive(dead, BATCH, LOOKS_FOR).await;
        let batch = batch.map_err(|error| Failure::at("the dead letters", error))?;
        if batch.is_empty() {
            break;
        }
        received.extend(batch);
    }
    Ok(())
}

/// # Errors
/// When the store does not answer. A task that cannot be read keeps its own letter, and no other.
async fn classify(stores: &Stores, delivery: &Delivery) -> Result<Letter, Failure> {
    let id = match delivery.task_id() {
        Ok(id) => id,
        Err(problem) => return Ok(Letter::Keep(problem)),
    };
    Ok(match stores.tasks.get(&id).await {
        Ok(None) => Letter::Keep(format!("task {id} is not stored")),
        Ok(Some(task)) if task.control.status.is_end() => Letter::Drop(task.control.status),
        Ok(Some(task)) => {
            Letter::Redrive(Envelope { task_id: id, lane: task.doc.priority.lane(), tenant: task.doc.tenant })
        }
        Err(error @ StoreError::Broken { .. }) => Letter::Keep(format!("task {id} cannot be read: {error}")),
        Err(error) => return Err(Failure::at(format!("task {id}"), error)),
    })
}

fn confirmed() -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("nobody is there to ask: add --yes"));
    }
    eprint!("go on? [y/N] ");
    let mut answer = String::new();
    let asked = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut answer));
    asked.map_err(|error| Failure::at("the answer", error))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Others can see these again at once: all of them, whatever becomes of one.
async fn put_back(stores: &Stores, letters: impl Iterator<Item = &Delivery>) -> Result<(), Failure> {
    let (mut hidden, mut problem) = (0, None);
    for delivery in letters {
        if let Err(error) = stores.queue.set_visibility(&delivery.receipt, Duration::ZERO).await {
            hidden += 1;
            problem = Some(error);
        }
    }
    let minutes = READING.as_secs() / 60;
    problem.map_or(Ok(()), |error| {
        let what =
            format!("{hidden} dead letters could not be put back, and are back within {minutes} minutes");
        Err(Failure::at(what, error))
    })
}

/// The failure, after what is `left` was put back.
async fn given_up(stores: &Stores, left: impl IntoIterator<Item = &Delivery>, failure: Failure) -> Failure {
    let back = match put_back(stores, left.into_iter()).await {
        Ok(()) => "what is left is back in the dead-letter queue".to_owned(),
        Err(problem) => problem.to_string(),
    };
    Failure::new(format!("{failure}; {back}: run `redrive` again once that is mended"))
}

/// Sends first, deletes after: a crash in between sends twice, which does no harm.
async fn act(stores: &Stores, letters: &[(Delivery, Letter)]) -> Result<(usize, usize), Failure> {
    let (mut sent, mut dropped) = (0, 0);
    for (done, (delivery, letter)) in letters.iter().enumerate() {
        if let Err(error) = settle(stores, delivery, letter).await {
            let failure = Failure::at(format!("{sent} sent back to work, {dropped} dropped, then"), error);
            let left = letters.iter().skip(done).map(|(delivery, _)| delivery);
            return Err(given_up(stores, left, failure).await);
        }
        match letter {
            Letter::Redrive(_) => sent += 1,
            Letter::Drop(_) => dropped += 1,
            Letter::Keep(_) => {}
        }
    }
    Ok((sent, dropped))
}

async fn settle(stores: &Stores, delivery: &Delivery, letter: &Letter) -> Result<(), QueueError> {
    match letter {
        Letter::Redrive(envelope) => stores.queue.send(envelope).await?,
        Letter::Drop(_) => {}
        Letter::Keep(_) => return stores.queue.set_visibility(&delivery.receipt, Duration::ZERO).await,
    }
    stores.queue.delete(&delivery.receipt).await
}

//! `afterhook redrive`: dead letters back to work, after showing what is in them.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anstyle::Style;
use domain::{Clock, Delivery, Envelope, Stores, TaskStatus, Visibility};
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
enum Letter {
    /// Its task is unfinished: a fresh message goes out.
    Redrive(Envelope),
    /// Its task has ended: the letter is deleted.
    Drop(TaskStatus),
    /// It names no task of ours: it stays for a person to look at.
    Keep(String),
}

/// Shows, asks, redrives.
pub(crate) async fn redrive(args: RedriveArgs) -> Result<ExitCode, Failure> {
    let stores = stores(&args).await?;
    let letters = read(&stores, MAX_MESSAGES).await?;
    if args.json {
        return report(&stores, &letters).await;
    }
    if letters.is_empty() {
        say!("the dead-letter queue is empty");
        return Ok(ExitCode::SUCCESS);
    }
    show(&letters);
    if !args.yes {
        let answer = confirmed();
        // Whatever keeps us from going on: others must see the letters again.
        if !matches!(answer, Ok(true)) {
            put_back(&stores, &letters).await?;
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
async fn report(stores: &Stores, letters: &[(Delivery, Letter)]) -> Result<ExitCode, Failure> {
    let (sent, dropped) = act(stores, letters).await?;
    let listed: Vec<_> = letters.iter().map(|(delivery, letter)| described(delivery, letter)).collect();
    let kept = letters.len() - sent - dropped;
    say!("{}", json!({ "letters": listed, "sent": sent, "dropped": dropped, "kept": kept }));
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

async fn read(stores: &Stores, most: usize) -> Result<Vec<(Delivery, Letter)>, Failure> {
    let dead = Visibility { lane: None, timeout: READING };
    let mut letters = Vec::new();
    while letters.len() < most {
        let received = stores.queue.receive(dead, BATCH, LOOKS_FOR).await;
        let received = received.map_err(|error| Failure::at("the dead letters", error))?;
        if received.is_empty() {
            break;
        }
        for delivery in received {
            let letter = classify(stores, &delivery).await?;
            letters.push((delivery, letter));
        }
    }
    Ok(letters)
}

async fn classify(stores: &Stores, delivery: &Delivery) -> Result<Letter, Failure> {
    let id = match delivery.task_id() {
        Ok(id) => id,
        Err(problem) => return Ok(Letter::Keep(problem)),
    };
    let task = stores.tasks.get(&id).await.map_err(|error| Failure::new(error.to_string()))?;
    Ok(match task {
        None => Letter::Keep(format!("task {id} is not stored")),
        Some(task) if task.control.status.is_end() => Letter::Drop(task.control.status),
        Some(task) => {
            Letter::Redrive(Envelope { task_id: id, lane: task.doc.priority.lane(), tenant: task.doc.tenant })
        }
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

async fn put_back(stores: &Stores, letters: &[(Delivery, Letter)]) -> Result<(), Failure> {
    for (delivery, _) in letters {
        let back = stores.queue.set_visibility(&delivery.receipt, Duration::ZERO).await;
        back.map_err(|error| Failure::at("the dead letters", error))?;
    }
    Ok(())
}

/// Sends first, deletes after: a crash in between sends twice, which does no harm.
async fn act(stores: &Stores, letters: &[(Delivery, Letter)]) -> Result<(usize, usize), Failure> {
    let (mut sent, mut dropped) = (0, 0);
    for (delivery, letter) in letters {
        match letter {
            Letter::Redrive(envelope) => {
                let done = stores.queue.send(envelope).await;
                done.map_err(|error| Failure::at(format!("after {sent} letters"), error))?;
                sent += 1;
            }
            Letter::Drop(_) => dropped += 1,
            Letter::Keep(_) => {
                let back = stores.queue.set_visibility(&delivery.receipt, Duration::ZERO).await;
                back.map_err(|error| Failure::at("the dead letters", error))?;
                continue;
            }
        }
        let gone = stores.queue.delete(&delivery.receipt).await;
        gone.map_err(|error| Failure::at("the dead letters", error))?;
    }
    Ok((sent, dropped))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use domain::contract::plain_task;
    use domain::{Depth, Lane, Queue, QueueError, Receipt};

    use super::*;

    /// One letter, which is found by those alone who wait for it: SQS with a few messages.
    struct Sampled(Delivery);

    #[async_trait]
    impl Queue for Sampled {
        async fn send(&self, _: &Envelope) -> Result<(), QueueError> {
            Ok(())
        }

        async fn receive(
            &self,
            from: Visibility,
            _: usize,
            wait: Duration,
        ) -> Result<Vec<Delivery>, QueueError> {
            assert_eq!(from.lane, None);
            Ok(if wait.is_zero() { Vec::new() } else { vec![self.0.clone()] })
        }

        async fn delete(&self, _: &Receipt) -> Result<(), QueueError> {
            Ok(())
        }

        async fn set_visibility(&self, _: &Receipt, _: Duration) -> Result<(), QueueError> {
            Ok(())
        }

        async fn depth(&self, _: Lane) -> Result<Depth, QueueError> {
            Ok(Depth { ready: 0, in_flight: 0 })
        }
    }

    #[tokio::test]
    async fn a_letter_that_only_some_of_the_servers_know_is_found() {
        let task = plain_task("github", domain::Timestamp::UNIX_EPOCH);
        let body = Envelope { task_id: task.id, lane: Lane::Standard, tenant: "octo/repo".to_owned() }.body();
        let receipt = Receipt { lane: None, handle: "handle".to_owned() };
        let letter =
            Delivery { message_id: "m".to_owned(), receipt, body, receive_count: 20, age: Duration::ZERO };
        let embedded = Embedded::in_memory(Clock::system()).unwrap();
        let stores = Stores { queue: Arc::new(Sampled(letter)), ..embedded.stores() };
        assert_eq!(read(&stores, 1).await.unwrap().len(), 1);
    }
}

//! The service where threads live: comments of people and ours.
//!
//! What was sent lands whatever becomes of its sender, and listings lag. Both together stay below the minute
//! that the ledger waits before it looks for a proof; what does not is the one window that no ledger closes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Comment, Mark, Proof, Publisher, ServiceError, ServiceFailure, Target, ThreadState, Timestamp, after,
};
use futures::channel::oneshot;

use super::port::Operation;
use super::{Mishap, Port, Ports, Publication, World, lock};

/// Our account.
pub const THREADS_LOGIN: &str = "afterhook";
/// A request is on its way for so long, milliseconds; seldom, for much longer.
const ON_ITS_WAY: std::ops::Range<u64> = 5..300;
const HELD_UP: std::ops::Range<u64> = 2_000..35_000;
/// How long a new comment may be missing in listings, milliseconds.
const LAG: std::ops::Range<u64> = 0..12_000;

/// All threads, by their names.
#[derive(Default)]
pub(crate) struct Threads(Mutex<BTreeMap<String, Thread>>);

#[derive(Default)]
struct Thread {
    comments: Vec<Posted>,
    state: ThreadState,
}

/// A comment.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub author: String,
    /// What it says.
    pub text: String,
    /// Our mark, if it is ours.
    pub mark: Option<String>,
    /// When it was written.
    pub at: Timestamp,
    /// From when on listings have it.
    pub listed_at: Timestamp,
}

pub(crate) fn name_of(target: &Target) -> String {
    match target {
        Target::GithubIssue { owner, repo, number } => format!("{owner}/{repo}#{number}"),
        other => format!("{other:?}"),
    }
}

impl Threads {
    /// A person, or we, have written something; its number.
    pub(crate) fn post(&self, thread: &str, comment: Posted) -> Result<u64, ServiceFailure> {
        let mut threads = lock(&self.0);
        let number = threads.values().map(|thread| thread.comments.len() as u64).sum::<u64>() + 1;
        let thread = threads.entry(thread.to_owned()).or_default();
        if thread.state == ThreadState::Locked {
            return Err(ServiceFailure::Closed);
        }
        thread.comments.push(Posted { id: number, ..comment });
        Ok(number)
    }

    pub(crate) fn set(&self, thread: &str, state: ThreadState) {
        lock(&self.0).entry(thread.to_owned()).or_default().state = state;
    }

    pub(crate) fn state(&self, thread: &str) -> ThreadState {
        lock(&self.0).get(thread).map(|thread| thread.state).unwrap_or_default()
    }

    fn last(&self, thread: &str, limit: usize, now: Timestamp) -> Vec<Comment> {
        let threads = lock(&self.0);
        let Some(thread) = threads.get(thread) else { return Vec::new() };
        let listed: Vec<&Posted> =
            thread.comments.iter().filter(|comment| comment.listed_at <= now).collect();
        let from = listed.len().saturating_sub(limit);
        listed[from..].iter().map(|comment| shown(comment)).collect()
    }

    fn find(&self, thread: &str, mark: &str, since: Timestamp, now: Timestamp) -> Option<Proof> {
        let threads = lock(&self.0);
        let mut comments = threads.get(thread)?.comments.iter();
        let found = comments.find(|comment| {
            comment.mark.as_deref() == Some(mark) && comment.listed_at <= now && comment.at >= since
        })?;
        Some(proof(found.id))
    }
}

fn shown(comment: &Posted) -> Comment {
    Comment {
        id: comment.id.to_string(),
        author: comment.author.clone(),
        ours: comment.mark.is_some(),
        text: comment.text.clone(),
        at: comment.at,
    }
}

fn proof(id: u64) -> Proof {
    Proof { id: id.to_string(), url: Some(format!("https://github.com/comment/{id}")) }
}

fn failed(operation: &'static str, failure: ServiceFailure) -> ServiceError {
    let message = "the world is at fault".to_owned();
    ServiceError { service: "github", operation, failure, message }
}

fn later(operation: &'static str) -> ServiceError {
    failed(operation, ServiceFailure::Later { after: None })
}

impl World {
    /// Our comment lands.
    fn land(&self, thread: &str, text: &str, mark: &Mark) -> Result<Proof, ServiceFailure> {
        let now = self.now();
        let lag = if self.is_calm() || self.chance(500) { Duration::ZERO } else { self.millis(LAG) };
        let posted = Posted {
            id: 0,
            author: THREADS_LOGIN.to_owned(),
            text: text.to_owned(),
            mark: Some(mark.to_string()),
            at: now,
            listed_at: after(now, lag),
        };
        let number = self.threads.post(thread, posted)?;
        self.note(|| format!("   comment {number} lands in {thread}: {text}"));
        self.history().publications.push(Publication {
            task: mark.task_id.clone(),
            effect: mark.effect.clone(),
            thread: thread.to_owned(),
            text: text.to_owned(),
            at: now,
        });
        Ok(proof(number))
    }
}

impl Ports {
    /// Sends a comment on its way, which it goes alone.
    fn dispatch(
        &self,
        thread: String,
        text: String,
        mark: Mark,
    ) -> oneshot::Receiver<Result<Proof, ServiceFailure>> {
        let (tell, told) = oneshot::channel();
        let world = Arc::clone(&self.world);
        let held_up = !world.is_calm() && world.chance(self.world.scenario.held_up_per_mille);
        let travel = world.millis(if held_up { HELD_UP } else { ON_ITS_WAY });
        self.world.scheduler.spawn(None, async move {
            tokio::time::sleep(travel).await;
            let landed = world.land(&thread, &text, &mark);
            // Whoever sent it may be gone.
            let _gone = tell.send(landed);
        });
        told
    }
}

#[async_trait]
impl Publisher for Ports {
    async fn login(&self) -> Result<String, ServiceError> {
        let read = Operation::read(Port::Threads, "login", &"");
        self.operate(read, || THREADS_LOGIN.to_owned(), || later("login")).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let thread = name_of(target);
        let read = Operation::read(Port::Threads, "history", &thread);
        let run = || self.world.threads.last(&thread, limit, self.world.now());
        self.operate(read, run, || later("read the thread")).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let thread = name_of(target);
        let read = Operation::read(Port::Threads, "state", &thread);
        self.operate(read, || self.world.threads.state(&thread), || later("look at the thread")).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        const CREATE: &str = "create a comment";
        let thread = name_of(target);
        let about = format!("{mark} in {thread}");
        let operation = Operation::write(Port::Threads, "publish", &about);
        let mishap = self.draw(Port::Threads, true);
        self.world.note(|| format!("{} publishes {about} {mishap:?}", self.who()));
        // The connection: nothing is sent yet.
        self.pause(self.world.millis(1..40)).await;
        match mishap {
            Some(Mishap::CrashBefore) => return self.die(&operation, "before").await,
            Some(Mishap::FailBefore) => return Err(failed(CREATE, self.refusal())),
            Some(Mishap::Hang) if self.world.chance(500) => {
                self.pause(Duration::from_secs(60)).await;
            }
            _ => {}
        }
        let landed = self.dispatch(thread, text.to_owned(), mark.clone());
        match mishap {
            Some(Mishap::CrashAfter) => return self.die(&operation, "after").await,
            Some(Mishap::Hang) => self.pause(Duration::from_secs(60)).await,
            Some(Mishap::Slow) => self.pause(self.world.millis(1_000..12_000)).await,
            _ => {}
        }
        let landed = landed.await;
        self.pause(self.world.millis(1..40)).await;
        match landed {
            Ok(_) if mishap == Some(Mishap::FailAfter) => Err(failed(CREATE, ServiceFailure::InDoubt)),
            Ok(landed) => landed.map_err(|failure| failed(CREATE, failure)),
            Err(_) => Err(failed(CREATE, ServiceFailure::InDoubt)),
        }
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let thread = name_of(target);
        let about = format!("{mark} in {thread}");
        let run = || self.world.threads.find(&thread, &mark.to_string(), since, self.world.now());
        let read = Operation::read(Port::Threads, "find", &about);
        self.operate(read, run, || later("find the comment")).await
    }
}

impl Ports {
    /// How a comment that certainly was not created fails: most often with a word that leaves it open.
    fn refusal(&self) -> ServiceFailure {
        match self.world.between(0..6) {
            0 => ServiceFailure::Later { after: None },
            1 => ServiceFailure::Later { after: Some(Duration::from_secs(20)) },
            2 => ServiceFailure::Throttled { after: Duration::from_secs(45) },
            _ => ServiceFailure::InDoubt,
        }
    }
}

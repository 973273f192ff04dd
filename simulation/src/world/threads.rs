//! Threads: comments of people and ours. How they are reached is in `github.rs`.
//!
//! What was sent lands whatever becomes of its sender, and listings lag. Both together stay below the minute
//! that the ledger waits before it looks for a proof; what does not is the one window that no ledger closes
//! (`Scenario::without_proof`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Mark, ThreadState, Timestamp, after};
use futures::channel::oneshot;

use super::{Ports, Publication, World, lock};
use crate::scenario::Credential;

/// The account that people mention. With a token, it is also the one that we write under.
pub const THREADS_LOGIN: &str = "afterhook";
/// What the app is called; its account has `[bot]` behind that.
const APP_SLUG: &str = "afterhook-app";
/// A request is on its way for so long, milliseconds; seldom, for much longer.
const ON_ITS_WAY: std::ops::Range<u64> = 5..300;
const HELD_UP: std::ops::Range<u64> = 2_000..30_000;

/// A person who deletes a comment of ours does so within this, milliseconds.
const BEFORE_A_LOOK: u64 = 60_000;

/// All threads, by their names.
#[derive(Default)]
pub(crate) struct Threads {
    all: Mutex<BTreeMap<String, Thread>>,
    /// Whether our account has got another name.
    renamed: AtomicBool,
}

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
    /// Whose; ours are shown under the name that our account has when somebody looks.
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

/// The thread takes nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Locked;

impl Threads {
    /// A person, or we, have written something; its number.
    pub(crate) fn post(&self, thread: &str, comment: Posted) -> Result<u64, Locked> {
        let mut threads = lock(&self.all);
        let number = threads.values().map(|thread| thread.comments.len() as u64).sum::<u64>() + 1;
        let thread = threads.entry(thread.to_owned()).or_default();
        if thread.state == ThreadState::Locked {
            return Err(Locked);
        }
        thread.comments.push(Posted { id: number, ..comment });
        Ok(number)
    }

    /// A person deletes a comment.
    fn delete(&self, thread: &str, id: u64) {
        if let Some(comment) = lock(&self.all)
            .get_mut(thread)
            .and_then(|thread| thread.comments.iter_mut().find(|comment| comment.id == id))
        {
            comment.listed_at = Timestamp::MAX;
        }
    }

    pub(crate) fn set(&self, thread: &str, state: ThreadState) {
        lock(&self.all).entry(thread.to_owned()).or_default().state = state;
    }

    pub(crate) fn state(&self, thread: &str) -> ThreadState {
        lock(&self.all).get(thread).map(|thread| thread.state).unwrap_or_default()
    }

    /// The comments that listings have, not older than `since`; the oldest first.
    pub(crate) fn listed(&self, thread: &str, since: Option<Timestamp>, now: Timestamp) -> Vec<Posted> {
        let threads = lock(&self.all);
        let comments = threads.get(thread).map(|thread| thread.comments.as_slice()).unwrap_or_default();
        let is_listed = |it: &&Posted| it.listed_at <= now && since.is_none_or(|since| it.at >= since);
        comments.iter().filter(is_listed).cloned().collect()
    }
}

impl World {
    /// What the account that we write under is called now: an app's without its `[bot]`.
    pub(crate) fn our_name(&self) -> String {
        let first = if self.scenario.credential == Credential::Person { THREADS_LOGIN } else { APP_SLUG };
        if self.threads.renamed.load(Ordering::Relaxed) {
            format!("{first}-renamed")
        } else {
            first.to_owned()
        }
    }

    /// Our account gets another name.
    pub(crate) fn rename_us(&self) {
        self.threads.renamed.store(true, Ordering::Relaxed);
        self.note(|| format!("   our account is called {} now", self.our_name()));
    }

    /// A person may delete our comment, whose answer is lost, before anybody has looked for it.
    pub(crate) fn may_delete(self: &Arc<Self>, thread: String, id: u64) {
        let deleted = self.scenario.deleted_per_mille;
        if deleted == 0 || self.is_calm() || !self.chance(deleted) {
            return;
        }
        let (world, wait) = (Arc::clone(self), self.millis(0..BEFORE_A_LOOK));
        self.scheduler.spawn(None, async move {
            tokio::time::sleep(wait).await;
            world.note(|| format!("   somebody deletes comment {id} in {thread}"));
            world.threads.delete(&thread, id);
        });
    }

    /// Our comment lands; its number.
    fn land(&self, thread: &str, text: &str, mark: &Mark) -> Result<u64, Locked> {
        let now = self.now();
        let lag = u64::try_from(self.scenario.max_lag.as_millis()).unwrap_or_default();
        let is_listed = lag == 0 || self.is_calm() || self.chance(500);
        let lag = if is_listed { Duration::ZERO } else { self.millis(0..lag) };
        let posted = Posted {
            id: 0,
            author: self.our_name(),
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
        Ok(number)
    }
}

impl Ports {
    /// Sends a comment on its way, which it goes alone.
    pub(crate) fn dispatch(
        &self,
        thread: String,
        text: String,
        mark: Mark,
    ) -> oneshot::Receiver<Result<u64, Locked>> {
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

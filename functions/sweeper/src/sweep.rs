//! One sweep over the unfinished tasks that are due.

use std::collections::{BTreeMap, HashSet};

use domain::{
    Clock, Depth, Due, Envelope, FORGOTTEN, Lane, Save, Stage, StoreError, Stores, Task, TaskError, TaskId,
    TaskStatus, Timestamp, after,
};
use futures::stream::{self, StreamExt};
use serde::Serialize;
use telemetry::Metrics;
use tracing::{error, info, warn};

use crate::plan::{Plan, plan};

/// New tasks of one stage that are asked for at once. While there are more and it has time, a sweep asks again.
const PER_STAGE: usize = 1_000;
/// Tasks looked at side by side.
const AT_ONCE: usize = 16;
/// Tasks of a sweep that are named in the log when nothing can be done about them. How many there are, its last line says.
const NAMED: u64 = 20;

/// Finds tasks that would otherwise be stuck.
///
/// Everything it does is bound to the revision it has read, so two sweepers at once do no harm.
#[derive(Clone)]
pub struct Sweeper {
    /// Storage and queues.
    pub stores: Stores,
    /// The time.
    pub clock: Clock,
    /// Where metrics go.
    pub metrics: Metrics,
}

/// What a sweep found and did.
#[derive(Debug, Default)]
pub struct Swept {
    /// What it did.
    pub report: Report,
    /// Parked and ended tasks that were due: a message about their draft may be due, too. What cannot be read is due in
    /// each sweep, and is not among them: it would keep the others from their turn.
    pub asked_about: Vec<TaskId>,
    /// What kept the stores from saying all that is due.
    pub unasked: Option<StoreError>,
    /// Every parked task, those that expire first in front; `None` if the stores did not say.
    pub(crate) parked: Option<Vec<Due>>,
    /// Tasks that had been due for long, and that this sweep could do nothing about.
    pub(crate) forgotten: usize,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Tasks that got a fresh message.
    pub woken: u64,
    /// Tasks whose message was still on its way.
    pub postponed: u64,
    /// Drafts that nobody decided about in time.
    pub expired: u64,
    /// Tasks that were too old.
    pub given_up: u64,
    /// Tasks that moved on while the sweep looked at them.
    pub moved_on: u64,
    /// Tasks that could not be read, written or sent for.
    pub errors: u64,
}

/// What is due of a stage.
struct Found {
    /// Those that the sweep has not seen.
    due: Vec<Due>,
    /// How many to ask for next, if there may be more.
    more: Option<usize>,
}

impl Swept {
    /// What was found, if that is all that is due.
    ///
    /// # Errors
    /// [`StoreError`] when the stores did not say of some stage what is due. What they did say is done.
    pub fn whole(mut self) -> Result<Self, StoreError> {
        self.unasked.take().map_or(Ok(self), Err)
    }
}

impl Sweeper {
    /// One sweep over everything that was due when it began, a thousand of each stage at a time. Stops taking up tasks at
    /// `deadline`: the next sweep goes on. What the stores do not say of one stage keeps no other from its turn.
    pub async fn sweep(&self, deadline: Timestamp) -> Swept {
        let now = self.clock.now();
        let depths = self.depths().await;
        let (mut swept, mut seen) = (Swept::default(), HashSet::new());
        let mut stages = Stage::ALL.map(|stage| (stage, PER_STAGE)).to_vec();
        while !stages.is_empty() {
            let mut unfinished = Vec::new();
            for (stage, limit) in stages {
                match self.due(stage, now, limit, &mut seen, &mut swept).await {
                    Ok(Found { due, more }) => {
                        self.work_off(due, now, deadline, &depths, &mut swept).await;
                        unfinished
                            .extend(more.filter(|_| self.clock.now() < deadline).map(|limit| (stage, limit)));
                    }
                    Err(problem) => drop(swept.unasked.get_or_insert(problem)),
                }
            }
            stages = unfinished;
        }
        if swept.report != Report::default() {
            info!(report = ?swept.report, "the sweep has ended");
        }
        swept
    }

    /// Looks at each task of `due` until `deadline`.
    async fn work_off(
        &self,
        due: Vec<Due>,
        now: Timestamp,
        deadline: Timestamp,
        depths: &BTreeMap<&'static str, Depth>,
        swept: &mut Swept,
    ) {
        swept.forgotten += due.iter().filter(|due| is_forgotten(due, now)).count();
        let mut unread = HashSet::new();
        let mut outcomes = stream::iter(due)
            .take_while(|_| futures::future::ready(self.clock.now() < deadline))
            .map(|due| self.look(due, depths))
            .buffer_unordered(AT_ONCE);
        while let Some((due, outcome)) = outcomes.next().await {
            let done = outcome.unwrap_or_else(|problem| {
                self.failed(&due, &problem, &swept.report);
                unread.insert(due.task_id.clone());
                Done::Error
            });
            swept.report.count(done);
            swept.forgotten -= usize::from(is_forgotten(&due, now) && done != Done::Error);
        }
        swept.asked_about.retain(|id| !unread.contains(id));
    }

    /// Says that nothing could be done about a task, but not of each of thousands.
    fn failed(&self, due: &Due, problem: &StoreError, report: &Report) {
        if report.errors < NAMED {
            error!(task_id = %due.task_id, %problem, "the task could not be swept; the next sweep tries again");
        }
        if problem.is_refusal() {
            self.metrics.not_ready("store");
        }
    }

    /// Tasks of `stage` that are due and that this sweep has not seen: what has just been seen to may be in the index
    /// for a moment still, and what cannot be read stays in front. Every question costs a query of each shard of the index,
    /// so what is found serves those who count and those who deliver messages as well.
    async fn due(
        &self,
        stage: Stage,
        now: Timestamp,
        limit: usize,
        seen: &mut HashSet<TaskId>,
        swept: &mut Swept,
    ) -> Result<Found, StoreError> {
        let is_parked = stage == Stage::AwaitingApproval;
        let counts = is_parked && swept.parked.is_none();
        let before = if counts { Timestamp::MAX } else { now };
        let mut due = self.stores.tasks.due(stage, before, limit).await?;
        if counts {
            swept.parked = Some(due.clone());
        }
        let is_full = due.len() == limit && due.last().is_some_and(|last| last.due_at <= now);
        let found = due.len();
        due.retain(|due| due.due_at <= now && seen.insert(due.task_id.clone()));
        if is_parked || stage == Stage::Ended {
            swept.asked_about.extend(due.iter().map(|due| due.task_id.clone()));
        }
        let known = found - due.len();
        Ok(Found { due, more: is_full.then_some(PER_STAGE + known) })
    }

    /// The lanes' depths. An unknown depth counts as full, which only makes the sweeper patient.
    async fn depths(&self) -> BTreeMap<&'static str, Depth> {
        let mut depths = BTreeMap::new();
        for lane in Lane::ALL {
            let depth = self.stores.queue.depth(Some(lane)).await.unwrap_or_else(|problem| {
                warn!(%lane, %problem, "the lane's depth is not known");
                Depth { ready: u64::MAX, in_flight: 0 }
            });
            depths.insert(lane.as_str(), depth);
        }
        depths
    }

    async fn look(
        &self,
        due: Due,
        depths: &BTreeMap<&'static str, Depth>,
    ) -> (Due, Result<Done, StoreError>) {
        let depth = depths.get(due.lane.as_str()).copied().unwrap_or_default();
        let done = self.act(&due, depth).await;
        (due, done)
    }

    async fn act(&self, due: &Due, depth: Depth) -> Result<Done, StoreError> {
        let Some(mut task) = self.stores.tasks.get(&due.task_id).await? else { return Ok(Done::MovedOn) };
        let now = self.clock.now();
        match plan(&task, depth, now) {
            Plan::Nothing => Ok(Done::MovedOn),
            Plan::Postpone { look_again } => {
                task.control.due_at = Some(look_again);
                self.save(&mut task, Done::Postponed).await
            }
            Plan::Wake { look_again } => self.wake(task, look_again, now).await,
            Plan::Expire => self.expire(task, now).await,
            Plan::GiveUp => self.give_up(task, now).await,
        }
    }

    /// Counts first, then sends: a crash in between costs some time, and the other order would send without end.
    async fn wake(&self, mut task: Task, look_again: Timestamp, now: Timestamp) -> Result<Done, StoreError> {
        task.doc.wakes += 1;
        if task.control.status.is_end() {
            task.follow_up_sent(look_again, now);
        } else {
            task.control.due_at = Some(look_again);
        }
        task.note(now, "a fresh message was sent");
        self.save_and_send(&mut task, Done::Woken).await
    }

    /// Writes the task, then sends a message for it. The write says when one that was not sent is missed.
    async fn save_and_send(&self, task: &mut Task, done: Done) -> Result<Done, StoreError> {
        let envelope =
            Envelope { task_id: task.id.clone(), lane: lane(task), tenant: task.doc.tenant.clone() };
        let saved = self.save(task, done).await?;
        if saved == done
            && let Err(problem) = self.stores.queue.send(&envelope).await
        {
            warn!(task_id = %envelope.task_id, %problem, "the message was not sent; a later sweep sends it");
            return Ok(Done::Error);
        }
        Ok(saved)
    }

    async fn expire(&self, mut task: Task, now: Timestamp) -> Result<Done, StoreError> {
        domain::expire(&mut task, now).map_err(|illegal| StoreError::broken("sweep", illegal))?;
        let done = self.save_and_send(&mut task, Done::Expired).await?;
        if done != Done::MovedOn {
            telemetry::decided(&task);
        }
        Ok(done)
    }

    async fn give_up(&self, mut task: Task, now: Timestamp) -> Result<Done, StoreError> {
        let message = format!(
            "the task was not finished within {} days; its last note was: {}",
            domain::MAX_OPEN_DAYS,
            last_word(&task)
        );
        error!(task_id = %task.id, message, "the task was given up for its age");
        task.doc.error = Some(TaskError::new("sweep", "too_old", &message));
        task.record_follow_up(now);
        task.transition(TaskStatus::Failed, now, &message)
            .map_err(|illegal| StoreError::broken("sweep", illegal))?;
        self.save_and_send(&mut task, Done::GivenUp).await
    }

    async fn save(&self, task: &mut Task, done: Done) -> Result<Done, StoreError> {
        Ok(match self.stores.tasks.save(task).await? {
            Save::Done => done,
            Save::Stale => Done::MovedOn,
        })
    }
}

/// A person waits for what has been decided; everything else has the lane of its priority.
fn lane(task: &Task) -> Lane {
    if task.doc.decision.is_some() { Lane::Express } else { task.doc.priority.lane() }
}

fn is_forgotten(due: &Due, now: Timestamp) -> bool {
    after(due.due_at, FORGOTTEN) <= now
}

fn last_word(task: &Task) -> &str {
    task.doc.timeline.last().map_or("nothing", |entry| entry.note.as_str())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Woken,
    Postponed,
    Expired,
    GivenUp,
    MovedOn,
    Error,
}

impl Report {
    fn count(&mut self, done: Done) {
        let counter = match done {
            Done::Woken => &mut self.woken,
            Done::Postponed => &mut self.postponed,
            Done::Expired => &mut self.expired,
            Done::GivenUp => &mut self.given_up,
            Done::MovedOn => &mut self.moved_on,
            Done::Error => &mut self.errors,
        };
        *counter += 1;
    }
}

//! Clicks that decided nothing, and those about an answer: who clicked, and what they are told.
//!
//! Ingest takes a click in and cannot answer it in words, since it holds no client of the service. It stores the
//! click as a part of the task. Whoever works on the task's next message answers it. The parts stay, as the audit
//! of these clicks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Approver, Blob, Closed, Outcome, PartKey, PutNew, ServiceError, StoreError, Stores, Task, TaskStatus,
    Timestamp, between,
};

/// A click older than this is not answered: the person has gone on.
const STALE: Duration = Duration::from_secs(900);

/// What came of a click.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClickKind {
    /// Who clicked is no approver.
    NotAllowed,
    /// Who clicked has requested the task.
    OwnTask,
    /// The draft was decided before, expired, or was replaced by another one.
    TooLate,
    /// Nobody has written the draft yet.
    Unwritten,
    /// The intent that was chosen is none of agent.toml any more.
    UnknownIntent,
    /// There is no published answer to judge.
    NotPublished,
    /// The word about the answer is kept.
    Judged,
}

/// A click whose person is to be told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    /// The workspace.
    pub team: String,
    /// Who.
    pub user: String,
    /// What came of it.
    pub kind: ClickKind,
    /// The draft that it was about.
    pub draft_hash: String,
    /// When it was received.
    pub at: Timestamp,
}

impl ClickKind {
    /// The word in logs and names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAllowed => "not_allowed",
            Self::OwnTask => "own_task",
            Self::TooLate => "too_late",
            Self::Unwritten => "unwritten",
            Self::UnknownIntent => "unknown_intent",
            Self::NotPublished => "not_published",
            Self::Judged => "judged",
        }
    }
}

impl Click {
    /// What parts with clicks begin with.
    const CLICKS: &str = "click:";

    /// One per person, draft and kind: whoever clicks again and again is stored and answered once.
    fn part(&self, prefix: &str) -> PartKey {
        PartKey::from_name(format!("{prefix}{}:{}:{}", self.draft_hash, self.user, self.kind.as_str()))
    }
}

/// Keeps `click` with `task`. Says whether it is the first of its kind.
///
/// # Errors
/// [`StoreError`].
pub async fn record_click(stores: &Stores, task: &Task, click: &Click) -> Result<PutNew, StoreError> {
    let blob = Blob::of_json("keep a click", click)?;
    stores.payloads.put_new(&task.id, &click.part(Click::CLICKS), &blob, task.parts_forgotten_at()).await
}

/// Answers every click on `task` that was not answered yet, each at most once. A lost answer does no harm: the
/// message itself says how the draft was decided. Returns what the service refused.
///
/// # Errors
/// [`StoreError`].
pub async fn answer_clicks(
    stores: &Stores,
    approver: &dyn Approver,
    task: &Task,
    now: Timestamp,
) -> Result<Vec<ServiceError>, StoreError> {
    let mut failures = Vec::new();
    for (_, blob) in stores.payloads.list(&task.id, Click::CLICKS).await? {
        let click: Click = blob.json("read a click")?;
        if between(click.at, now) > STALE {
            continue;
        }
        let told = Blob::pack(&[]).map_err(|error| StoreError::broken("answer a click", error))?;
        let part = click.part("told:");
        if stores.payloads.put_new(&task.id, &part, &told, task.parts_forgotten_at()).await? == PutNew::Stored
            && let Err(error) = approver.tell(&click.user, &words(task, &click)).await
        {
            failures.push(error);
        }
    }
    Ok(failures)
}

fn words(task: &Task, click: &Click) -> String {
    match click.kind {
        ClickKind::NotAllowed => format!(
            "You may not decide about this draft. Who may is listed as `approvers` in agent.toml; your id is {}.",
            click.user
        ),
        ClickKind::OwnTask => "You requested this task: somebody else has to decide about it.".to_owned(),
        ClickKind::TooLate => too_late(task, &click.draft_hash),
        ClickKind::Unwritten => {
            "Nobody has written this answer yet, and nothing was decided: write it in the console, or reject it.".to_owned()
        }
        ClickKind::UnknownIntent => {
            "agent.toml has no such intent any more, and nothing was decided: use the buttons.".to_owned()
        }
        ClickKind::NotPublished => "Its answer is not published: judge it once it is.".to_owned(),
        ClickKind::Judged => "Thank you. It is kept with the task, for the next evaluation.".to_owned(),
    }
}

fn too_late(task: &Task, draft_hash: &str) -> String {
    let about = |closed: &&Closed| closed.outcome.is_some();
    let mut notices = task.doc.notices.iter().rev().filter(|notice| notice.draft_hash == draft_hash);
    let closed = notices.find_map(|notice| notice.closed.as_ref());
    match closed.filter(about) {
        Some(Closed { outcome: Some(Outcome::Expired), at, .. }) => {
            format!("Nobody decided in time: this draft expired at {at}.")
        }
        Some(closed) => {
            let done = closed.outcome.map_or("decided", Outcome::as_str);
            format!("This draft was already {done} by {} at {}.", closed.by, closed.at)
        }
        None if task.control.status == TaskStatus::AwaitingApproval => {
            "The draft has changed since: decide about the new one.".to_owned()
        }
        None => "This draft can no longer be decided about.".to_owned(),
    }
}

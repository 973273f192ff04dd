//! Port: [`Publisher`], a service where threads live and answers go.

use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

use crate::{Audience, Document, Event, Proof, Redeliveries, Target, TaskId, ThreadState, Timestamp};

/// A service with threads of comments.
///
/// Implementations never retry [`Publisher::publish`] at the transport: whether a lost request took
/// effect is for the effect ledger to find out.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// The account that comments are written under.
    async fn login(&self) -> Result<String, ServiceError>;

    /// The last `limit` comments of the thread, oldest first.
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError>;

    /// Whether people can still be answered in the thread, as of now. A service without such states says yes; a thread
    /// that takes no comment then refuses it ([`ServiceFailure::Closed`]).
    async fn state(&self, _target: &Target) -> Result<ThreadState, ServiceError> {
        Ok(ThreadState::Open)
    }

    /// Adds a comment that carries `mark`.
    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError>;

    /// The comment with `mark` written by our own account at or after `since`, if there is one. A
    /// mark under another account's name proves nothing: anybody can paste it. Which account is ours is for the service to
    /// say; `None` would have the comment written again.
    ///
    /// # Errors
    /// [`ServiceFailure::InDoubt`] if a comment has the mark and nobody can say whether it is ours: a person must.
    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError>;

    /// Whether the service knows a comment that is published again by an id of ours, and makes no second one, even where
    /// the first is not listed yet. If so, a failure that the service reports is resolved sooner than a lost answer.
    /// Otherwise we wait: listings may lag, and a request answered 502 by a front may still be carried out behind it.
    fn knows_repetitions(&self) -> bool {
        false
    }

    /// The labels of its threads; `None` for a service whose threads have none.
    fn labels(&self) -> Option<&dyn Labels> {
        None
    }

    /// Notes among the staff; `None` for a service whose threads have none: it cannot answer internally.
    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        None
    }

    /// What the service tells people of our account besides its login. Asked at the set-up, by one request or two; what
    /// it does not tell, or refuses to, is left out.
    async fn facts(&self) -> AccountFacts {
        AccountFacts::default()
    }

    /// What it knows of events besides their threads; `None` for a service that has nothing of that kind.
    fn reference(&self) -> Option<&dyn Reference> {
        None
    }

    /// The record of its webhooks; `None` for a service that sends again what failed, or has no such record.
    fn redeliveries(&self) -> Option<&dyn Redeliveries> {
        None
    }

    /// What people think of our comments; `None` for a service that has no such thing, or where it is not read.
    fn reactions(&self) -> Option<&dyn ReadsReactions> {
        None
    }

    /// Where a person can look at the thread, as far as that is known without asking anybody.
    fn link(&self, _target: &Target) -> Option<String> {
        None
    }
}

/// What a service tells of our account, for whoever sets it up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// By what people know it, where its login is an id of programs.
    pub name: Option<String>,
    /// What it may do, if that is enough to answer; what it has or lacks, if it is not. `None` if that is not told.
    pub rights: Option<Result<String, String>>,
    /// What an answer takes, in words behind `see that`. `None` where nothing more is to be seen to.
    pub needs: Option<&'static str>,
}

impl AccountFacts {
    /// Those of a token with these `scopes`, of which one that is `enough` lets it answer.
    #[must_use]
    pub fn of_scopes(scopes: Option<&[String]>, enough: &[&str], needs: &'static str) -> Self {
        let rights = scopes.map(|scopes| {
            let said = format!("the token has the scopes {}", scopes.join(", "));
            let suffices = scopes.iter().any(|scope| enough.contains(&scope.as_str()));
            if suffices { Ok(said) } else { Err(said) }
        });
        Self { name: None, rights, needs: Some(needs) }
    }
}

/// The labels of threads: a capability of services whose threads can have them.
#[async_trait]
pub trait Labels: Send + Sync {
    /// The labels of the thread.
    async fn list(&self, target: &Target) -> Result<Vec<String>, ServiceError>;

    /// Adds labels to the thread; those that it has already stay as they are.
    async fn add(&self, target: &Target, labels: &[String]) -> Result<(), ServiceError>;
}

/// Notes among the staff: a capability of services where a thread has comments that its customers do not see.
/// [`Publisher::history`] leaves them out; [`Publisher::find`] finds ours.
#[async_trait]
pub trait InternalNotes: Send + Sync {
    /// The last `limit` comments of the thread and notes of the whole staff, oldest first.
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError>;

    /// Adds a note that carries `mark`, to be seen by the staff alone.
    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError>;

    /// Who can see the comment or note called `id` now: what the event says of it may be old, or wrong. `None` if
    /// the service does not say.
    async fn audience(&self, target: &Target, id: &str) -> Result<Option<Audience>, ServiceError>;
}

/// Reactions to comments: a capability of services where people show with a mark what they think of one.
#[async_trait]
pub trait ReadsReactions: Send + Sync {
    /// How many have reacted with 👍 and with 👎 to our comment that `proof` names, in the place called `tenant`; `None`
    /// where that is not told.
    async fn thumbs(&self, tenant: &str, proof: &Proof) -> Result<Option<(u64, u64)>, ServiceError>;
}

/// Reference texts: a capability of services that know more about what an event is about than its thread says.
#[async_trait]
pub trait Reference: Send + Sync {
    /// What the answer model should have read of the matter of `event`, bounded: the changed files of a pull request,
    /// the end of a log. Untrusted.
    async fn about(&self, event: &Event) -> Result<Vec<Document>, ServiceError>;
}

/// A comment of a thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// The service's id.
    pub id: String,
    /// Who wrote it.
    pub author: String,
    /// Whether that is our own account.
    pub ours: bool,
    /// What it says. Untrusted, unless it is ours.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
}

/// What makes one effect of one task recognisable in the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The task.
    pub task_id: TaskId,
    /// The effect's name in the ledger.
    pub effect: String,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "afterhook:{}", self.task_id)?;
        if self.effect == "reply" { Ok(()) } else { write!(f, ":{}", self.effect) }
    }
}

/// A service did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service}: {operation}: {message}")]
pub struct ServiceError {
    /// The service, such as `github`.
    pub service: &'static str,
    /// The operation, such as `create a comment`.
    pub operation: &'static str,
    /// What the caller does next.
    pub failure: ServiceFailure,
    /// What the service said; free of secrets.
    pub message: String,
}

/// What the kind of a task's error ends with while its service refuses our account ([`ServiceFailure::AccountRefused`],
/// [`ServiceFailure::PlaceRefused`]).
pub const ACCOUNT_REFUSED: &str = "_account";

/// What the caller of a service does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceFailure {
    /// It certainly did not happen; try later, and not before `after` if the service named a time.
    Later {
        /// How long to wait at the least.
        after: Option<Duration>,
    },
    /// The service is out of capacity for us (a rate limit): try after that long. No failure of the
    /// task.
    Throttled {
        /// How long to wait at the least.
        after: Duration,
    },
    /// It may have happened: no answer came back.
    InDoubt,
    /// It may have happened, though the service answers that it failed itself (500, 502, 503 without a time): most
    /// likely it did not, and nothing of it is on its way any more.
    ServerError,
    /// It will never happen as asked (no such thread, no permission, refused content).
    Refused,
    /// The service refuses our account altogether: a wrong credential, a suspension, a bill that is not paid. It
    /// certainly did not happen, every other request meets the same, and a person must mend it.
    AccountRefused,
    /// The service refuses our account in this place alone: a channel that it was not invited to, a team that it is no
    /// member of. As above, but elsewhere our account goes on.
    PlaceRefused,
    /// The service does not find the thread: it is gone, or hidden from our account. As above while nobody can tell which.
    NotFound,
    /// The thread is locked, closed for good or deleted: it takes nothing more, and nobody has to mend
    /// anything.
    Closed,
}

impl ServiceFailure {
    /// Whether it may have happened.
    #[must_use]
    pub fn is_in_doubt(self) -> bool {
        match self {
            Self::InDoubt | Self::ServerError => true,
            Self::Later { .. }
            | Self::Throttled { .. }
            | Self::Refused
            | Self::AccountRefused
            | Self::PlaceRefused
            | Self::NotFound
            | Self::Closed => false,
        }
    }
}

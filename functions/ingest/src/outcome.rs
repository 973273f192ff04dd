//! What can become of a webhook: an [`Outcome`] that its sender is done with, or a [`Refusal`].

use domain::{DecideError, HappeningError, QueueError, StoreError, TakeInError, TaskId};
use webhook::Rejection;

/// The sender is done with it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Task, raw body and message are stored.
    Accepted(TaskId),
    /// An earlier delivery of the same event, or of what it reports, was accepted.
    Duplicate(TaskId),
    /// It was a person's decision about a draft, or their word about an answer, and is durable.
    Decided(TaskId),
    /// Genuine, and of no interest: nothing is stored.
    Ignored(&'static str),
    /// Genuine, and of a kind that this version does not know and nobody has named: nothing is stored. With what can
    /// be done about it.
    Unknown(&'static str),
    /// The sender tried the connection out.
    Pong,
    /// The sender wants this text back.
    Challenge(String),
}

/// It is not taken. The text is for the log; what the sender is told is [`crate::answer`]'s.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// No such `[sources.NAME]`.
    #[error("there is no source of this name in agent.toml")]
    UnknownSource,
    /// More than [`crate::MAX_BODY_BYTES`].
    #[error("the body is too large")]
    TooLarge,
    /// The sender went away while it sent.
    #[error("the body did not arrive in full")]
    Incomplete,
    /// Not a media type in which this sender sends.
    #[error("the media type must be one of {}", wanted.join(", "))]
    MediaType {
        /// Those it sends in.
        wanted: &'static [&'static str],
    },
    /// A media type that the body's own bytes contradict.
    #[error("the media type is not that of the body, which is {is}")]
    Contradiction {
        /// That of the body.
        is: &'static str,
    },
    /// Nothing to check the signature against: unsigned webhooks are never accepted.
    #[error("no signing secret is configured for this source: set {variable}")]
    NoSecret {
        /// The variable that would hold it.
        variable: String,
    },
    /// The signing secrets cannot be read, so nothing can be said about the signature.
    #[error(transparent)]
    SecretsUnreadable(#[from] crate::Unreadable),
    /// The signature is missing, wrong or stale.
    #[error("{0}")]
    Signature(Rejection),
    /// Signed, and not JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// A store or queue failed: the sender must try again.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Something hung: the sender must try again.
    #[error("it took too long to {step}")]
    TooSlow {
        /// What was being done.
        step: &'static str,
    },
}

/// Which step of storing failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StorageError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    TakeIn(#[from] TakeInError),
    #[error(transparent)]
    Happening(#[from] HappeningError),
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// How far a webhook has come, for the log line of one that fails or hangs.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    /// Its task, once the signature holds.
    pub(crate) task_id: Option<TaskId>,
    /// Kind and action, once they are read.
    pub(crate) event: Option<String>,
    /// What is being done.
    pub(crate) step: &'static str,
}

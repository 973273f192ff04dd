//! [`Filter`]: which events are worth a task.

use domain::Event;

/// Which comments the agent answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CommentPolicy {
    /// Those that mention it: `@` and its login.
    #[default]
    Mention,
    /// All comments of people.
    Thread,
    /// None.
    Never,
}

/// The event filter and the loop guard of one source.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Events that are taken, such as `issues.opened`; `None` takes every event.
    pub events: Option<Vec<String>>,
    /// Which comments are taken.
    pub comments: CommentPolicy,
    /// The agent's own account, if it is known here.
    pub login: Option<String>,
}

/// Why an event gets no task: the `reason` of the answer `ignored`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IgnoreReason {
    /// Not among the events of the source.
    Unsubscribed,
    /// Written by a bot.
    Bot,
    /// Written by the agent itself.
    OwnAccount,
    /// A comment that the policy leaves out.
    NotMentioned,
    /// Older than the source allows.
    Stale,
}

impl Filter {
    /// Why `event` gets no task; `None` when it gets one.
    #[must_use]
    pub fn ignores(&self, _event: &Event) -> Option<IgnoreReason> {
        None
    }
}

//! [`Filter`]: which events are worth a task; [`check_age`]: which are too old for one.

use std::time::Duration;

use domain::{Event, ThreadState, Timestamp, between};

use crate::mentions;

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
    /// Events that are taken, such as `issues.opened`, or `issues` for all of that kind; `None`
    /// takes every event.
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
    /// A comment in a thread that is over.
    ThreadClosed,
    /// Sent as another event too, which is taken.
    Twin,
    /// Older than the source allows.
    Stale,
}

impl IgnoreReason {
    /// The word in answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bot => "bot",
            Self::OwnAccount => "own_account",
            Self::NotMentioned => "not_mentioned",
            Self::ThreadClosed => "thread_closed",
            Self::Twin => "twin",
            Self::Stale => "stale",
        }
    }
}

impl Filter {
    /// Why `event` gets no task; `None` when it gets one.
    ///
    /// The loop guard goes by the account alone. A marker in the text would be no guard: anybody can
    /// paste it, to silence the agent. Where the agent's login is not known (ingest holds no GitHub
    /// credentials), a comment under [`CommentPolicy::Mention`] is let through; whoever knows the
    /// login later, the processor, asks [`mentions`] and this filter again.
    #[must_use]
    pub fn ignores(&self, event: &Event) -> Option<IgnoreReason> {
        if !self.takes(&event.name) {
            Some(IgnoreReason::Unsubscribed)
        } else if event.twin.as_ref().is_some_and(|twin| self.takes(twin)) {
            Some(IgnoreReason::Twin)
        } else if self.is_own(event) {
            Some(IgnoreReason::OwnAccount)
        } else if event.actor_is_bot {
            Some(IgnoreReason::Bot)
        } else if event.comment_id.is_some() && !self.answers(event) {
            Some(IgnoreReason::NotMentioned)
        } else if event.comment_id.is_some() && self.is_over(event) {
            Some(IgnoreReason::ThreadClosed)
        } else {
            None
        }
    }

    fn takes(&self, name: &str) -> bool {
        let kind = name.split('.').next().unwrap_or(name);
        self.events.as_ref().is_none_or(|events| events.iter().any(|taken| taken == name || taken == kind))
    }

    /// An app's account is its login and `[bot]`; the login may be configured either way.
    fn is_own(&self, event: &Event) -> bool {
        self.login.as_deref().filter(|login| !login.is_empty()).is_some_and(|login| {
            let accounts = event.actor_id.iter().chain([&event.actor]);
            accounts.into_iter().any(|actor| {
                let account = actor.strip_suffix("[bot]").unwrap_or(actor);
                actor.eq_ignore_ascii_case(login) || account.eq_ignore_ascii_case(login)
            })
        })
    }

    /// Whether nobody waits for an answer to this comment: the thread takes none, or it is settled and the
    /// comment is not meant for us. Where our login is not known, the one who knows it decides.
    fn is_over(&self, event: &Event) -> bool {
        let spoken_to = |login: &str| event.addressed || mentions(&event.text, login);
        match event.thread_state {
            ThreadState::Open => false,
            ThreadState::Closed => self.login.as_deref().is_some_and(|login| !spoken_to(login)),
            ThreadState::Locked => true,
        }
    }

    fn answers(&self, event: &Event) -> bool {
        match (self.comments, self.login.as_deref()) {
            (CommentPolicy::Thread, _) | (CommentPolicy::Mention, None) => true,
            (CommentPolicy::Mention, Some(login)) => event.addressed || mentions(&event.text, login),
            (CommentPolicy::Never, _) => false,
        }
    }
}

/// Whether `event` is older than `max_age` by its own, signed date: against replays that outlive the
/// record of the first delivery. Without a limit or a date nothing is stale.
#[must_use]
pub fn check_age(event: &Event, max_age: Option<Duration>, now: Timestamp) -> Option<IgnoreReason> {
    let age = between(event.occurred_at?, now);
    (age > max_age?).then_some(IgnoreReason::Stale)
}

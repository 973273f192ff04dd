//! [`Filter`]: which events are worth a task; [`check_age`]: which are too old for one.

use std::time::Duration;

use domain::{Audience, Event, ThreadState, Timestamp, between};
use markdown::{says, says_in_words, visible_line};

use crate::mentions;

/// Which comments the agent answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CommentPolicy {
    /// Those that mention it: `@` and its login.
    #[default]
    Mention,
    /// All comments of people, but for answers of the staff that do not mention the agent.
    Thread,
    /// None.
    Never,
}

/// What becomes of events that only the staff can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InternalPolicy {
    /// They are ignored.
    #[default]
    Ignore,
    /// They are answered where the staff alone can see it.
    AnswerInternally,
}

/// The event filter and the loop guard of one source.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Events that are taken, such as `issues.opened`, or `issues` for all of that kind; `None`
    /// takes every event, but for those with an ending.
    pub events: Option<Vec<String>>,
    /// Last words of the names of events that are taken only if they are named ([`crate::Row::endings`]).
    pub endings: &'static [&'static str],
    /// Which comments are taken.
    pub comments: CommentPolicy,
    /// The name by which people mention the agent, if it is known here; nothing that it writes is answered.
    pub login: Option<String>,
    /// The account that the service itself names as ours, which may be another name, or none that people write.
    pub account: Option<String>,
    /// What becomes of internal notes and the like.
    pub internal: InternalPolicy,
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
    /// Only the staff can see it, or a part of it.
    Internal,
    /// It has no thread, and all that could handle it answers there.
    NoThread,
    /// It has neither text nor a file that could be shown to the model.
    Empty,
    /// Older than the source allows.
    Stale,
}

impl IgnoreReason {
    /// The word in answers and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribed => "unsubscribed",
            Self::Bot => "bot",
            Self::OwnAccount => "own_account",
            Self::NotMentioned => "not_mentioned",
            Self::ThreadClosed => "thread_closed",
            Self::Internal => "internal",
            Self::NoThread => "no_thread",
            Self::Empty => "empty",
            Self::Stale => "stale",
        }
    }
}

impl IgnoreReason {
    const ALL: [Self; 9] = [
        Self::Unsubscribed,
        Self::Bot,
        Self::OwnAccount,
        Self::NotMentioned,
        Self::ThreadClosed,
        Self::Internal,
        Self::NoThread,
        Self::Empty,
        Self::Stale,
    ];

    /// Whether the note of an ignored task, its word alone or with more behind a colon, is one of these reasons.
    #[must_use]
    pub fn begins(note: &str) -> bool {
        let word = note.split(':').next();
        Self::ALL.iter().any(|reason| word == Some(reason.as_str()))
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
        } else if self.is_too_private(event.audience) {
            Some(IgnoreReason::Internal)
        } else if self.is_own(event) {
            Some(IgnoreReason::OwnAccount)
        } else if event.actor_is_bot {
            Some(IgnoreReason::Bot)
        } else if is_empty(event) {
            Some(IgnoreReason::Empty)
        } else if event.comment_id.is_some() && !self.answers(event) {
            Some(IgnoreReason::NotMentioned)
        } else if event.comment_id.is_some() && self.is_over(event) {
            Some(IgnoreReason::ThreadClosed)
        } else {
            None
        }
    }

    /// Takes in that the service calls our account so: what it writes is ours. It is the name to be mentioned by, too,
    /// unless agent.toml has one.
    pub fn know(&mut self, account: &str) {
        self.account = Some(account.to_owned());
        self.login.get_or_insert_with(|| account.to_owned());
    }

    /// Whether events of that name are subscribed to.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        let kind = name.split('.').next().unwrap_or(name);
        match &self.events {
            Some(events) => events.iter().any(|taken| taken == name || taken == kind),
            None => !name.rsplit('.').next().is_some_and(|last| self.endings.contains(&last)),
        }
    }

    /// Whether an event may be subscribed to when only its kind is known.
    #[must_use]
    pub fn may_take(&self, name: &str) -> bool {
        let of_kind = |taken: &String| taken.split('.').next() == Some(name);
        self.takes(name) || self.events.as_ref().is_some_and(|events| events.iter().any(of_kind))
    }

    /// No client of ours answers a role or a group alone.
    fn is_too_private(&self, audience: Audience) -> bool {
        match audience {
            Audience::Public => false,
            Audience::Internal => self.internal == InternalPolicy::Ignore,
            Audience::Restricted => true,
        }
    }

    /// An app's account is its login and `[bot]`; the login may be configured either way.
    fn is_own(&self, event: &Event) -> bool {
        let ours = self.login.iter().chain(&self.account).filter(|login| !login.is_empty());
        ours.into_iter().any(|login| {
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
        match event.thread_state {
            ThreadState::Open => false,
            ThreadState::Closed => self.login.is_some() && !self.is_spoken_to(event),
            ThreadState::Locked => true,
        }
    }

    fn answers(&self, event: &Event) -> bool {
        match self.comments {
            // Without a name to mention, the one who knows it decides.
            CommentPolicy::Thread if event.by_staff => {
                self.is_spoken_to(event) || (self.login.is_none() && event.text.contains('@'))
            }
            CommentPolicy::Thread => true,
            CommentPolicy::Mention => self.login.is_none() || self.is_spoken_to(event),
            CommentPolicy::Never => false,
        }
    }

    /// Whether the author of `event` means us: by the sender's word, by a mention that the sender marks, which names an
    /// account, or by one in the text.
    fn is_spoken_to(&self, event: &Event) -> bool {
        let is_spoken_to = || match &event.mentioned {
            Some(accounts) => {
                let is_ours = |name: &String| accounts.iter().any(|it| it.eq_ignore_ascii_case(name));
                self.login.iter().chain(&self.account).any(is_ours)
            }
            None => self.login.as_deref().is_some_and(|login| mentions(&event.text, login)),
        };
        event.addressed || is_spoken_to()
    }
}

/// Whether `event` has no words that an answer could be about. The title of a thread says nothing of a comment on it.
#[must_use]
pub fn is_wordless(event: &Event) -> bool {
    let titled = || event.title.as_deref().is_some_and(|title| !visible_line(title).trim().is_empty());
    let speaks = says_in_words(&event.text) || (event.comment_id.is_none() && titled());
    !speaks
}

/// Whether there is nothing in `event` that an answer could be about: no words, no image, no file that can be fetched.
/// Whether the model may see them is for those to say who know the hosts that they may come from.
fn is_empty(event: &Event) -> bool {
    is_wordless(event) && !says(&event.text) && event.attachments.iter().all(|file| file.url.is_none())
}

/// How old an event may be by its own date where agent.toml sets no `max_event_age` and the sender signs no time: no
/// sender delivers later than that, and the record by which a delivery played back is known lives longer
/// ([`domain::RETENTION_DAYS`]).
pub const USUAL_MAX_EVENT_AGE: Duration = Duration::from_hours(24 * 28);

/// Whether `event` is older than `max_age` by its own, signed date: against replays that outlive the
/// record of the first delivery. Without a limit or a date nothing is stale.
#[must_use]
pub fn check_age(event: &Event, max_age: Option<Duration>, now: Timestamp) -> Option<IgnoreReason> {
    let age = between(event.occurred_at?, now);
    (age > max_age?).then_some(IgnoreReason::Stale)
}

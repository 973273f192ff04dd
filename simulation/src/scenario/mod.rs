//! [`Scenario`]: all that is decided about a run before it begins, drawn from its seed.
//!
//! Plain data: what a failing run does not need can be taken out of it, and the rest replayed.

mod backlog;
mod draw;
mod shrink;

use std::time::Duration;

use domain::Lane;

use crate::world::Window;

pub use shrink::shrink;

/// What happens in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What everything else is drawn from.
    pub seed: u64,
    /// The agent.toml.
    pub policy: Policy,
    /// What happens when, since the beginning.
    pub plan: Vec<(Duration, Happening)>,
    /// What goes wrong when.
    pub weather: Vec<Window>,
    /// From when on nothing goes wrong any more.
    pub calm: Duration,
    /// How wrong a clock may be.
    pub max_skew: Duration,
    /// Processors of each lane.
    pub processors: usize,
    /// Whether an invocation is killed at its end, as on Lambda, or lives on, as on one machine.
    pub is_lambda: bool,
    /// Of a thousand invocations that are answered, those after which Lambda retires the environment.
    pub retired_per_mille: u32,
    /// Of a thousand comments, those before which their sender stands still once it has a connection.
    pub stalled_per_mille: u32,
    /// How many processors of each lane agent.toml's limits are shared among; `None` for one in all.
    pub lane_bounds: Option<usize>,
    /// Whether one process takes every message, each as a batch of its own, and its successor frees what it held, as in
    /// `dev`.
    pub is_one_process: bool,
    /// Of a thousand answers of an index, those that lag.
    pub stale_per_mille: u32,
    /// Of a thousand messages, those that come late.
    pub late_per_mille: u32,
    /// Of a thousand deliveries, those that happen twice.
    pub doubled_per_mille: u32,
    /// Of a thousand answers and acknowledgements, those that are lost.
    pub lost_per_mille: u32,
    /// Of a thousand comments, those that are held up on their way.
    pub held_up_per_mille: u32,
    /// How long a new comment may be missing in listings.
    pub max_lag: Duration,
    /// Of a thousand comments whose answers are lost, those that a person deletes.
    pub deleted_per_mille: u32,
    /// Of a thousand parts of tasks, those whose bytes are damaged where they are stored.
    pub damaged_per_mille: u32,
    /// Of a thousand ends that can be retried, those that somebody does retry.
    pub retried_per_mille: u32,
    /// What we show GitHub.
    pub credential: Credential,
}

/// What we show GitHub, and what it says of us. An app's account has another name than the one that people mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The token of the account that people mention.
    Person,
    /// The key of an app.
    App,
    /// The token of an app's installation, such as that of GitHub Actions: `GET /user` is closed to it, and GraphQL names its
    /// account.
    Installation,
    /// The same where GraphQL is closed to it, too: nobody says which account is ours.
    Unnamed,
}

/// What agent.toml says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Policy {
    /// When a person must look.
    pub approval: &'static str,
    /// Comments that are sent as conversation.
    pub history: u32,
    /// Whether triage sorts events by an intent. Without one, all are answered unsorted.
    pub sorts: bool,
    /// How long a draft waits.
    pub expires: &'static str,
    /// Replies an hour and thread.
    pub replies: u32,
    /// Whether people are asked in a channel.
    pub asks_channel: bool,
    /// What a day may cost, US cents; `None` for no bound.
    pub budget_cents: Option<u32>,
    /// What one tenant may cost a day, US cents; `None` for no bound.
    pub tenant_cents: Option<u32>,
    /// What each model may be asked in a minute.
    pub rpm: u64,
    /// Tokens of prompts that each model may be sent in a minute; `None` for no bound.
    pub tpm: Option<u64>,
    /// What each model may be asked in a day; `None` for no bound.
    pub rpd: Option<u64>,
    /// Tokens that an answer may have.
    pub output_tokens: u32,
    /// Calls of one host at once.
    pub calls_per_host: u32,
    /// Calls of one model at once; `None` for no bound.
    pub concurrency: Option<u32>,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// Somebody writes, and the service tells us.
    Webhook(Webhook),
    /// Somebody asks for a task.
    ApiTask(ApiTask),
    /// People lock a thread.
    Lock {
        /// Which.
        thread: u64,
    },
    /// People close a thread.
    Close {
        /// Which.
        thread: u64,
    },
    /// The signing secrets are rotated.
    Rotate,
    /// Our account gets another name, and its comments are shown under that.
    Rename,
    /// An environment dies in the middle of whatever it does.
    Kill,
    /// All processors that are at work die.
    KillAll,
    /// An environment that works stands still.
    Freeze {
        /// For so long.
        time: Duration,
    },
}

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Number of the issue.
    pub thread: u64,
    /// Who writes.
    pub actor: &'static str,
    /// What.
    pub kind: Kind,
    /// How long its sender waits before each further try.
    pub tries: Vec<Duration>,
    /// Whether it is sent again though it was taken.
    pub replays: bool,
    /// What the model makes of it.
    pub nature: Nature,
}

/// What somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An issue.
    Opened,
    /// A comment that mentions the agent.
    Comment,
}

impl Kind {
    /// Its name in the unsigned header.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Opened => "issues",
            Self::Comment => "issue_comment",
        }
    }
}

/// A task without a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiTask {
    /// 1 to 5.
    pub priority: u8,
    /// Whether its result is posted somewhere.
    pub callback: bool,
    /// How long its sender waits before each further try.
    pub tries: Vec<Duration>,
    /// What the model makes of it.
    pub nature: Nature,
}

/// What a model makes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nature {
    /// Triage is not sure.
    pub unsure: bool,
    /// It is spam.
    pub spam: bool,
    /// Its prompt is blocked.
    pub blocked: bool,
    /// Whoever works on it dies.
    pub poison: bool,
}

impl Nature {
    /// How sure triage is.
    #[must_use]
    pub fn confidence(self) -> f64 {
        if self.unsure { 0.4 } else { 0.95 }
    }
}

impl Scenario {
    /// Environments that the limits of agent.toml are shared among.
    #[must_use]
    pub fn sharers(&self) -> u64 {
        self.lane_bounds.map_or(1, |each| (each * Lane::ALL.len()) as u64)
    }

    /// Whether a day's money is kept in shards: as the model plane has it, from $20 on, in a fleet of more than ten.
    #[must_use]
    pub fn is_in_shards(&self) -> bool {
        self.policy.budget_cents.is_some_and(|cents| cents >= 2_000) && self.sharers() > 10
    }

    /// What the model makes of event number `number`.
    #[must_use]
    pub fn nature_of(&self, number: usize) -> Nature {
        match self.plan.get(number) {
            Some((_, Happening::Webhook(webhook))) => webhook.nature,
            Some((_, Happening::ApiTask(task))) => task.nature,
            _ => Nature::default(),
        }
    }
}

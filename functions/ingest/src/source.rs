//! [`Source`]: one `[sources.NAME]` of agent.toml, ready to take webhooks.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{Event, Timestamp};
use settings::SourceSettings;
use webhook::{Filter, IgnoreReason, PriorityRules, Row, Sender, check_age};

use crate::outcome::Outcome;

/// What is said of a kind that this version does not know and agent.toml does not name.
const UNKNOWN: &str = "this version does not know this kind of event";
const UNKNOWN_UNMAPPED: &str = "this version does not know this kind of event: describe it by `map`, name it in \
     `events`, and give the source an `automation` that needs no thread";

/// Who sends, how it signs, and which of its events are worth a task.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) sender: Sender,
    pub(crate) priorities: PriorityRules,
    max_event_age: Option<Duration>,
    /// Behind a lock because the agent's own account may become known only after the start.
    filter: RwLock<Arc<Filter>>,
}

impl Source {
    pub(crate) fn new(settings: &SourceSettings) -> Self {
        Self {
            name: settings.name.clone(),
            sender: settings.sender.clone(),
            priorities: settings.priorities.clone(),
            max_event_age: settings.max_event_age,
            filter: RwLock::new(Arc::new(settings.filter.clone())),
        }
    }

    /// Bounds the age of its events where agent.toml does not.
    pub(crate) fn bound_age(&mut self) {
        self.max_event_age = self.max_event_age.or(self.sender.usual_max_event_age());
    }

    pub(crate) fn know(&self, account: &str) {
        let mut filter = self.filter.write().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut filter).know(account);
    }

    /// What is done with an event of that name which no reader reads, where `events` does not ask for it: nothing, and
    /// why. `None` where it was asked for, or is of a kind that is read.
    pub(crate) fn passes_over(&self, name: &str, is_known: fn(&Row, &str) -> bool) -> Option<Outcome> {
        let row = self.sender.provider.row();
        if !self.filter().may_take(name) {
            return Some(Outcome::Ignored(IgnoreReason::Unsubscribed.as_str()));
        }
        let is_unknown = self.takes_everything() && !is_known(row, name);
        is_unknown.then_some(Outcome::Unknown(if row.takes_map { UNKNOWN_UNMAPPED } else { UNKNOWN }))
    }

    /// Whether every event is subscribed to, whatever its name.
    pub(crate) fn takes_everything(&self) -> bool {
        self.filter().events.is_none()
    }

    fn filter(&self) -> Arc<Filter> {
        Arc::clone(&self.filter.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why `event` gets no task; `None` when it gets one.
    pub(crate) fn ignores(&self, event: &Event, now: Timestamp) -> Option<IgnoreReason> {
        self.filter().ignores(event).or_else(|| check_age(event, self.max_event_age, now))
    }
}

//! [`Source`]: one `[sources.NAME]` of agent.toml, ready to take webhooks.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::{Event, Timestamp};
use settings::SourceSettings;
use webhook::{Filter, IgnoreReason, PriorityRules, Sender, check_age};

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

    /// Whether events of that name are subscribed to.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.filter().takes(name)
    }

    /// Whether an event may be subscribed to when only its kind is known.
    pub(crate) fn may_take(&self, name: &str) -> bool {
        self.filter().may_take(name)
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

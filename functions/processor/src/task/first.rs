//! [`First`]: what a second agent works on too.

use std::sync::Arc;

use domain::SPAM;

use crate::task::claimed_task::ClaimedTask;
use crate::{Finished, Interrupt};

/// What the first agent has done with an event.
pub(crate) struct First {
    pub(crate) claimed: Arc<ClaimedTask>,
    /// Whether triage called it spam.
    pub(crate) spam: bool,
}

impl First {
    /// An event for the second agent too: the first has come to an end with it, or its draft waits for a person.
    pub(crate) fn of(claimed: &Arc<ClaimedTask>, outcome: &Result<Finished, Interrupt>) -> Option<Self> {
        let spam = matches!(outcome, Err(Interrupt::Ignore(reason)) if reason == SPAM);
        let counts = spam || matches!(outcome, Ok(_) | Err(Interrupt::Park | Interrupt::Shadow(_)));
        counts.then(|| Self { claimed: Arc::clone(claimed), spam })
    }
}

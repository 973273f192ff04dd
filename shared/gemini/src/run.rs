//! [`Run`]: what belongs to one call of [`domain::Model::generate`], for all links of the chain.

use std::time::Duration;

use domain::{Jitter, ModelCall, Timestamp, after};
use resilience::Deadline;
use tokio::time::Instant;

use crate::client::Client;
use crate::config::Config;
use crate::limits::Policies;

/// Kept back at the end, so that an answer is returned before the deadline, not at it.
const MARGIN: Duration = Duration::from_millis(10);

/// One call under way.
pub(crate) struct Run<'a> {
    pub(crate) call: &'a ModelCall,
    pub(crate) config: &'a Config,
    pub(crate) policies: &'a Policies,
    pub(crate) client: &'a Client,
    pub(crate) jitter: &'a Jitter,
    /// When the call began, by the clock and by the runtime's timer.
    pub(crate) began: (Timestamp, Instant),
}

impl Run<'_> {
    /// The time. Read from the clock once, then carried on by the runtime's timer: the two cannot
    /// drift apart in mid-call, whoever sets the clock meanwhile.
    pub(crate) fn now(&self) -> Timestamp {
        after(self.began.0, self.began.1.elapsed())
    }

    /// What is left for calls.
    pub(crate) fn remaining(&self) -> Duration {
        Deadline::at(self.call.deadline).remaining(self.now()).saturating_sub(MARGIN)
    }
}

//! How a run ends: [`Finished`] if the automation is done, else an [`Interrupt`].

use std::time::Duration;

use domain::{
    ACCOUNT_REFUSED as ACCOUNT, Deferral, MAX_ATTEMPTS, ModelError, ModelFailure, ServiceError,
    ServiceFailure, StoreError, TaskError, TaskOutput, Timestamp, after,
};
use serde::{Deserialize, Serialize};
use webhook::IgnoreReason;

/// How soon a service that refuses our account is asked again: somebody has to mend that first.
const ACCOUNT_RETRY: Duration = Duration::from_secs(120);

/// Kind of the error of a task to which every model gave an answer, and none that can be used.
pub(crate) const UNUSABLE: &str = "unusable_answer";

/// How an automation ended well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Whether it did what was asked.
    pub success: bool,
    /// What it has to show.
    pub output: TaskOutput,
    /// Where to look at it.
    pub output_url: Option<String>,
}

/// Why a run stops. The variants are what happens next to the task.
///
/// An automation passes it up with `?`; it rarely makes one itself.
#[derive(Debug)]
pub enum Interrupt {
    /// Come back later.
    Defer(Box<Deferred>),
    /// No model can be had: come back later. Once that has lasted, a fallback answer will do.
    ModelUnavailable(Box<Deferred>),
    /// A person must decide; the draft is stored, and the task knows it.
    Park,
    /// It cannot be done.
    Fail(Box<TaskError>),
    /// There is nothing to do, for this reason.
    Ignore(String),
    /// It would change something outside, or ask somebody, which a task in shadow never does: it ends with this.
    Shadow(Box<Finished>),
    /// Somebody else holds the task now: write nothing more.
    Lost,
    /// A store does not answer: an orderly deferral, if it can be written.
    Store(StoreError),
}

/// How to come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deferred {
    /// Why, for the timeline: `quota`, `github: create a comment: …`.
    pub why: String,
    /// Not before this; `None` leaves it to the back-off.
    pub not_before: Option<Timestamp>,
    /// Whether that time is a place in a queue, to be named when coming back.
    pub is_slot: bool,
    /// Whether it counts as an attempt; an orderly deferral does not.
    pub counted: bool,
    /// Whether the next back-off is longer for it. What is only a matter of time says nothing of whoever is asked then.
    pub lengthens: bool,
    /// What to tell if there is no attempt left.
    pub error: Option<TaskError>,
    /// The service that refuses our account, if that is why: somebody must hear of it.
    pub refused_by: Option<RefusedBy>,
}

/// A service that refuses our account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefusedBy {
    /// Its name.
    pub service: &'static str,
    /// Whether the other tasks of the tenant meet the same.
    pub whole_tenant: bool,
}

impl Deferred {
    /// One that costs no attempt, with a time that is left to the back-off.
    pub(crate) fn orderly(why: String) -> Self {
        Self {
            why,
            not_before: None,
            is_slot: false,
            counted: false,
            lengthens: true,
            error: None,
            refused_by: None,
        }
    }

    /// Whether a task with so many `attempts` has no attempt left.
    #[must_use]
    pub(crate) fn is_last(&self, attempts: u32) -> bool {
        self.counted && attempts >= MAX_ATTEMPTS
    }

    /// What ends the task then.
    #[must_use]
    pub(crate) fn into_error(self) -> TaskError {
        let why = self.why;
        self.error.unwrap_or_else(|| TaskError::new("processing", "no_attempts_left", why))
    }
}

impl Interrupt {
    /// It cannot be done.
    #[must_use]
    pub fn fail(error: TaskError) -> Self {
        Self::Fail(Box::new(error))
    }

    /// An orderly deferral: costs no attempt.
    pub fn defer(why: impl Into<String>, not_before: Option<Timestamp>) -> Self {
        Self::Defer(Box::new(Deferred { not_before, ..Deferred::orderly(why.into()) }))
    }

    /// Nobody can be answered in the thread any more, or nobody waits for an answer.
    pub(crate) fn thread_closed(why: &str) -> Self {
        Self::Ignore(format!("{}: {why}", IgnoreReason::ThreadClosed.as_str()))
    }

    /// A try that went wrong and may go well next time: costs an attempt.
    #[must_use]
    pub fn retry(error: TaskError) -> Self {
        let why = error.message.clone();
        Self::Defer(Box::new(Deferred { counted: true, error: Some(error), ..Deferred::orderly(why) }))
    }

    /// The graver of two that came up side by side. The loss of the task is graver than a failure, a failure is graver
    /// than a person's decision, and a decision is graver than a delay. Of two delays the longer one counts.
    #[must_use]
    pub(crate) fn or_worse(self, other: Self) -> Self {
        match (&self, &other) {
            (
                Self::Defer(one) | Self::ModelUnavailable(one),
                Self::Defer(another) | Self::ModelUnavailable(another),
            ) => {
                if another.not_before > one.not_before {
                    other
                } else {
                    self
                }
            }
            _ if other.rank() > self.rank() => other,
            _ => self,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Defer(_) | Self::ModelUnavailable(_) => 0,
            Self::Park | Self::Shadow(_) => 1,
            Self::Ignore(_) => 2,
            Self::Fail(_) => 3,
            Self::Store(_) => 4,
            Self::Lost => 5,
        }
    }

    /// What a failed model call means for the task.
    #[must_use]
    pub fn from_model(error: &ModelError) -> Self {
        let fail = |kind: &str| TaskError::new(&error.step, kind, &error.message);
        match error.failure {
            ModelFailure::Defer { why, not_before } => {
                let told = format!("{}: {}", why.as_str(), error.message);
                let is_slot = not_before.is_some();
                let deferred = Deferred { not_before, is_slot, ..Deferred::orderly(told) };
                match why {
                    Deferral::Unavailable | Deferral::DailyQuota | Deferral::Quota | Deferral::Busy => {
                        Self::ModelUnavailable(Box::new(deferred))
                    }
                    Deferral::Budget | Deferral::OutOfTime => Self::Defer(Box::new(deferred)),
                }
            }
            ModelFailure::Retry => Self::retry(fail("model_error")),
            ModelFailure::Blocked => Self::fail(fail("blocked_prompt")),
            ModelFailure::Unusable => Self::fail(fail(UNUSABLE)),
            ModelFailure::Refused => Self::fail(fail("model_refused")),
        }
    }

    /// What a service's failure at `step` means for the task.
    #[must_use]
    pub fn from_service(step: &str, error: &ServiceError, now: Timestamp) -> Self {
        let told = || TaskError::new(step, format!("{}_error", error.service), error.to_string());
        match error.failure {
            // An outage is not the task's fault: it waits, and only its age ends it.
            ServiceFailure::Later { after: wait } => {
                Self::defer(error.to_string(), wait.map(|wait| after(now, wait)))
            }
            ServiceFailure::Throttled { after: wait } => {
                Self::defer(error.to_string(), Some(after(now, wait)))
            }
            ServiceFailure::AccountRefused | ServiceFailure::PlaceRefused | ServiceFailure::NotFound => {
                let whole_tenant = error.failure == ServiceFailure::AccountRefused;
                Self::Defer(Box::new(Deferred {
                    refused_by: Some(RefusedBy { service: error.service, whole_tenant }),
                    not_before: Some(after(now, ACCOUNT_RETRY)),
                    error: Some(TaskError { kind: format!("{}{ACCOUNT}", error.service), ..told() }),
                    ..Deferred::orderly(format!("{} refuses our account: {error}", error.service))
                }))
            }
            ServiceFailure::InDoubt | ServiceFailure::ServerError => Self::retry(told()),
            ServiceFailure::Closed => Self::thread_closed(&error.to_string()),
            ServiceFailure::Refused => {
                Self::fail(TaskError { kind: format!("{}_refused", error.service), ..told() })
            }
        }
    }
}

/// A store that does not answer, or refuses us, is not the task's fault. What is damaged stays so: it is tried as
/// often as any failure, and ends the task with its own error.
impl From<StoreError> for Interrupt {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable { .. } => Self::Store(error),
            StoreError::Broken { operation, message } => {
                Self::retry(TaskError::new(operation, "damaged", message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_the_graver_counts_and_of_two_delays_the_longer() {
        let delay = |second| Interrupt::defer("later", Timestamp::from_second(second).ok());
        let fail = || Interrupt::fail(TaskError::new("x", "x", "x"));
        assert!(matches!(delay(1).or_worse(Interrupt::Park), Interrupt::Park));
        assert!(matches!(fail().or_worse(Interrupt::Park), Interrupt::Fail(_)));
        assert!(matches!(fail().or_worse(Interrupt::Lost), Interrupt::Lost));
        for (one, other) in [(1, 2), (2, 1)] {
            match delay(one).or_worse(delay(other)) {
                Interrupt::Defer(longer) => assert_eq!(longer.not_before, Timestamp::from_second(2).ok()),
                other => panic!("{other:?}"),
            }
        }
    }
}

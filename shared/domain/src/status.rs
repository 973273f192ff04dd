//! [`TaskStatus`]: where a task stands, and the one place that says which moves are legal.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum TaskStatus {
    /// Stored by ingest, not yet claimed.
    Received,
    /// Claimed: one processor holds the lease.
    Processing,
    /// Deferred until `not_before`.
    Waiting,
    /// Parked: a person decides.
    AwaitingApproval,
    /// Ended: the result was published.
    Completed,
    /// Ended: nothing to do (spam, superseded, not addressed to the agent).
    Ignored,
    /// Ended: a person said no.
    Rejected,
    /// Ended: nobody decided in time.
    Expired,
    /// Ended: could not be done; the error says why. A person may retry it.
    Failed,
}

/// A move that no task may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a task cannot move from {from} to {to}")]
pub struct IllegalMove {
    /// The status it has.
    pub from: TaskStatus,
    /// The status it was to get.
    pub to: TaskStatus,
}

/// Where tasks are looked for that are due: each open status, and one place for all that have ended and still have
/// somebody to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// [`TaskStatus::Received`].
    Received,
    /// [`TaskStatus::Processing`].
    Processing,
    /// [`TaskStatus::Waiting`].
    Waiting,
    /// [`TaskStatus::AwaitingApproval`].
    AwaitingApproval,
    /// Every end.
    Ended,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 5] =
        [Self::Received, Self::Processing, Self::Waiting, Self::AwaitingApproval, Self::Ended];

    /// That of tasks in `status`.
    #[must_use]
    pub fn of(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Received => Self::Received,
            TaskStatus::Processing => Self::Processing,
            TaskStatus::Waiting => Self::Waiting,
            TaskStatus::AwaitingApproval => Self::AwaitingApproval,
            TaskStatus::Completed
            | TaskStatus::Ignored
            | TaskStatus::Rejected
            | TaskStatus::Expired
            | TaskStatus::Failed => Self::Ended,
        }
    }

    /// Its name in stores: that of the status, or `ended`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => TaskStatus::Received.as_str(),
            Self::Processing => TaskStatus::Processing.as_str(),
            Self::Waiting => TaskStatus::Waiting.as_str(),
            Self::AwaitingApproval => TaskStatus::AwaitingApproval.as_str(),
            Self::Ended => "ended",
        }
    }
}

impl TaskStatus {
    /// Every status, in the order of a task's life.
    pub const ALL: [Self; 9] = [
        Self::Received,
        Self::Processing,
        Self::Waiting,
        Self::AwaitingApproval,
        Self::Completed,
        Self::Ignored,
        Self::Rejected,
        Self::Expired,
        Self::Failed,
    ];

    /// The statuses that still want something to happen.
    pub const OPEN: [Self; 4] = [Self::Received, Self::Processing, Self::Waiting, Self::AwaitingApproval];

    /// Whether a task in this status may move to `to`.
    ///
    /// `processing → processing` is a second claim after the lease of a dead processor ran out. Only a retry moves an
    /// ended task: a person's, that of its sender, whose body came late, or that of a newer task which it gave way to in vain. A
    /// completed task never moves: its effect is out in the world.
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        use TaskStatus as S;
        match self {
            S::Received => matches!(to, S::Processing | S::Ignored | S::Failed),
            S::Processing => to != S::Received && to != S::Expired,
            S::Waiting => matches!(to, S::Processing | S::Waiting | S::Ignored | S::Failed),
            S::AwaitingApproval => matches!(to, S::Waiting | S::Rejected | S::Expired),
            S::Ignored | S::Rejected | S::Expired | S::Failed => to == S::Waiting,
            S::Completed => false,
        }
    }

    /// `Ok` when the move to `to` is legal.
    ///
    /// # Errors
    /// [`IllegalMove`] when it is not.
    pub fn check_move(self, to: Self) -> Result<(), IllegalMove> {
        if self.may_become(to) { Ok(()) } else { Err(IllegalMove { from: self, to }) }
    }

    /// Whether the task has ended.
    #[must_use]
    pub fn is_end(self) -> bool {
        !Self::OPEN.contains(&self)
    }

    /// Whether a processor may claim a task in this status (a `processing` one only past its lease).
    #[must_use]
    pub fn is_claimable(self) -> bool {
        matches!(self, Self::Received | Self::Processing | Self::Waiting)
    }

    /// The name in JSON and in the stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Processing => "processing",
            Self::Waiting => "waiting",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Completed => "completed",
            Self::Ignored => "ignored",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for TaskStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TaskStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|status| status.as_str()).collect();
            format!("unknown status `{text}`; one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completed_is_final() {
        assert!(TaskStatus::ALL.iter().all(|to| !TaskStatus::Completed.may_become(*to)));
    }

    #[test]
    fn nothing_returns_to_received() {
        assert!(TaskStatus::ALL.iter().all(|from| !from.may_become(TaskStatus::Received)));
    }

    #[test]
    fn an_end_is_left_only_by_a_retry() {
        for from in TaskStatus::ALL.into_iter().filter(|status| status.is_end()) {
            for to in TaskStatus::ALL.into_iter().filter(|to| from.may_become(*to)) {
                assert_eq!(to, TaskStatus::Waiting, "{from} to {to}");
            }
        }
    }

    #[test]
    fn only_a_parked_task_expires() {
        for from in TaskStatus::ALL {
            assert_eq!(from.may_become(TaskStatus::Expired), from == TaskStatus::AwaitingApproval);
        }
    }

    #[test]
    fn names_read_back() {
        for status in TaskStatus::ALL {
            assert_eq!(status.as_str().parse::<TaskStatus>().unwrap(), status);
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        assert!("done".parse::<TaskStatus>().is_err());
    }
}

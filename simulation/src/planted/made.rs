//! What planted bugs make of what the code writes and reads.

use std::borrow::Cow;
use std::time::Duration;

use domain::{EffectState, PAYLOAD_MISSING, PartKey, Task, TaskId, TaskStatus};
use serde_json::{Value, json};

use super::Planted;
use crate::world::{Bugs, ON_LAMBDA};

/// What an invocation may take on Lambda, and ten seconds more.
const INVOCATION: Duration = ON_LAMBDA.saturating_add(Duration::from_secs(10));
/// An approval in the last minutes gives a task a day more.
const DAY: Duration = Duration::from_secs(86_400);

impl Bugs<'_> {
    fn is(&self, bug: Planted) -> bool {
        self.planted == Some(bug)
    }

    /// Whether a write is bound to the revision that was read.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        !self.is(Planted::LeaseWithoutFencing)
    }

    /// Whether the account that agent.toml names is taken for the one that we write under.
    #[must_use]
    pub fn trusts_configured_login(&self) -> bool {
        self.is(Planted::ConfiguredLogin)
    }

    /// The task as it is stored.
    #[must_use]
    pub fn stored<'t>(&self, task: &'t Task) -> Cow<'t, Task> {
        if self.planted.is_none() {
            return Cow::Borrowed(task);
        }
        let mut changed = task.clone();
        match self.planted {
            Some(Planted::PublishBeforeIntent) => {
                changed.doc.effects.retain(|effect| matches!(effect.state, EffectState::Done { .. }));
            }
            Some(Planted::DedupeByUnsignedHeader) if self.delivery.is_some() => {
                changed.id = self.known_as(&task.id);
            }
            // Both holes were open at once: tasks failed with an open intent.
            Some(Planted::DoubtCostsAttempt | Planted::IntentNamesNoText) if is_in_doubt(task) => {
                changed.control.attempts += 1;
            }
            Some(Planted::EndWithoutFollowUp) if task.control.status == TaskStatus::Failed => {
                changed.doc.follow_up = None;
                changed.control.due_at = task.notices_due_at(task.control.updated_at);
            }
            // The body was looked for once.
            Some(Planted::BodyOverlooked) if lacks_body(task) => {
                changed.control.status = TaskStatus::Failed;
                (changed.control.not_before, changed.control.due_at) = (None, None);
            }
            Some(Planted::CrashForgivenAnew) if task.control.status == TaskStatus::Waiting => {
                (changed.doc.runs_alone, changed.doc.alone_fence) = (false, 0);
            }
            Some(Planted::SlotForgotten) if is_put_off_by_thread(task) => changed.doc.slot = None,
            Some(Planted::ApprovedTooOld) => {
                if let Some(decision) = &mut changed.doc.decision {
                    decision.at = decision.at.checked_sub(DAY).unwrap_or(decision.at);
                }
            }
            _ => return Cow::Borrowed(task),
        }
        Cow::Owned(changed)
    }

    /// The task as whoever claims it reads it.
    #[must_use]
    pub fn claimed(&self, mut task: Task) -> Task {
        if self.is(Planted::CrashOfNeighbours) {
            task.doc.settled_fence = task.control.fence.saturating_sub(1);
            task.doc.runs_alone = false;
        }
        task
    }

    /// Whether the task, as it is about to be written, never was.
    #[must_use]
    pub fn never_writes(&self, task: &Task) -> bool {
        let is_damage = task.doc.error.as_ref().is_some_and(|error| error.kind == "damaged");
        let last = task.doc.timeline.last().map_or("", |entry| entry.note.as_str());
        match self.planted {
            Some(Planted::OutageUnwritten) => {
                task.control.status == TaskStatus::Waiting
                    && (last.starts_with("payload") || last.starts_with("state"))
            }
            Some(Planted::DamageUnwritten) => is_damage && task.control.status != TaskStatus::Processing,
            _ => false,
        }
    }

    /// Whether an intent whose write failed is stored with the deferral that follows.
    #[must_use]
    pub fn keeps_unsent_intents(&self) -> bool {
        self.is(Planted::UnsentIntent)
    }

    /// Whether what is left of a batch is not written before it is answered.
    #[must_use]
    pub fn leaves_unwritten(&self) -> bool {
        self.is(Planted::LeftUnwritten)
    }

    /// Whether no other read of the secrets is made, if one has failed.
    #[must_use]
    pub fn gives_secrets_up(&self) -> bool {
        self.is(Planted::SecretsGivenUp)
    }

    /// Whether whoever sends `task` once more is told that it is a duplicate, unless this very try has stored its body.
    #[must_use]
    pub fn ignores_late_retry(&self, task: &Task) -> bool {
        let is_missing = task.doc.error.as_ref().is_some_and(|error| error.kind == PAYLOAD_MISSING);
        self.is(Planted::LateRetryIgnored) && task.control.status == TaskStatus::Failed && is_missing
    }

    /// Whether nobody finds a task again that gave way to a newer one.
    #[must_use]
    pub fn forgets_what_gave_way(&self, task: &Task) -> bool {
        self.is(Planted::GaveWayForGood) && task.gave_way_to().is_some()
    }

    /// How long a claim holds its task, if that is another time than what is asked for.
    #[must_use]
    pub fn holds_for(&self) -> Option<Duration> {
        self.is(Planted::DeadLease).then_some(INVOCATION)
    }

    /// Whether a request leaves whatever the clock says.
    #[must_use]
    pub fn sends_late(&self) -> bool {
        self.is(Planted::SentLate)
    }

    /// Whether a part is never stored.
    #[must_use]
    pub fn loses(&self, part: &PartKey) -> bool {
        self.is(Planted::TextNotCarried) && part.as_str().starts_with(PartKey::SUPERSEDED)
    }

    /// Whether nobody notices that the body of a task that is under way is stored only now.
    #[must_use]
    pub fn overlooks_body(&self, part: &PartKey) -> bool {
        self.is(Planted::BodyOverlooked) && *part == PartKey::payload()
    }

    /// The value at `key` as it is stored.
    #[must_use]
    pub fn shared<'v>(&self, key: &str, value: &'v Value) -> Cow<'v, Value> {
        if self.planted.is_none() {
            return Cow::Borrowed(value);
        }
        let mut changed = value.clone();
        let is_budget = key.starts_with("budget:");
        match self.planted {
            Some(Planted::ReservationTooSmall) if is_budget => {
                reservations(&mut changed).for_each(|one| one[0] = json!(one[0].as_u64().unwrap_or(0) / 20));
            }
            Some(Planted::ReservationForEver) if is_budget => {
                reservations(&mut changed).for_each(|one| one[1] = json!(i64::MAX));
            }
            Some(Planted::BlockForgotten) if is_budget => {
                changed.as_object_mut().map(|fields| fields.remove("s"));
            }
            Some(Planted::SettledTwice) => {
                changed.as_object_mut().map(|fields| fields.remove("w"));
            }
            _ => return Cow::Borrowed(value),
        }
        Cow::Owned(changed)
    }

    /// Whether what a shard was given is given once more, if the answer to the first write of it was lost.
    #[must_use]
    pub fn credits_twice(&self, key: &str) -> bool {
        self.is(Planted::CreditedTwice) && key.contains('#')
    }

    /// The id under which the task is stored.
    #[must_use]
    pub fn known_as(&self, id: &TaskId) -> TaskId {
        match (self.planted, self.delivery) {
            (Some(Planted::DedupeByUnsignedHeader), Some(delivery)) => {
                TaskId::derive("github", delivery.as_bytes())
            }
            _ => id.clone(),
        }
    }
}

fn reservations(budget: &mut Value) -> impl Iterator<Item = &mut Value> {
    budget["r"].as_object_mut().into_iter().flatten().map(|(_, one)| one)
}

/// Whether the task waits because nobody knows whether its effect happened.
fn is_in_doubt(task: &Task) -> bool {
    let is_doubt = task.doc.error.as_ref().is_some_and(|error| error.kind == "in_doubt");
    let said = task.doc.timeline.last().is_some_and(|entry| entry.note.starts_with("whether it happened"));
    task.control.status == TaskStatus::Waiting && is_doubt && said
}

/// Whether the task waits because its body is missing.
fn lacks_body(task: &Task) -> bool {
    let is_missing = task.doc.error.as_ref().is_some_and(|error| error.kind == PAYLOAD_MISSING);
    task.control.status == TaskStatus::Waiting && is_missing
}

fn is_put_off_by_thread(task: &Task) -> bool {
    let why = task.doc.timeline.last().map_or("", |entry| entry.note.as_str());
    task.control.status == TaskStatus::Waiting && why.starts_with("another task of this thread")
}

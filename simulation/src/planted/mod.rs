//! Bugs that are planted to see whether the simulation finds them.
//!
//! The code that is tested carries no switches: each bug is made by the world, which does to the code's writes
//! what the bug would have done. A hole that was closed is planted the same way where it shows in what the code
//! writes or reads: [`Bugs::stored`] and [`Bugs::known_as`] see every task that is written, and the other ports
//! can ask [`Bugs`] likewise.

use std::borrow::Cow;

use domain::{EffectState, Task, TaskId};

use crate::world::Bugs;

/// A bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    /// A processor that lost its lease can write all the same: the store takes every revision.
    LeaseWithoutFencing,
    /// An effect happens before its intent is stored: the store forgets intents that have no proof.
    PublishBeforeIntent,
    /// An event is known by the delivery header that nobody signs: the store keys tasks by it.
    DedupeByUnsignedHeader,
}

impl Planted {
    /// All of them.
    pub const ALL: [Self; 3] =
        [Self::LeaseWithoutFencing, Self::PublishBeforeIntent, Self::DedupeByUnsignedHeader];

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LeaseWithoutFencing => "lease-without-fencing",
            Self::PublishBeforeIntent => "publish-before-intent",
            Self::DedupeByUnsignedHeader => "dedupe-by-unsigned-header",
        }
    }

    /// The bug of this name.
    ///
    /// # Errors
    /// The names that there are.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|bug| bug.name() == name).ok_or_else(|| format!("one of {}", names()))
    }
}

/// What a planted bug does to a write.
impl Bugs<'_> {
    /// Whether a write is bound to the revision that was read.
    #[must_use]
    pub fn is_fenced(&self) -> bool {
        self.planted != Some(Planted::LeaseWithoutFencing)
    }

    /// The task as it is stored.
    #[must_use]
    pub fn stored<'t>(&self, task: &'t Task) -> Cow<'t, Task> {
        match self.planted {
            Some(Planted::PublishBeforeIntent) => {
                let mut task = task.clone();
                task.doc.effects.retain(|effect| matches!(effect.state, EffectState::Done { .. }));
                Cow::Owned(task)
            }
            Some(Planted::DedupeByUnsignedHeader) if self.delivery.is_some() => {
                Cow::Owned(Task { id: self.known_as(&task.id), ..task.clone() })
            }
            _ => Cow::Borrowed(task),
        }
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

//! Since when this process knows of acts in doubt that another run has begun.
//!
//! The clock of whoever finds an intent may be minutes ahead: a request may be on its way, or not be listed yet, whose
//! intent seems to be old. So that it has settled is told by this process's own watch, from when it has seen the
//! intent; or by its age, once that is enough by any clock.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{CLOCKS_APART, Clock, EffectState, SETTLING, Task, TaskId, Timestamp, after};
use tokio::time::Instant;

/// What is known for longer has settled by any clock.
const KEPT: Duration = SETTLING.saturating_add(CLOCKS_APART);

/// When this process has first seen each intent, by when it was written.
#[derive(Debug, Default)]
pub(crate) struct Sightings(Mutex<HashMap<(TaskId, Timestamp), Instant>>);

impl Sightings {
    /// How long it takes until all intents of `task` have settled whose runs never said how they ended. Where everybody
    /// has the same clock, that tells.
    pub(crate) fn unsettled(&self, task: &Task, clock: &Clock) -> Duration {
        if clock.apart().is_zero() {
            return Duration::ZERO;
        }
        let open = task.doc.effects.iter().filter_map(|effect| match effect.state {
            EffectState::Intended { at, settles_at: None, .. } => Some(at),
            EffectState::Intended { .. } | EffectState::Done { .. } => None,
        });
        open.map(|at| self.left(&task.id, at, after(at, SETTLING), clock)).max().unwrap_or_default()
    }

    /// How long it takes until the intent of `at` in the task `id` has settled, which by its run's own clock has
    /// at `settles_at`.
    pub(crate) fn left(&self, id: &TaskId, at: Timestamp, settles_at: Timestamp, clock: &Clock) -> Duration {
        let known_for = self.see(id, at);
        let is_old = clock.now() >= after(settles_at, clock.apart());
        if is_old { Duration::ZERO } else { SETTLING.saturating_sub(known_for) }
    }

    /// Notes that this process knows the intent of `at` in the task `id`; since when it does.
    pub(crate) fn see(&self, id: &TaskId, at: Timestamp) -> Duration {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, since| since.elapsed() < KEPT);
        seen.entry((id.clone(), at)).or_insert_with(Instant::now).elapsed()
    }
}

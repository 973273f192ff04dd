//! Since when this process knows of acts that nobody has said how they ended.
//!
//! Their run has died, or the clock of whoever finds them is minutes ahead and takes its lease for over: then a request
//! may be on its way whose intent seems to be old. So that it has settled is told by this process's own watch, from when it
//! has seen the intent; or by its age, once that is enough by any clock.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{CLOCKS_APART, Clock, EffectState, SETTLING, Task, TaskId, Timestamp, between};
use tokio::time::Instant;

/// What is known for longer has settled by any clock.
const KEPT: Duration = SETTLING.saturating_add(CLOCKS_APART);

/// When this process has first seen each intent whose run never said how it ended.
#[derive(Debug, Default)]
pub(crate) struct Sightings(Mutex<HashMap<(TaskId, Timestamp), Instant>>);

impl Sightings {
    /// How long it takes until all such intents of `task` have settled. Where everybody has the same clock, that tells.
    pub(crate) fn unsettled(&self, task: &Task, clock: &Clock) -> Duration {
        if clock.apart().is_zero() {
            return Duration::ZERO;
        }
        let open = task.doc.effects.iter().filter_map(|effect| match effect.state {
            EffectState::Intended { at, settles_at: None, .. } => Some(at),
            EffectState::Intended { .. } | EffectState::Done { .. } => None,
        });
        open.map(|at| self.left(&task.id, at, clock)).max().unwrap_or_default()
    }

    /// Likewise, for the intent of `at` in the task `id`.
    pub(crate) fn left(&self, id: &TaskId, at: Timestamp, clock: &Clock) -> Duration {
        if between(at, clock.now()) >= SETTLING + clock.apart() {
            return Duration::ZERO;
        }
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, since| since.elapsed() < KEPT);
        let since = *seen.entry((id.clone(), at)).or_insert_with(Instant::now);
        SETTLING.saturating_sub(since.elapsed())
    }
}

//! 👍 and 👎 on answers where they were published: counted for the latest answers, a few at a time, and kept with their
//! tasks. A label: it changes nothing else.
//!
//! A walk over the completed tasks of a source, the newest first, rests in the state store. A look reads some pages of
//! it and begins anew at its end, so each answer of the last days has its turn.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Acquire, Clock, Effect, EffectState, Expected, ListQuery, Proof, ReadsReactions, ServiceFailure,
    StateStore, Stores, Swap, Task, TaskStatus, Timestamp, after, has_published, note_reactions,
};
use serde_json::{Value, json};
use tracing::{debug, info};

use crate::missed::OutsideError;

/// How often a source is looked at.
const EVERY: Duration = Duration::from_secs(300);
/// Answers that are older are not looked at any more.
const WINDOW: Duration = Duration::from_secs(14 * 86_400);
/// Requests of a look, and tasks of a page. 40 each five minutes are a tenth of what GitHub takes of one account.
const MAX_REQUESTS: usize = 40;
const PAGE: usize = 20;
/// Pages of a look: most tasks may have no answer.
const MAX_PAGES: usize = 5;
/// What the ledger calls the answer.
const REPLY: &str = "reply";

/// Reads reactions.
pub struct AnswerReactions {
    /// Where tasks and their labels are.
    pub stores: Stores,
    /// The time.
    pub clock: Clock,
}

impl AnswerReactions {
    /// Whether it is time to look at the answers of `source`, and nobody else does. Whoever is told so looks.
    ///
    /// # Errors
    /// [`domain::StoreError`].
    pub async fn is_due(&self, source: &str) -> Result<bool, domain::StoreError> {
        let now = self.clock.now();
        // Each look is an owner of its own: nobody holds the lease on.
        let owner = now.as_nanosecond().to_string();
        let key = format!("reactions:{source}:asked");
        let acquired = self.state().acquire(&key, &owner, now, after(now, EVERY)).await?;
        Ok(matches!(acquired, Acquire::Held))
    }

    /// Goes on with the walk over the answers of `source`. Returns how many have other reactions than before.
    ///
    /// # Errors
    /// [`OutsideError`]; the next look goes on where this one began.
    pub async fn read(
        &self,
        service: &dyn ReadsReactions,
        source: &str,
        deadline: Timestamp,
    ) -> Result<u64, OutsideError> {
        let now = self.clock.now();
        let key = format!("reactions:{source}");
        let (expected, mut cursor) = match self.state().get(&key, now).await? {
            Some(found) => (Expected::Version(found.version), cursor_of(&found.value)),
            None => (Expected::Absent, None),
        };
        let since = now.checked_sub(WINDOW).unwrap_or(Timestamp::UNIX_EPOCH);
        let (mut asked, mut changed) = (0, 0);
        for _ in 0..MAX_PAGES {
            let query = ListQuery {
                status: Some(TaskStatus::Completed),
                source: Some(source.to_owned()),
                limit: PAGE,
                cursor: cursor.take(),
            };
            let page = self.stores.tasks.list(&query).await?;
            for (task, proof) in page.tasks.iter().filter_map(|task| Some((task, answer(task, since)?))) {
                asked += 1;
                changed += u64::from(self.one(service, task, proof).await?);
            }
            let is_old = page.tasks.last().is_some_and(|task| task.doc.received_at < since);
            cursor = page.cursor.filter(|_| !is_old);
            if cursor.is_none() || asked + PAGE > MAX_REQUESTS || self.clock.now() >= deadline {
                break;
            }
        }
        let place = json!({ "cursor": cursor });
        match self.state().swap(&key, expected, &place, now, after(now, WINDOW)).await? {
            Swap::Done(_) => {}
            Swap::Conflict(_) => debug!(source, "another sweeper has looked at the same answers"),
        }
        if changed > 0 {
            info!(source, asked, changed, "people reacted to answers");
        }
        Ok(changed)
    }

    /// Whether the reactions to the answer of `task` have changed.
    async fn one(
        &self,
        service: &dyn ReadsReactions,
        task: &Task,
        proof: &Proof,
    ) -> Result<bool, OutsideError> {
        let sums = match service.thumbs(&task.doc.tenant, proof).await {
            Ok(Some(sums)) => sums,
            Ok(None) => return Ok(false),
            // The comment or its place is gone, or hidden from us; the others are not.
            Err(problem) if matches!(problem.failure, ServiceFailure::Refused | ServiceFailure::Closed) => {
                debug!(task_id = %task.id, %problem, "the reactions to an answer could not be read");
                return Ok(false);
            }
            Err(problem) => return Err(problem.into()),
        };
        let now = self.clock.now();
        Ok(note_reactions(&*self.stores.payloads, task, sums.0, sums.1, now).await?)
    }

    fn state(&self) -> &Arc<dyn StateStore> {
        &self.stores.state
    }
}

fn cursor_of(place: &Value) -> Option<String> {
    place.get("cursor").and_then(Value::as_str).map(str::to_owned)
}

/// What its service shows for the published answer of `task`, if that is not too old.
fn answer(task: &Task, since: Timestamp) -> Option<&Proof> {
    match task.effect(REPLY).filter(|_| has_published(task))? {
        Effect { state: EffectState::Done { at, proof }, .. } if *at >= since => Some(proof),
        _ => None,
    }
}

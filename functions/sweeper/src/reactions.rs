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
use tracing::{debug, info, warn};

use crate::missed::OutsideError;

/// How often a source is looked at.
const EVERY: Duration = Duration::from_secs(300);
/// Answers that were published earlier are not looked at any more.
const WINDOW: Duration = Duration::from_secs(14 * 86_400);
/// Requests of a look, and tasks of a page. 40 each five minutes are a tenth of what GitHub takes of one account.
const MAX_REQUESTS: usize = 40;
const PAGE: usize = 20;
/// Pages of a look: most tasks may have no answer.
const MAX_PAGES: usize = 5;
/// Answers of a look that fail, before it ends: the service may be down.
const MAX_FAILURES: usize = 3;
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
    /// [`OutsideError`]; the next look goes on behind what has had its turn, whatever became of it.
    pub async fn read(
        &self,
        service: &dyn ReadsReactions,
        source: &str,
        deadline: Timestamp,
    ) -> Result<u64, OutsideError> {
        let now = self.clock.now();
        let key = format!("reactions:{source}");
        let (expected, place) = match self.state().get(&key, now).await? {
            Some(found) => (Expected::Version(found.version), Place::of(&found.value)),
            None => (Expected::Absent, Place::default()),
        };
        let mut look = Look { place, ..Look::default() };
        let walked = self.walk(service, source, &mut look, deadline).await;
        // A failure keeps the place too: an answer that always fails would stop the walk for ever.
        let place = json!({ "cursor": look.place.cursor, "seen": look.place.seen });
        match self.state().swap(&key, expected, &place, now, after(now, WINDOW)).await? {
            Swap::Done(_) => {}
            Swap::Conflict(_) => debug!(source, "another sweeper has looked at the same answers"),
        }
        let Look { asked, changed, .. } = look;
        if changed > 0 {
            info!(source, asked, changed, "people reacted to answers");
        }
        walked.map(|()| changed)
    }

    /// Some pages of the walk. Tasks come by when they were received, and an answer may be published weeks later: so the
    /// walk ends with the tasks that the store keeps, and not with the first old one.
    async fn walk(
        &self,
        service: &dyn ReadsReactions,
        source: &str,
        look: &mut Look,
        deadline: Timestamp,
    ) -> Result<(), OutsideError> {
        let since = self.clock.now().checked_sub(WINDOW).unwrap_or(Timestamp::UNIX_EPOCH);
        for _ in 0..MAX_PAGES {
            let query = ListQuery {
                status: Some(TaskStatus::Completed),
                source: Some(source.to_owned()),
                limit: PAGE,
                cursor: look.place.cursor.clone(),
            };
            let page = self.stores.tasks.list(&query).await?;
            for task in page.tasks.iter().skip(look.place.seen) {
                look.place.seen += 1;
                let Some(proof) = answer(task, since) else { continue };
                look.asked += 1;
                self.one(service, task, proof, look).await?;
            }
            look.place = Place { cursor: page.cursor, seen: 0 };
            let is_full = look.asked + PAGE > MAX_REQUESTS;
            if look.place.cursor.is_none() || is_full || self.clock.now() >= deadline {
                break;
            }
        }
        Ok(())
    }

    /// Notes the reactions to the answer of `task`, if they have changed. A failure ends the look if the others would meet
    /// it as well.
    async fn one(
        &self,
        service: &dyn ReadsReactions,
        task: &Task,
        proof: &Proof,
        look: &mut Look,
    ) -> Result<(), OutsideError> {
        let sums = match service.thumbs(&task.doc.tenant, proof).await {
            Ok(Some(sums)) => sums,
            Ok(None) => return Ok(()),
            // The comment or its place is gone, or hidden from us; the others are not.
            Err(problem) if matches!(problem.failure, ServiceFailure::Refused | ServiceFailure::Closed) => {
                debug!(task_id = %task.id, %problem, "the reactions to an answer could not be read");
                return Ok(());
            }
            Err(problem) => {
                look.failed += 1;
                if look.failed >= MAX_FAILURES || is_of_all(problem.failure) {
                    return Err(problem.into());
                }
                warn!(task_id = %task.id, %problem, "the reactions to an answer could not be read; its turn comes again");
                return Ok(());
            }
        };
        let now = self.clock.now();
        let is_new = note_reactions(&*self.stores.payloads, task, sums.0, sums.1, now).await?;
        look.changed += u64::from(is_new);
        Ok(())
    }

    fn state(&self) -> &Arc<dyn StateStore> {
        &self.stores.state
    }
}

/// Where a walk rests.
#[derive(Debug, Default)]
struct Place {
    /// The page; `None` for the first one.
    cursor: Option<String>,
    /// Tasks of the page that have had their turn.
    seen: usize,
}

impl Place {
    fn of(value: &Value) -> Self {
        let cursor = value.get("cursor").and_then(Value::as_str).map(str::to_owned);
        let seen = value.get("seen").and_then(Value::as_u64).and_then(|seen| usize::try_from(seen).ok());
        Self { cursor, seen: seen.unwrap_or_default() }
    }
}

/// What a look has come to.
#[derive(Debug, Default)]
struct Look {
    place: Place,
    asked: usize,
    changed: u64,
    failed: usize,
}

/// Whether every other request meets the same.
const fn is_of_all(failure: ServiceFailure) -> bool {
    matches!(failure, ServiceFailure::Throttled { .. } | ServiceFailure::AccountRefused)
}

/// What its service shows for the published answer of `task`, if that is not too old.
fn answer(task: &Task, since: Timestamp) -> Option<&Proof> {
    match task.effect(REPLY).filter(|_| has_published(task))? {
        Effect { state: EffectState::Done { at, proof }, .. } if *at >= since => Some(proof),
        _ => None,
    }
}

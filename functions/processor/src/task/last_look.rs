//! The last look: before a task ends without success, it is found out whether something that it began has happened
//! after all.
//!
//! A reply is looked for in its thread. Anything else is known to its automation alone, so that runs once more on what
//! it has saved, and begins nothing: its actions search for what they did.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::TaskError;

use crate::after_end::callback::is_callback;
use crate::reply::REPLY;
use crate::reply::effect::IN_DOUBT;
use crate::reply::publish;
use crate::task::claimed_task::ClaimedTask;
use crate::task::dispatch::dispatch;
use crate::{Finished, Interrupt, Registry};

/// What becomes of a task that is about to end as `outcome` says: `outcome`, unless something that it began turns out
/// to have happened. A service that does not answer is waited for. If one cannot say, the error says so.
pub(crate) async fn before_end(
    registry: &Registry,
    claimed: &Arc<ClaimedTask>,
    outcome: Result<Finished, Interrupt>,
) -> Result<Finished, Interrupt> {
    let attempts = claimed.task.lock().await.control.attempts;
    let ends = match &outcome {
        Err(Interrupt::Fail(_) | Interrupt::Ignore(_) | Interrupt::Shadow(_)) => true,
        Err(Interrupt::Defer(deferred)) => deferred.is_last(attempts),
        _ => false,
    };
    if !ends || in_doubt(claimed).await.is_empty() {
        return outcome;
    }
    match look(registry, claimed).await {
        Ok(Some(finished)) => Ok(finished),
        Err(Interrupt::Defer(deferred)) if !deferred.counted => Err(Interrupt::Defer(deferred)),
        Err(interrupt @ (Interrupt::Store(_) | Interrupt::Lost)) => Err(interrupt),
        Ok(None) | Err(_) => {
            let open = in_doubt(claimed).await;
            outcome.map_err(|interrupt| told(interrupt, &open))
        }
    }
}

/// The effects that may have happened. A post to `callback_url` says how the task ended, and follows its end.
async fn in_doubt(claimed: &ClaimedTask) -> Vec<String> {
    let mut open = claimed.open_intents().await;
    open.retain(|name| !is_callback(name));
    open
}

/// How the task ends if something has happened.
async fn look(registry: &Registry, claimed: &Arc<ClaimedTask>) -> Result<Option<Finished>, Interrupt> {
    let open = in_doubt(claimed).await;
    if open.iter().any(|name| name == REPLY)
        && let Some(finished) = publish::landed(claimed).await?
    {
        return Ok(Some(finished));
    }
    let classification = claimed.task.lock().await.doc.classification.clone();
    let Some(classification) = classification.filter(|_| open.iter().any(|name| name != REPLY)) else {
        return Ok(None);
    };
    claimed.only_looks.store(true, Ordering::Relaxed);
    let found = dispatch(registry, claimed, classification).await;
    claimed.only_looks.store(false, Ordering::Relaxed);
    found.map(Some)
}

/// `interrupt`, whose error says that nobody knows whether the effects `open` have happened; or that what was in doubt
/// certainly did not happen, if none is open any more.
fn told(mut interrupt: Interrupt, open: &[String]) -> Interrupt {
    let error = match &mut interrupt {
        Interrupt::Fail(error) => Some(&mut **error),
        Interrupt::Defer(deferred) => deferred.error.as_mut(),
        _ => None,
    };
    if let Some(error) = error {
        match (error.kind == IN_DOUBT, open) {
            (true, []) => {
                let message = "it certainly did not happen, and no attempt is left";
                *error = TaskError::new(&error.step, "not_done", message);
            }
            (true, _) | (false, []) => {}
            (false, open) => {
                let names = open.join("`, `");
                error.message = format!("{}; whether `{names}` has happened is not known", error.message);
            }
        }
    }
    interrupt
}

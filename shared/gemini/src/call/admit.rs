//! Admission: breaker, quota and permit for one request. A short wait is slept here; a long one goes back to the queue.

use std::time::Duration;

use domain::{Timestamp, between};

use super::context::CallContext;
use crate::cache::Digest;
use crate::failure::Failure;
use crate::fleet::{AdmittedCall, Denied, FleetModel, MAX_WAIT_IN_PLACE, Permit, ask_for};
use crate::signal::Signal;

/// Whatever time is promised, who was denied does not ask again at once.
const MIN_WAIT: Duration = Duration::from_millis(5);

/// Admits a request of about `tokens` to `model`. `read` is the beginning of its prompt, if that could be cached.
///
/// # Errors
/// It may not go out within two seconds, or not before the call's deadline.
pub(crate) async fn enter<'a>(
    context: &CallContext<'a>,
    model: &'a FleetModel,
    tokens: u64,
    read: Option<&Digest>,
) -> Result<AdmittedCall<'a>, Failure> {
    let began = context.now();
    let (mut slot, mut book) = (context.call.slot, false);
    loop {
        let now = context.now();
        let ask = ask_for(context.call, tokens, slot, now);
        let denied = match model.admit(context.shared, ask, read, now, book).await {
            Ok(admitted) => return Ok(admitted),
            Err(denied) => denied,
        };
        let Denied { at, why, parked } = denied;
        if !is_worth_waiting(context, model, began, at) {
            let failure = Failure::denied(&model.title, why, at, book);
            return Err(match parked {
                Some(parked) => failure.parked(&parked.words, parked.is_of_the_model),
                None => failure,
            });
        }
        // Only who waits for a slot of their own wakes alone.
        if book {
            tokio::time::sleep(between(now, at).max(MIN_WAIT)).await;
            slot = Some(at);
        }
        book = !book;
    }
}

/// Two seconds in all: each slot was promised, but somebody more urgent may come between.
fn is_worth_waiting(context: &CallContext<'_>, model: &FleetModel, began: Timestamp, at: Timestamp) -> bool {
    let left = context.remaining().saturating_sub(between(context.now(), at));
    between(began, at.max(context.now())) <= MAX_WAIT_IN_PLACE && model.policy.in_place.allows_start(left)
}

/// A permit of this environment's share of the calls that `admitted` says the fleet may have under way.
///
/// # Errors
/// None became free in time.
pub(crate) async fn permit<'a>(
    context: &CallContext<'a>,
    model: &'a FleetModel,
    admitted: &AdmittedCall<'_>,
) -> Result<Permit<'a>, Failure> {
    let bound = resilience::share(admitted.limit, model.policy.sharers);
    let patience = MAX_WAIT_IN_PLACE.min(context.to_spare());
    let permit = model.permits.acquire(bound, patience).await;
    // A wait that was given up is a wait, too.
    let (waited, utilisation) =
        permit.as_ref().map_or((patience, 1.0), |permit| (permit.waited, permit.utilisation));
    context.signals.send(Signal::Permit { model: &model.name, waited, utilisation });
    permit.ok_or_else(|| Failure::busy(&model.title))
}

//! Admission: breaker, quota and permit for one request, waited for in place only briefly.

use std::time::Duration;

use domain::{Timestamp, between};

use super::context::Run;
use crate::cache::Digest;
use crate::failure::Failure;
use crate::fleet::{Denied, FleetModel, MAX_WAIT_IN_PLACE, Permit, Ticket, ask_for};
use crate::signal::Signal;

/// Whatever time is promised, who was denied does not ask again at once.
const MIN_WAIT: Duration = Duration::from_millis(5);

/// A ticket for a request of about `tokens` to `model`. `read` is the beginning of its prompt, if that could
/// be cached.
///
/// # Errors
/// It may not go out within two seconds, or not before the call's deadline.
pub(crate) async fn enter<'a>(
    run: &Run<'a>,
    model: &'a FleetModel,
    tokens: u64,
    read: Option<&Digest>,
) -> Result<Ticket<'a>, Failure> {
    let began = run.now();
    let (mut slot, mut book) = (run.call.slot, false);
    loop {
        let now = run.now();
        let ask = ask_for(run.call, tokens, slot, now);
        let denied = match model.admit(run.shared, ask, read, now, book).await {
            Ok(ticket) => return Ok(ticket),
            Err(denied) => denied,
        };
        let Denied { at, why } = denied;
        if !is_worth_waiting(run, model, began, at) {
            return Err(Failure::denied(&model.name, why, at, book));
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
fn is_worth_waiting(run: &Run<'_>, model: &FleetModel, began: Timestamp, at: Timestamp) -> bool {
    let left = run.remaining().saturating_sub(between(run.now(), at));
    between(began, at.max(run.now())) <= MAX_WAIT_IN_PLACE && model.policy.in_place.allows_start(left)
}

/// A permit of this environment's share of the calls that `ticket` says the fleet may have under way.
///
/// # Errors
/// None became free in time.
pub(crate) async fn permit<'a>(
    run: &Run<'a>,
    model: &'a FleetModel,
    ticket: &Ticket<'_>,
) -> Result<Permit<'a>, Failure> {
    let bound = resilience::share(ticket.limit, run.config.environments);
    let patience = MAX_WAIT_IN_PLACE.min(run.remaining());
    let permit = model.permits.acquire(bound, patience).await.ok_or_else(|| Failure::busy(&model.name))?;
    let (waited, utilisation) = (permit.waited, permit.utilisation);
    run.signals.send(Signal::Permit { model: &model.name, waited, utilisation });
    Ok(permit)
}

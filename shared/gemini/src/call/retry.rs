//! One request to one model, repeated in place while that is worth its price.

use std::time::Duration;

use domain::ServiceTier;
use resilience::InPlace;

use super::attempt::{Attempt, Outcome};
use super::context::CallContext;
use super::settle::CallRecord;
use crate::failure::{Failure, FailureClass};
use crate::fleet::FleetModel;
use crate::wire::{GenerateContentRequest, GenerateContentResponse};

/// The response to `request`, after as many tries as the model's limits and the deadline allow.
///
/// # Errors
/// What the last try came to.
pub(crate) async fn send(
    context: &CallContext<'_>,
    record: &mut CallRecord,
    model: &FleetModel,
    request: &GenerateContentRequest,
) -> Result<GenerateContentResponse, Failure> {
    let in_place = model.policy.in_place;
    let mut attempt = Attempt::new(context, model, request);
    let (mut tries, mut failures) = (0, 0);
    loop {
        if !in_place.allows_start(context.remaining()) {
            return Err(Failure::out_of_time(&model.title, record.has_paid()));
        }
        if !context.must_be_counted() {
            attempt.cover().await?;
        }
        tries += 1;
        let (class, failure) = match attempt.try_once(record, tries).await? {
            Outcome::Answered(response) => return Ok(*response),
            // Inline it cannot happen again.
            Outcome::CacheLost(handle) => {
                context.caches.rejected(&handle, context.now()).await;
                attempt.key = None;
                continue;
            }
            Outcome::Failed(class, ref failure) if attempt.is_shed(class, failure) => {
                attempt.tier = ServiceTier::Standard;
                continue;
            }
            Outcome::Failed(class, failure) => (class, failure),
        };
        failures += 1;
        match wait_in_place(context, &in_place, class, failures) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(failure),
        }
    }
}

fn wait_in_place(
    context: &CallContext<'_>,
    in_place: &InPlace,
    class: FailureClass,
    failures: u32,
) -> Option<Duration> {
    let wait = class.wait(failures, &context.shared.jitter)?;
    in_place.allows(failures, wait, context.remaining()).then_some(wait)
}

//! One request to one model, repeated in place while that is worth its price.

use std::time::Duration;

use resilience::InPlace;

use super::attempt::{Attempt, Outcome};
use super::context::Run;
use super::settle::Ledger;
use crate::failure::Failure;
use crate::failure::Verdict;
use crate::fleet::FleetModel;
use crate::wire::{GenerateContentRequest, GenerateContentResponse};

/// The response to `request`, after as many tries as the model's limits and the deadline allow.
///
/// # Errors
/// What the last try came to.
pub(crate) async fn send(
    run: &Run<'_>,
    ledger: &mut Ledger,
    model: &FleetModel,
    request: &GenerateContentRequest,
) -> Result<GenerateContentResponse, Failure> {
    let in_place = model.policy.in_place;
    let mut attempt = Attempt::new(run, model, request);
    attempt.cover().await?;
    let (mut tries, mut failures, mut replaced) = (0, 0, false);
    loop {
        if !in_place.allows_start(run.remaining()) {
            return Err(Failure::out_of_time(&model.name, ledger.has_paid()));
        }
        tries += 1;
        let (verdict, failure) = match attempt.admitted(ledger, tries).await? {
            Outcome::Answered(response) => return Ok(*response),
            Outcome::Died(_) if !replaced => {
                replaced = true;
                continue;
            }
            Outcome::Died(failure) => (Verdict::Unreachable, failure),
            // Inline it cannot happen again.
            Outcome::CacheLost(handle) => {
                run.caches.rejected(&handle, run.now()).await;
                attempt.key = None;
                continue;
            }
            Outcome::Failed(verdict, failure) => (verdict, failure),
        };
        failures += 1;
        match wait_in_place(run, &in_place, verdict, failures) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(failure),
        }
    }
}

fn wait_in_place(run: &Run<'_>, in_place: &InPlace, verdict: Verdict, failures: u32) -> Option<Duration> {
    let wait = verdict.wait(failures, run.jitter)?;
    in_place.allows(failures, wait, run.remaining()).then_some(wait)
}

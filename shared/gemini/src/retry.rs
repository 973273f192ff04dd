//! One request to one model, repeated in place while that is worth its price.

use std::time::Duration;

use bytes::Bytes;
use resilience::InPlace;
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Outgoing, Reply};
use crate::error::ApiError;
use crate::failure::Failure;
use crate::limits::Policy;
use crate::run::Run;
use crate::settle::{Ledger, Try};
use crate::stream::Mode;
use crate::transcript::for_transcript;
use crate::transport::TransportError;
use crate::verdict::Verdict;
use crate::wire::{GenerateContentRequest, GenerateContentResponse};

/// A request that is being tried.
struct Attempt<'a> {
    run: &'a Run<'a>,
    model: &'a str,
    request: Value,
    /// What goes over the wire, in the order in which the types have it.
    body: Bytes,
    mode: Mode,
    timeout: Duration,
    began: tokio::time::Instant,
}

/// What a try came to.
enum Outcome {
    Answered(Box<GenerateContentResponse>),
    /// The connection had died unnoticed; nothing is known to be wrong with anything.
    Died(Failure),
    Failed(Verdict, Failure),
}

/// The response to `request`, after as many tries as the model's limits and the deadline allow.
///
/// # Errors
/// What the last try came to.
pub(crate) async fn send(
    run: &Run<'_>,
    ledger: &mut Ledger,
    model: &str,
    request: &GenerateContentRequest,
) -> Result<GenerateContentResponse, Failure> {
    let Policy { timeout, in_place } = run.policies.of(model);
    let attempt = Attempt::new(run, model, request, timeout);
    let (mut tries, mut failures, mut replaced) = (0, 0, false);
    loop {
        if !in_place.allows_start(run.remaining()) {
            return Err(Failure::out_of_time(model, ledger.has_paid()));
        }
        tries += 1;
        let (verdict, failure) = match attempt.once(ledger, tries).await {
            Outcome::Answered(response) => return Ok(*response),
            Outcome::Died(_) if !replaced => {
                replaced = true;
                continue;
            }
            Outcome::Died(failure) => (Verdict::Unreachable, failure),
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

impl<'a> Attempt<'a> {
    fn new(run: &'a Run<'a>, model: &'a str, request: &GenerateContentRequest, timeout: Duration) -> Self {
        // Maps with string keys and strings: neither can fail.
        let body = serde_json::to_vec(request).unwrap_or_default();
        let mode = Mode::of(request);
        let request = for_transcript(serde_json::to_value(request).unwrap_or_default());
        let began = tokio::time::Instant::now();
        Self { run, model, request, body: Bytes::from(body), mode, timeout, began }
    }

    async fn once(&self, ledger: &mut Ledger, attempt: u32) -> Outcome {
        let sent_at = self.run.now();
        let timeout = self.timeout.min(self.run.remaining());
        let outgoing = Outgoing {
            model: self.model,
            body: self.body.clone(),
            mode: self.mode,
            task: &self.run.call.task_id,
        };
        let reply = self.run.client.generate(outgoing, timeout, sent_at).await;
        let tried = Try {
            call: self.run.call,
            model: self.model,
            request: &self.request,
            attempt,
            sent_at,
            elapsed: self.began.elapsed(),
        };
        match reply {
            Ok(reply) => self.judge(ledger, &tried, reply),
            Err(error) => self.lost(ledger, &tried, error),
        }
    }

    fn judge(&self, ledger: &mut Ledger, tried: &Try<'_>, reply: Reply) -> Outcome {
        let is_error = !(200..300).contains(&reply.status) || reply.body.get("error").is_some();
        if is_error {
            let mut error = ApiError::read(reply.status, &reply.body);
            error.wait_at_least(reply.retry_after);
            ledger.failed(tried, &error.to_string(), reply.body);
            let now = self.run.now();
            let verdict = Verdict::of_error(&error, now);
            return Outcome::Failed(verdict, Failure::refused(&error, verdict, self.model, now));
        }
        match GenerateContentResponse::deserialize(&reply.body) {
            Ok(response) => {
                ledger.answered(tried, &response, reply.body);
                Outcome::Answered(Box::new(response))
            }
            Err(_) => {
                let failure = Failure::unreadable(self.model);
                ledger.failed(tried, &failure.message, reply.body);
                Outcome::Failed(Verdict::Stumbled, failure)
            }
        }
    }

    fn lost(&self, ledger: &mut Ledger, tried: &Try<'_>, error: TransportError) -> Outcome {
        let reason = error.to_string();
        ledger.failed(tried, &reason, Value::String(reason.clone()));
        let verdict = Verdict::of_transport(error);
        let failure = Failure::unanswered(error, verdict, self.model, self.run.now());
        if error == TransportError::Closed {
            return Outcome::Died(failure);
        }
        Outcome::Failed(verdict, failure)
    }
}

//! One request to one model, repeated in place while that is worth its price.

use std::time::Duration;

use bytes::Bytes;
use domain::{Timestamp, after};
use resilience::{Denial, InPlace, Outcome as ServiceOutcome};
use serde::Deserialize;
use serde_json::Value;

use crate::admit::{enter, permit};
use crate::cache::{CacheKey, HandleRef, Prepared, Wanted};
use crate::client::{Outgoing, Reply};
use crate::error::ApiError;
use crate::failure::Failure;
use crate::fleet::{Ended, FleetModel, Read, Ticket};
use crate::pricing;
use crate::run::Run;
use crate::settle::{Ledger, Try};
use crate::signal::{CallOutcome, Signal};
use crate::stream::Mode;
use crate::transcript::for_transcript;
use crate::transport::TransportError;
use crate::verdict::Verdict;
use crate::wire::{GenerateContentRequest, GenerateContentResponse};

/// A request that is being tried.
struct Attempt<'a> {
    run: &'a Run<'a>,
    model: &'a FleetModel,
    /// The request without a context cache.
    inline: &'a GenerateContentRequest,
    /// What a cache of its beginning would be kept under; `None` if it is too small for one.
    key: Option<CacheKey>,
    mode: Mode,
    began: tokio::time::Instant,
}

/// What goes over the wire in one try.
struct Sent {
    /// As the transcript has it.
    request: Value,
    /// In the order in which the types have it.
    body: Bytes,
    cache: Option<HandleRef>,
}

/// What a try came to.
enum Outcome {
    Answered(Box<GenerateContentResponse>),
    /// The connection had died unnoticed; nothing is known to be wrong with anything.
    Died(Failure),
    /// The context cache is gone.
    CacheLost(HandleRef),
    Failed(Verdict, Failure),
}

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

impl<'a> Attempt<'a> {
    fn new(run: &'a Run<'a>, model: &'a FleetModel, inline: &'a GenerateContentRequest) -> Self {
        let (mode, key) = (Mode::of(inline), CacheKey::of(&model.name, inline));
        Self { run, model, inline, key, mode, began: tokio::time::Instant::now() }
    }

    /// By a context cache, if there is one or its traffic repays one.
    async fn prepare(&self, ledger: &mut Ledger, ticket: &Ticket<'_>) -> Sent {
        let prepared = match &self.key {
            Some(key) => self.cached(key, ticket).await,
            None => Prepared::default(),
        };
        if let Some(usage) = prepared.usage.clone() {
            self.run.reservation.spend(usage.cost_usd.unwrap_or_default());
            self.run.signals.send(Signal::Billed { usage: &usage });
            ledger.usage.push(usage);
        }
        let request = prepared.request(self.inline);
        // Maps with string keys and strings: neither can fail.
        let body = Bytes::from(serde_json::to_vec(&*request).unwrap_or_default());
        let request = for_transcript(serde_json::to_value(&*request).unwrap_or_default());
        Sent { request, body, cache: prepared.handle }
    }

    async fn cached(&self, key: &CacheKey, ticket: &Ticket<'_>) -> Prepared {
        let (now, remaining) = (self.run.now(), self.run.remaining());
        let wanted = Wanted { key, request: self.inline, demand: ticket.demand.clone(), remaining };
        let price = self.run.caches.cost_of_making(&wanted, now);
        if let Some(usd) = price.filter(|_| self.run.reservation.is_bound())
            && self.run.reservation.cover_besides(usd, now).await.is_err()
        {
            return Prepared::default();
        }
        self.run.caches.prepare(&wanted, now).await
    }

    /// What one try may cost is set aside, unless it still is from the try before.
    async fn cover(&self) -> Result<(), Failure> {
        self.run.reservation.cover(self.most_usd(), self.run.now()).await
    }

    fn most_usd(&self) -> f64 {
        let output = self.inline.generation_config.get("maxOutputTokens").and_then(Value::as_u64);
        let output = output.unwrap_or(u64::from(self.run.config.generation.max_output_tokens));
        pricing::most_usd(&self.model.name, self.run.prompt_tokens, output, self.run.now())
    }

    /// One try, from the ticket to the settlement.
    async fn admitted(&self, ledger: &mut Ledger, attempt: u32) -> Result<Outcome, Failure> {
        let digest = self.key.as_ref().map(|key| &key.digest);
        let mut ticket = enter(self.run, self.model, self.run.prompt_tokens, digest).await?;
        let permit = permit(self.run, self.model, &ticket).await?;
        let sent = self.prepare(ledger, &ticket).await;
        let (outcome, ended) = self.once(ledger, attempt, &sent, &mut ticket).await;
        drop(permit);
        ticket.settle(self.run.shared, self.run.signals, ended, self.run.now()).await;
        Ok(outcome)
    }

    async fn once(
        &self,
        ledger: &mut Ledger,
        attempt: u32,
        sent: &Sent,
        ticket: &mut Ticket<'_>,
    ) -> (Outcome, Ended) {
        let (sent_at, clock) = (self.run.now(), tokio::time::Instant::now());
        let timeout = self.model.policy.timeout.min(self.run.remaining());
        ticket.sent = true;
        let outgoing = Outgoing {
            model: &self.model.name,
            body: sent.body.clone(),
            mode: self.mode,
            task: &self.run.call.task_id,
        };
        let has_choice = self.run.client.has_choice(sent_at);
        let reply = self.run.client.generate(outgoing, timeout, sent_at).await;
        let first_byte = reply.as_ref().ok().map(|reply| reply.first_byte);
        let tried = Try {
            call: self.run.call,
            model: &self.model.name,
            request: &sent.request,
            attempt,
            sent_at,
            elapsed: self.began.elapsed(),
        };
        // A connection that could not be opened carried nothing to the service.
        ticket.sent = !matches!(
            reply,
            Err(TransportError::Connect | TransportError::Setup | TransportError::RequestTooLarge(_))
        );
        let (outcome, told) = match reply {
            Ok(reply) => self.judge(ledger, &tried, reply, sent),
            Err(error) => self.lost(ledger, &tried, error, timeout),
        };
        let took = clock.elapsed();
        let model = &self.model.name;
        self.run.signals.send(Signal::Called { model, outcome: told, took, first_byte });
        if told == CallOutcome::Throttled {
            self.run.signals.send(Signal::Throttled { model });
        }
        let ended = self.ended(&outcome, told, took, has_choice);
        let ended = Ended { read: self.read(&outcome, sent), ..ended };
        (outcome, ended)
    }

    /// What the fleet is told of `outcome`.
    fn ended(&self, outcome: &Outcome, told: CallOutcome, took: Duration, has_choice: bool) -> Ended {
        let now = self.run.now();
        let used = match outcome {
            Outcome::Answered(response) => {
                response.usage_metadata.as_ref().and_then(|usage| usage.prompt_token_count)
            }
            Outcome::Died(_) | Outcome::CacheLost(_) | Outcome::Failed(..) => None,
        };
        let pause = match outcome {
            Outcome::Failed(verdict, _) => self.pause(*verdict, now),
            Outcome::Answered(_) | Outcome::CacheLost(_) | Outcome::Died(_) => None,
        };
        let service = match (outcome, told) {
            (Outcome::Answered(_), _) => ServiceOutcome::Success { took },
            // One endpoint of several: the others may serve the model well, and this one is left out.
            (Outcome::Failed(Verdict::Unreachable | Verdict::Overloaded { .. }, _), _) if has_choice => {
                ServiceOutcome::Neutral
            }
            (Outcome::Failed(..), CallOutcome::Failed | CallOutcome::TimedOut) => ServiceOutcome::Failure,
            _ => ServiceOutcome::Neutral,
        };
        Ended { used, outcome: service, took, pause, throttled: told == CallOutcome::Throttled, read: None }
    }

    /// What an inline answer teaches of the beginning of its prompt.
    fn read(&self, outcome: &Outcome, sent: &Sent) -> Option<Read> {
        let (Outcome::Answered(response), Some(key), None) = (outcome, &self.key, &sent.cache) else {
            return None;
        };
        let version = response.model_version.clone();
        Some(Read { digest: key.digest.clone(), version, usage: response.usage_metadata.clone()? })
    }

    /// How long the whole fleet leaves the model alone.
    fn pause(&self, verdict: Verdict, now: Timestamp) -> Option<(Timestamp, Denial)> {
        match verdict {
            Verdict::Throttled { .. } => {
                let wait = verdict.wait(1, self.run.jitter)?;
                Some((after(now, wait), Denial::Paused))
            }
            Verdict::DayUsedUp { until } => Some((until, Denial::Day)),
            _ => None,
        }
    }

    fn judge(
        &self,
        ledger: &mut Ledger,
        tried: &Try<'_>,
        reply: Reply,
        sent: &Sent,
    ) -> (Outcome, CallOutcome) {
        let model = &self.model.name;
        let is_error = !(200..300).contains(&reply.status) || reply.body.get("error").is_some();
        if is_error {
            let mut error = ApiError::read(reply.status, &reply.body);
            error.wait_at_least(reply.retry_after);
            ledger.failed(tried, &error.to_string(), reply.body);
            let now = self.run.now();
            let verdict = Verdict::of_error(&error, now);
            let failure = Failure::refused(&error, verdict, model, now);
            if let Some(handle) = sent.cache.clone().filter(|_| error.is_lost_cache()) {
                return (Outcome::CacheLost(handle), verdict.told());
            }
            return (Outcome::Failed(verdict, failure), verdict.told());
        }
        match GenerateContentResponse::deserialize(&reply.body) {
            Ok(response) => {
                let usage = ledger.answered(tried, &response, reply.body);
                self.run.reservation.spend(usage.cost_usd.unwrap_or_else(|| self.most_usd()));
                self.run.signals.send(Signal::Billed { usage });
                if usage.cached_tokens > 0 {
                    self.run.signals.send(Signal::CacheHit { model, tokens: usage.cached_tokens });
                }
                (Outcome::Answered(Box::new(response)), CallOutcome::Answered)
            }
            Err(_) => {
                let failure = Failure::unreadable(model);
                ledger.failed(tried, &failure.message, reply.body);
                (Outcome::Failed(Verdict::Stumbled, failure), CallOutcome::Failed)
            }
        }
    }

    fn lost(
        &self,
        ledger: &mut Ledger,
        tried: &Try<'_>,
        error: TransportError,
        timeout: Duration,
    ) -> (Outcome, CallOutcome) {
        let reason = error.to_string();
        ledger.failed(tried, &reason, Value::String(reason.clone()));
        let verdict = Verdict::of_transport(error);
        let failure = Failure::unanswered(error, verdict, &self.model.name, self.run.now());
        match error {
            TransportError::Closed => (Outcome::Died(failure), CallOutcome::Failed),
            // Cut short by our own deadline, a slow answer says nothing of the service.
            TransportError::TimedOut(_) if timeout < self.model.policy.timeout => {
                (Outcome::Failed(verdict, failure), CallOutcome::CutShort)
            }
            TransportError::TimedOut(_) | TransportError::Silent(_) => {
                (Outcome::Failed(verdict, failure), CallOutcome::TimedOut)
            }
            _ => (Outcome::Failed(verdict, failure), verdict.told()),
        }
    }
}

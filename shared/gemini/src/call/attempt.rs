//! [`Attempt`]: one try of a request, from its ticket to its settlement.

use bytes::Bytes;
use serde_json::Value;

use super::admit::{enter, permit};
use super::context::Run;
use super::settle::{Ledger, Try};
use super::transcript::for_transcript;
use crate::cache::{CacheKey, HandleRef, Prepared, Wanted};
use crate::failure::Failure;
use crate::failure::Verdict;
use crate::fleet::{Ended, FleetModel, Ticket};
use crate::http::Mode;
use crate::http::Outgoing;
use crate::http::TransportError;
use crate::pricing;
use crate::signal::{CallOutcome, Signal};
use crate::wire::{GenerateContentRequest, GenerateContentResponse};

/// A request that is being tried.
pub(crate) struct Attempt<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) model: &'a FleetModel,
    /// The request without a context cache.
    pub(crate) inline: &'a GenerateContentRequest,
    /// What a cache of its beginning would be kept under; `None` if it is too small for one.
    pub(crate) key: Option<CacheKey>,
    pub(crate) mode: Mode,
    pub(crate) began: tokio::time::Instant,
}

/// What goes over the wire in one try.
pub(crate) struct Sent {
    /// As the transcript has it.
    pub(crate) request: Value,
    /// In the order in which the types have it.
    pub(crate) body: Bytes,
    pub(crate) cache: Option<HandleRef>,
}

/// What a try came to.
pub(crate) enum Outcome {
    Answered(Box<GenerateContentResponse>),
    /// The connection had died unnoticed; nothing is known to be wrong with anything.
    Died(Failure),
    /// The context cache is gone.
    CacheLost(HandleRef),
    Failed(Verdict, Failure),
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(run: &'a Run<'a>, model: &'a FleetModel, inline: &'a GenerateContentRequest) -> Self {
        let (mode, key) = (Mode::of(inline), CacheKey::of(&model.name, inline));
        Self { run, model, inline, key, mode, began: tokio::time::Instant::now() }
    }

    /// By a context cache, if there is one or its traffic repays one.
    async fn prepare(&self, ledger: &mut Ledger, ticket: &Ticket<'_>) -> Sent {
        let (prepared, price) = match &self.key {
            Some(key) => self.cached(key, ticket).await,
            None => (Prepared::default(), None),
        };
        if let Some(usage) = prepared.usage.clone() {
            self.run.reservation.spend(usage.cost_usd.or(price).unwrap_or_default());
            self.run.signals.send(Signal::Billed { usage: &usage });
            ledger.usage.push(usage);
        }
        let request = prepared.request(self.inline);
        // Maps with string keys and strings: neither can fail.
        let body = Bytes::from(serde_json::to_vec(&*request).unwrap_or_default());
        let request = for_transcript(serde_json::to_value(&*request).unwrap_or_default());
        Sent { request, body, cache: prepared.handle }
    }

    /// How the request goes, and what making a cache for it may have cost, US dollars.
    async fn cached(&self, key: &CacheKey, ticket: &Ticket<'_>) -> (Prepared, Option<f64>) {
        let (now, remaining) = (self.run.now(), self.run.remaining());
        let wanted = Wanted { key, request: self.inline, demand: ticket.demand.clone(), remaining };
        let price = self.run.caches.cost_of_making(&wanted, now);
        if let Some(usd) = price.filter(|_| self.run.reservation.is_bound())
            && self.run.reservation.cover_besides(usd, now).await.is_err()
        {
            return (Prepared::default(), None);
        }
        (self.run.caches.prepare(&wanted, now).await, price)
    }

    /// What one try may cost is set aside, unless it still is from the try before.
    pub(crate) async fn cover(&self) -> Result<(), Failure> {
        self.run.reservation.cover(self.most_usd(), self.run.now()).await
    }

    pub(crate) fn most_usd(&self) -> f64 {
        let output = self
            .inline
            .max_output_tokens()
            .unwrap_or(u64::from(self.run.config.generation.max_output_tokens));
        pricing::most_usd(&self.model.name, self.run.prompt_tokens, output, self.run.now())
    }

    /// One try, from the ticket to the settlement.
    pub(crate) async fn admitted(&self, ledger: &mut Ledger, attempt: u32) -> Result<Outcome, Failure> {
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
            first_byte,
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
        let read = self.read(&outcome, sent);
        let ended = Ended { read, ..self.ended(&outcome, told, took, has_choice) };
        (outcome, ended)
    }
}

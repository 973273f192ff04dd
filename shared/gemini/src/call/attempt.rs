//! [`Attempt`]: one try of a request, from its admission to its settlement.

use std::time::Duration;

use bytes::Bytes;
use domain::{Generation, ServiceTier};
use resilience::QuotaLimits;
use serde_json::Value;

use super::admit::{enter, permit};
use super::context::CallContext;
use super::count::count_tokens;
use super::settle::{CallRecord, Try};
use super::tiers::FLEX_TIMEOUT;
use super::transcript::for_transcript;
use crate::cache::{CacheKey, HandleRef, Prepared, Wanted};
use crate::failure::{Failure, FailureClass};
use crate::fleet::{AdmittedCall, Ended, FleetModel, lock};
use crate::http::{Mode, Outgoing, Reply};
use crate::signal::{CallOutcome, Signal};
use crate::wire::{GenerateContentRequest, GenerateContentResponse};

/// A request that is being tried.
pub(crate) struct Attempt<'a> {
    pub(crate) context: &'a CallContext<'a>,
    pub(crate) model: &'a FleetModel,
    /// The request without a context cache.
    pub(crate) inline: &'a GenerateContentRequest,
    /// How it is served. What flex has no room for is asked for again at once, as standard.
    pub(crate) tier: ServiceTier,
    /// What a cache of its beginning would be kept under; `None` if it is too small for one, or served by flex,
    /// of which nobody says whether it reads them.
    pub(crate) key: Option<CacheKey>,
    pub(crate) mode: Mode,
    /// Tokens of the answer at most.
    most_output: u64,
    /// What its tries took so far, without the waits before and between them.
    took: Duration,
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
    /// The context cache is gone.
    CacheLost(HandleRef),
    Failed(FailureClass, Failure),
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(
        context: &'a CallContext<'a>,
        model: &'a FleetModel,
        inline: &'a GenerateContentRequest,
    ) -> Self {
        let (mode, tier) = (Mode::of(inline), context.tiers.wanted(context, model));
        let account = &context.client.accounts()[model.account].name;
        let key = CacheKey::of(&model.name, inline).filter(|_| tier != ServiceTier::Flex);
        let key = key.map(|key| key.at(account));
        let most_output = inline.max_output_tokens().unwrap_or(u64::from(Generation::MAX_OUTPUT_TOKENS));
        Self { context, model, inline, tier, key, mode, most_output, took: Duration::ZERO }
    }

    /// Vertex AI takes a tier as a header, and refuses it as a field.
    pub(super) fn is_vertex(&self) -> bool {
        self.context.client.accounts()[self.model.account].is_vertex
    }

    /// By a context cache, if there is one or its traffic repays one.
    async fn prepare(&self, record: &mut CallRecord, admitted: &AdmittedCall<'_>) -> Sent {
        let prepared = match &self.key {
            Some(key) => self.cached(key, admitted).await,
            None => Prepared::default(),
        };
        if let Some(usage) = prepared.usage.clone() {
            self.context.signals.send(Signal::Billed(&usage));
            record.usage.push(usage);
        }
        let mut request = prepared.request(self.inline);
        if self.tier != ServiceTier::Standard && !self.is_vertex() {
            request.to_mut().service_tier = Some(self.tier);
        }
        // Maps with string keys and strings: neither can fail.
        let body = Bytes::from(serde_json::to_vec(&*request).unwrap_or_default());
        let request = for_transcript(serde_json::to_value(&*request).unwrap_or_default());
        Sent { request, body, cache: prepared.handle }
    }

    /// How the request goes. What making a cache for it costs is spent, also if nobody can tell whether it was made.
    async fn cached(&self, key: &CacheKey, admitted: &AdmittedCall<'_>) -> Prepared {
        let (now, remaining) = (self.context.now(), self.context.remaining());
        let wanted = Wanted { key, request: self.inline, demand: admitted.demand.clone(), remaining };
        let price = self.context.caches.cost_of_making(&wanted, now);
        if let Some(usd) = price
            && self.context.reservation.cover_besides(usd, now).await.is_err()
        {
            return Prepared::default();
        }
        let risk = self.context.reservation.risk(price.unwrap_or_default());
        let prepared = self.context.caches.prepare(&wanted, now).await;
        let cost = match &prepared.usage {
            Some(usage) => usage.cost_usd.or(price),
            None => price.filter(|_| prepared.in_doubt),
        };
        self.context.reservation.came_to(risk, cost.unwrap_or_default());
        prepared
    }

    /// Sets aside what one try may cost, unless that is still set aside from the try before.
    pub(crate) async fn cover(&self) -> Result<(), Failure> {
        self.context.reservation.cover(self.most_usd(), self.context.now()).await
    }

    /// The same once the call is admitted, of what the service must count first: once for each model.
    async fn cover_counted(&self) -> Result<(), Failure> {
        if self.counted().is_none() {
            let counted = count_tokens(self.context, self.model, self.inline).await;
            lock(&self.context.counted).insert(self.model.title.clone(), counted);
        }
        self.cover().await
    }

    fn counted(&self) -> Option<Option<u64>> {
        lock(&self.context.counted).get(&self.model.title).copied()
    }

    pub(crate) fn most_usd(&self) -> f64 {
        let prompt = self.context.prompt_tokens.most_of(self.inline, self.counted().flatten());
        self.context.most_usd(&self.model.name, (prompt, self.most_output), self.tier)
    }

    /// How long a try may take, if the call's deadline is not before. Flex leaves the time to be served as standard.
    pub(crate) fn timeout(&self) -> Duration {
        let timeout = self.model.policy.timeout;
        match self.tier {
            ServiceTier::Flex => FLEX_TIMEOUT.min(self.context.remaining().saturating_sub(timeout)),
            _ => timeout,
        }
    }

    /// Whether flex had no room, or no answer in time: that says nothing of the model, nor of its quota, unless one is
    /// named.
    pub(crate) fn is_shed(&self, class: FailureClass, failure: &Failure) -> bool {
        let no_room = match class {
            FailureClass::Overloaded { .. } | FailureClass::Stumbled => true,
            FailureClass::Throttled { .. } => failure.told == QuotaLimits::default(),
            _ => false,
        };
        self.tier == ServiceTier::Flex && no_room
    }

    /// What a request cost. One that was lost on its way, or while its answer came, may have been billed in full; what is
    /// refused is not billed (ai.google.dev/gemini-api/docs/billing: "a 400 or 500 error").
    fn billed_usd(&self, outcome: &Outcome, record: &CallRecord, is_lost: bool) -> f64 {
        match outcome {
            Outcome::Answered(_) => record.last_usd().unwrap_or_else(|| self.most_usd()),
            Outcome::CacheLost(_) | Outcome::Failed(FailureClass::RequestRefused, _) => 0.0,
            Outcome::Failed(..) if is_lost => self.most_usd(),
            Outcome::Failed(..) => 0.0,
        }
    }

    /// One try, from the admission to the settlement.
    pub(crate) async fn try_once(
        &mut self,
        record: &mut CallRecord,
        attempt: u32,
    ) -> Result<Outcome, Failure> {
        let digest = self.key.as_ref().map(|key| &key.digest);
        let mut admitted = enter(self.context, self.model, self.context.prompt_tokens.about, digest).await?;
        let permit = permit(self.context, self.model, &admitted).await?;
        if self.context.must_be_counted() {
            self.cover_counted().await?;
        }
        let sent = self.prepare(record, &admitted).await;
        if !self.model.policy.in_place.allows_start(self.context.remaining()) {
            return Err(Failure::out_of_time(&self.model.title, record.has_paid()));
        }
        let (outcome, ended) = self.send(record, attempt, &sent, &mut admitted).await;
        drop(permit);
        admitted.settle(self.context.shared, self.context.signals, ended, self.context.now()).await;
        Ok(outcome)
    }

    async fn send(
        &mut self,
        record: &mut CallRecord,
        attempt: u32,
        sent: &Sent,
        admitted: &mut AdmittedCall<'_>,
    ) -> (Outcome, Ended) {
        let (sent_at, clock) = (self.context.now(), tokio::time::Instant::now());
        let timeout = self.timeout().min(self.context.remaining());
        admitted.sent = true;
        let by_header = self.tier != ServiceTier::Standard && self.is_vertex();
        let outgoing = Outgoing {
            account: self.model.account,
            model: &self.model.name,
            body: sent.body.clone(),
            mode: self.mode,
            task: &self.context.call.task_id,
            tier: by_header.then_some(self.tier),
        };
        let risk = self.context.reservation.risk(self.most_usd());
        let has_choice = self.context.client.health(self.model.account).has_choice(&self.model.name, sent_at);
        let reply = self.context.client.generate(outgoing, timeout, sent_at).await;
        let (first_byte, took) = (reply.as_ref().ok().map(|reply| reply.first_byte), clock.elapsed());
        self.took += took;
        let tried = Try {
            call: self.context.call,
            model: &self.model.name,
            request: &sent.request,
            tier: self.tier,
            attempt,
            sent_at,
            elapsed: self.took,
            first_byte,
        };
        admitted.sent = !reply.as_ref().is_err_and(|error| error.never_left());
        let is_lost = match &reply {
            Ok(Reply { status, .. }) => (200..300).contains(status),
            Err(error) => !error.never_left(),
        };
        let (outcome, told) = match reply {
            Ok(reply) => self.classify_reply(record, &tried, reply, sent),
            Err(error) => self.classify_lost(record, &tried, error, timeout),
        };
        let billed = self.billed_usd(&outcome, record, is_lost);
        self.context.reservation.came_to(risk, billed);
        let model = &self.model.name;
        self.context.signals.send(Signal::Called { model, outcome: told, took, first_byte });
        if told == CallOutcome::Throttled {
            self.context.signals.send(Signal::Throttled(model));
        }
        let read = self.read(&outcome, sent);
        let ended = Ended { read, ..self.ended(&outcome, told, took, has_choice) };
        (outcome, ended)
    }
}

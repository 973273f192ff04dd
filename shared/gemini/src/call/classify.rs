//! What a try came to: for the caller ([`Outcome`]), for the figures ([`CallOutcome`]), and for the fleet ([`Ended`]).

use std::time::Duration;

use domain::{ServiceTier, Timestamp};
use resilience::Outcome as ServiceOutcome;
use serde::Deserialize;
use serde_json::Value;

use super::attempt::{Attempt, Outcome, Sent};
use super::settle::{CallRecord, Try};
use crate::failure::{ApiError, Failure, FailureClass};
use crate::fleet::{Ended, Parked, Read, Refusal};
use crate::http::{Reply, TransportError};
use crate::signal::{CallOutcome, Signal};
use crate::wire::{GenerateContentResponse, ModelStatus};

impl Attempt<'_> {
    /// What the fleet is told of `outcome`.
    pub(crate) fn ended(
        &self,
        outcome: &Outcome,
        told: CallOutcome,
        took: Duration,
        has_choice: bool,
    ) -> Ended {
        let now = self.context.now();
        let used = match outcome {
            Outcome::Answered(response) => {
                response.usage_metadata.as_ref().and_then(|usage| usage.prompt_token_count)
            }
            Outcome::CacheLost(_) | Outcome::Failed(..) => None,
        };
        let service = match (outcome, told) {
            // Minutes are what flex takes: they are not slow.
            (Outcome::Answered(_), _) if self.tier == ServiceTier::Flex => {
                ServiceOutcome::Success { took: Duration::ZERO }
            }
            (Outcome::Answered(_), _) => ServiceOutcome::Success { took },
            (Outcome::Failed(class, failure), _) if self.is_shed(*class, failure) => ServiceOutcome::Neutral,
            // One endpoint of several: the others may serve the model well, and this one is left out.
            (Outcome::Failed(FailureClass::Unreachable | FailureClass::Overloaded { .. }, _), _)
                if has_choice =>
            {
                ServiceOutcome::Neutral
            }
            (Outcome::Failed(..), CallOutcome::Failed | CallOutcome::TimedOut) => ServiceOutcome::Failure,
            _ => ServiceOutcome::Neutral,
        };
        let (refusal, parked) = (self.refusal(outcome), self.parked(outcome, now));
        let goes = match outcome {
            Outcome::Answered(response) => Some(response.model_status.as_ref().and_then(ModelStatus::goes)),
            _ => None,
        };
        Ended { used, outcome: service, took, refusal, parked, goes, read: None }
    }

    /// What an answer teaches of the beginning of its prompt.
    pub(crate) fn read(&self, outcome: &Outcome, sent: &Sent) -> Option<Read> {
        let (Outcome::Answered(response), Some(key)) = (outcome, &self.key) else { return None };
        let usage = response.usage_metadata.as_ref()?;
        let implicit = sent.cache.is_none().then(|| usage.cached_of(key.share_of(sent.body.len())));
        Some(Read { digest: key.digest.clone(), version: response.model_version.clone(), implicit })
    }

    /// Whether the fleet leaves the model alone, with the reason.
    fn parked(&self, outcome: &Outcome, now: Timestamp) -> Option<Parked> {
        let Outcome::Failed(class, failure) = outcome else { return None };
        Parked::of(*class, &self.model.policy.rules, failure.message.clone(), now)
    }

    /// The refusal of a call that was too much, with the limits that the service named.
    fn refusal(&self, outcome: &Outcome) -> Option<Refusal> {
        let Outcome::Failed(class, failure) = outcome else { return None };
        let is_too_much = matches!(class, FailureClass::Throttled { .. } | FailureClass::DayUsedUp { .. })
            && !self.is_shed(*class, failure);
        let refusal =
            || Refusal { class: *class, told: failure.told, draw: self.context.shared.jitter.draw() };
        is_too_much.then(refusal)
    }

    pub(crate) fn classify_reply(
        &self,
        record: &mut CallRecord,
        tried: &Try<'_>,
        reply: Reply,
        sent: &Sent,
    ) -> (Outcome, CallOutcome) {
        let model = &self.model.name;
        if let Some(error) = ApiError::in_reply(&reply) {
            record.failed(tried, &error.to_string(), reply.body);
            let now = self.context.now();
            let may_have = || self.context.client.health(self.model.account).may_have(model, now);
            // Another version of the API may have it.
            let class = match error.is_of_the_address() && may_have() {
                true => FailureClass::Unreachable,
                false => FailureClass::of_error(&error, now),
            };
            let failure = Failure::refused(&error, class, (&self.model.title, self.is_vertex()), now);
            if let Some(handle) = sent.cache.clone().filter(|_| error.is_lost_cache()) {
                return (Outcome::CacheLost(handle), class.call_outcome());
            }
            return (Outcome::Failed(class, failure), class.call_outcome());
        }
        match GenerateContentResponse::deserialize(&reply.body) {
            Ok(mut response) => {
                if let Some(usage) = response.usage_metadata.as_mut() {
                    usage.service_tier = usage.service_tier.take().or(reply.tier);
                }
                let usage = record.answered(tried, &response, reply.body);
                self.context.signals.send(Signal::Billed(usage));
                if usage.cached_tokens > 0 {
                    self.context.signals.send(Signal::CacheHit { model, tokens: usage.cached_tokens });
                }
                (Outcome::Answered(Box::new(response)), CallOutcome::Answered)
            }
            Err(_) => {
                let failure = Failure::unreadable(&self.model.title);
                record.failed(tried, &failure.message, reply.body);
                (Outcome::Failed(FailureClass::Stumbled, failure), CallOutcome::Failed)
            }
        }
    }

    pub(crate) fn classify_lost(
        &self,
        record: &mut CallRecord,
        tried: &Try<'_>,
        error: TransportError,
        timeout: Duration,
    ) -> (Outcome, CallOutcome) {
        let reason = error.to_string();
        record.failed(tried, &reason, Value::String(reason.clone()));
        let class = FailureClass::of_transport(error);
        let failure = Failure::unanswered(error, class, &self.model.title, self.context.now());
        match error {
            // Cut short by our own deadline, a slow answer says nothing of the service.
            TransportError::TimedOut(_) if timeout < self.timeout() => {
                (Outcome::Failed(class, failure), CallOutcome::CutShort)
            }
            TransportError::TimedOut(_) | TransportError::Silent(_) => {
                (Outcome::Failed(class, failure), CallOutcome::TimedOut)
            }
            _ => (Outcome::Failed(class, failure), class.call_outcome()),
        }
    }
}

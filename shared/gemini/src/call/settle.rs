//! The last link: what a call cost and said is written down, whatever came of it.

use std::time::Duration;

use domain::{Exchange, ModelCall, ServiceTier, StepUsage, Timestamp};
use serde_json::Value;

use super::transcript::for_transcript;
use crate::wire::GenerateContentResponse;

/// Everything sent, received and paid for in the course of one call.
#[derive(Debug, Default)]
pub(crate) struct CallRecord {
    pub(crate) usage: Vec<StepUsage>,
    pub(crate) exchanges: Vec<Exchange>,
}

/// One try at one model.
#[derive(Debug)]
pub(crate) struct Try<'a> {
    pub(crate) call: &'a ModelCall,
    /// The model as it was asked for.
    pub(crate) model: &'a str,
    pub(crate) request: &'a Value,
    /// How it asks to be served.
    pub(crate) tier: ServiceTier,
    /// Counted from 1.
    pub(crate) attempt: u32,
    pub(crate) sent_at: Timestamp,
    /// What it and the tries of the same request before it took, without waits between them.
    pub(crate) elapsed: Duration,
    /// From sending to the first byte of the answer, if one came.
    pub(crate) first_byte: Option<Duration>,
}

impl CallRecord {
    /// An answer came; it is paid for, whether it is of use or not.
    pub(crate) fn answered(
        &mut self,
        tried: &Try<'_>,
        response: &GenerateContentResponse,
        body: Value,
    ) -> &StepUsage {
        self.note(tried, body);
        let usage = step_usage(tried, response);
        tracing::info!(
            task_id = %tried.call.task_id, step = %usage.step, model = %usage.model, asked = tried.model,
            prompt_tokens = usage.prompt_tokens, cached_tokens = usage.cached_tokens,
            output_tokens = usage.output_tokens, thought_tokens = usage.thought_tokens,
            cost_usd = usage.cost_usd, attempt = tried.attempt, ms = usage.ms,
            ttft_ms = tried.first_byte.map(milliseconds), outcome = "answered",
            "the model call was answered"
        );
        self.usage.push(usage);
        &self.usage[self.usage.len() - 1]
    }

    /// No answer came. `reason` is free of secrets and of prompt text.
    pub(crate) fn failed(&mut self, tried: &Try<'_>, reason: &str, body: Value) {
        self.note(tried, body);
        tracing::warn!(
            task_id = %tried.call.task_id, step = %tried.call.step, model = tried.model,
            attempt = tried.attempt, ms = milliseconds(tried.elapsed), outcome = "failed", reason,
            "the model call failed"
        );
    }

    /// What the last answer cost, US dollars; `None` if its price is not known.
    pub(crate) fn last_usd(&self) -> Option<f64> {
        self.usage.last()?.cost_usd
    }

    /// Whether something was paid for already.
    pub(crate) fn has_paid(&self) -> bool {
        !self.usage.is_empty()
    }

    fn note(&mut self, tried: &Try<'_>, response: Value) {
        self.exchanges.push(Exchange {
            step: tried.call.step.clone(),
            model: tried.model.to_owned(),
            request: tried.request.clone(),
            response: for_transcript(response),
            at: tried.sent_at,
        });
    }
}

fn step_usage(tried: &Try<'_>, response: &GenerateContentResponse) -> StepUsage {
    let model = response.model_version.as_deref().unwrap_or(tried.model);
    let usage = response.usage_metadata.clone().unwrap_or_default();
    let billed = usage.billed(tried.tier);
    StepUsage {
        step: tried.call.step.clone(),
        model: model.to_owned(),
        prompt_tokens: usage.input(),
        cached_tokens: usage.cached_content_token_count.unwrap_or_default(),
        output_tokens: usage.candidates_token_count.unwrap_or_default(),
        thought_tokens: usage.thoughts_token_count.unwrap_or_default(),
        cost_usd: billed.and_then(|billed| prices::cost_usd(model, &billed, tried.sent_at)),
        saved_usd: billed.and_then(|billed| prices::saved_usd(model, &billed, tried.sent_at)),
        attempts: tried.attempt,
        ms: milliseconds(tried.elapsed),
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

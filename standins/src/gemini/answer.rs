//! [`Answer`]: a complete answer, before it is written as one body or as a stream.

use domain::ServiceTier;
use serde_json::{Value, json};

use super::log::Billed;
use super::tokens::{Tokens, count};

/// A complete answer, before it is written as one body or as a stream.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// `None` when the prompt was blocked.
    pub(super) candidate: Option<Candidate>,
    /// The prompt, cached tokens included.
    pub(super) prompt: Tokens,
    /// Of these, the cached ones.
    pub(super) cached: Option<Tokens>,
    pub(super) thoughts: u64,
    pub(super) tier: ServiceTier,
    pub(super) model: &'static str,
    pub(super) id: String,
    /// Whether Vertex AI says it: in which tier it was served stands elsewhere.
    pub(super) is_vertex: bool,
}

/// What the model says.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Text, or JSON as text; `None` when thinking left nothing for it.
    pub(super) text: Option<String>,
    /// The signature of the thoughts behind it.
    pub(super) signature: Option<String>,
    pub(super) finish: &'static str,
}

impl Answer {
    pub(super) fn billed(&self) -> Billed {
        Billed {
            model: self.model,
            prompt: self.prompt.total(),
            cached: self.cached.map_or(0, Tokens::total),
            output: self.written() + self.thoughts,
            tier: self.tier,
        }
    }

    pub(super) fn written(&self) -> u64 {
        self.candidate.as_ref().and_then(|candidate| candidate.text.as_deref()).map_or(0, count)
    }

    pub(super) fn body(&self) -> Value {
        let parts = self.candidate.as_ref().map(|candidate| (candidate.part(), Some(candidate.finish)));
        self.envelope(parts, self.written())
    }

    /// A response around a part of what is said, if anything is, and the reason for the end, if this is the end;
    /// with the usage when `written` tokens have been written.
    pub(super) fn envelope(&self, said: Option<(Option<Value>, Option<&str>)>, written: u64) -> Value {
        let usage = self.usage(written);
        let mut body = json!({"usageMetadata": usage, "modelVersion": self.model, "responseId": self.id});
        let Some((part, finish)) = said else {
            body["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
            return body;
        };
        let mut candidate = json!({"index": 0, "content": {"role": "model"}});
        if let Some(part) = part {
            candidate["content"]["parts"] = json!([part]);
        }
        if let Some(finish) = finish {
            candidate["finishReason"] = finish.into();
        }
        body["candidates"] = json!([candidate]);
        body
    }

    fn usage(&self, written: u64) -> Value {
        let prompt = self.prompt.total();
        let mut usage = json!({
            "promptTokenCount": prompt, "promptTokensDetails": self.prompt.details(),
            "totalTokenCount": prompt + written + self.thoughts,
        });
        if self.is_vertex {
            usage["trafficType"] = match self.tier {
                ServiceTier::Standard => "ON_DEMAND".into(),
                tier => format!("ON_DEMAND_{}", tier.as_str().to_ascii_uppercase()).into(),
            };
        } else {
            usage["serviceTier"] = self.tier.as_str().into();
        }
        if let Some(cached) = self.cached {
            usage["cachedContentTokenCount"] = cached.total().into();
            usage["cacheTokensDetails"] = cached.details();
        }
        for (field, number) in [("candidatesTokenCount", written), ("thoughtsTokenCount", self.thoughts)] {
            if number > 0 {
                usage[field] = number.into();
            }
        }
        usage
    }
}

impl Candidate {
    fn part(&self) -> Option<Value> {
        let mut part = json!({"text": self.text.as_deref()?});
        if let Some(signature) = &self.signature {
            part["thoughtSignature"] = signature.as_str().into();
        }
        Some(part)
    }
}

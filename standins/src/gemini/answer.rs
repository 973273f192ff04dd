//! [`Answer`]: a complete answer, before it is written as one body or as a stream.

use domain::ServiceTier;
use serde_json::{Value, json};

use super::log::Billed;
use super::tokens::Tokens;

/// A complete answer, before it is written as one body or as a stream.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// One or several; none when the prompt was blocked.
    pub(super) candidates: Vec<Candidate>,
    /// What it used.
    pub(super) usage: Usage,
    /// The concrete model.
    pub(super) model: &'static str,
    /// The response's id.
    pub(super) id: String,
}

/// One answer of several.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// What the model says.
    pub(super) content: Content,
    /// The signature of the thoughts behind it.
    pub(super) signature: Option<String>,
    /// Why it ended.
    pub(super) finish: &'static str,
}

/// What a candidate holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// Text, or JSON as text.
    Text(String),
    /// A role and no parts.
    NoParts,
    /// `{}`.
    Nothing,
}

/// What an answer used.
#[derive(Debug, Clone)]
pub(super) struct Usage {
    /// The prompt, cached tokens included.
    pub(super) prompt: Tokens,
    /// Of these, the cached ones.
    pub(super) cached: Option<Tokens>,
    /// Tokens of all candidates.
    pub(super) candidates: u64,
    /// Tokens of the thoughts.
    pub(super) thoughts: u64,
    /// The tier in which it is served.
    pub(super) tier: ServiceTier,
}

impl Usage {
    /// `usageMetadata` when `candidates` tokens have been written.
    pub(super) fn metadata(&self, candidates: u64) -> Value {
        let prompt = self.prompt.total();
        let mut usage = json!({
            "promptTokenCount": prompt,
            "promptTokensDetails": self.prompt.details(),
            "totalTokenCount": prompt + candidates + self.thoughts,
            "serviceTier": self.tier.as_str(),
        });
        if let Some(cached) = self.cached {
            usage["cachedContentTokenCount"] = cached.total().into();
            usage["cacheTokensDetails"] = cached.details();
        }
        for (field, number) in [("candidatesTokenCount", candidates), ("thoughtsTokenCount", self.thoughts)] {
            if number > 0 {
                usage[field] = number.into();
            }
        }
        usage
    }
}

impl Answer {
    /// What it is billed for.
    pub(super) fn billed(&self) -> Billed {
        Billed {
            model: self.model,
            prompt: self.usage.prompt.total(),
            cached: self.usage.cached.map_or(0, Tokens::total),
            output: self.usage.candidates + self.usage.thoughts,
            tier: self.usage.tier,
        }
    }

    /// The body of a unary response.
    pub(super) fn body(&self) -> Value {
        let candidates: Vec<Value> =
            self.candidates.iter().enumerate().map(|(index, c)| c.to_json(index)).collect();
        self.envelope(candidates, self.usage.candidates)
    }

    /// A response around some candidates, with the usage so far.
    pub(super) fn envelope(&self, candidates: Vec<Value>, written: u64) -> Value {
        let mut body = json!({
            "usageMetadata": self.usage.metadata(written),
            "modelVersion": self.model,
            "responseId": self.id,
        });
        if self.candidates.is_empty() {
            body["promptFeedback"] = json!({"blockReason": "PROHIBITED_CONTENT"});
        } else {
            body["candidates"] = candidates.into();
        }
        body
    }
}

impl Candidate {
    fn to_json(&self, index: usize) -> Value {
        let mut candidate = json!({"index": index, "finishReason": self.finish});
        candidate["content"] = match self.parts() {
            _ if self.content == Content::Nothing => json!({}),
            parts if parts.is_empty() => json!({"role": "model"}),
            parts => json!({"role": "model", "parts": parts}),
        };
        candidate
    }

    fn parts(&self) -> Vec<Value> {
        let Content::Text(text) = &self.content else { return Vec::new() };
        let mut part = json!({ "text": text });
        if let Some(signature) = &self.signature {
            part["thoughtSignature"] = signature.as_str().into();
        }
        vec![part]
    }
}

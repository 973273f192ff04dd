//! What a test can look at afterwards: the requests received and counters over them.

use domain::{ServiceTier, Timestamp};
use serde_json::Value;
use std::sync::{Arc, Mutex};

use crate::kit::lock;

/// A request as it was received, without its credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceivedRequest {
    /// When its body had been read.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path, such as `/v1beta/models/gemini-3.8-flash:generateContent`.
    pub path: String,
    /// The model as the path names it, for calls of a model.
    pub model: Option<String>,
    /// The method after the colon, such as `generateContent`; empty if there is none.
    pub verb: String,
    /// The JSON body; `null` if there is none or it is not JSON, and when bodies are not kept.
    pub body: Value,
    /// The HTTP status of the answer; `None` while it is under way, and when the caller went away.
    pub status: Option<u16>,
    /// What the answer is billed for; `None` if it is no model's, or not yet there.
    pub billed: Option<Billed>,
}

/// What an answer is billed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billed {
    /// The concrete model, as `modelVersion` names it.
    pub model: &'static str,
    /// Prompt tokens, cached ones included.
    pub prompt: u64,
    /// Of these, tokens read from an explicit cache.
    pub cached: u64,
    /// Tokens of the answer, thoughts included.
    pub output: u64,
    /// The tier in which it was served.
    pub tier: ServiceTier,
}

/// Figures since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests of any kind.
    pub requests: u64,
    /// Calls of models being answered at this moment, streams included.
    pub in_flight: u64,
    /// The largest number of calls that were being answered at once.
    pub max_in_flight: u64,
}

/// A call of a model that is being answered: counted for as long as this lives.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Mutex<Counters>>);

impl InFlight {
    pub(super) fn begin(counters: &Arc<Mutex<Counters>>) -> Self {
        let mut all = lock(counters);
        all.in_flight += 1;
        all.max_in_flight = all.max_in_flight.max(all.in_flight);
        Self(Arc::clone(counters))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.0).in_flight -= 1;
    }
}

//! What a test can look at afterwards: the requests received and counters over them.

use domain::{ServiceTier, Timestamp};
use serde_json::Value;
use std::sync::{Arc, Mutex};

use crate::kit::{self, lock};

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

/// The last requests, and the counters.
#[derive(Debug)]
pub(super) struct Log {
    requests: kit::Log<ReceivedRequest>,
    counters: Mutex<Counters>,
}

impl Log {
    /// A log of the last `keep` requests.
    pub(super) fn new(keep: usize) -> Self {
        Self { requests: kit::Log::new(keep), counters: Mutex::default() }
    }

    /// Notes a request; the number finds it again.
    pub(super) fn received(&self, request: ReceivedRequest) -> u64 {
        lock(&self.counters).requests += 1;
        self.requests.add(request)
    }

    /// Notes the status that a request was answered with, and what that cost.
    pub(super) fn answered(&self, number: u64, status: u16, billed: Option<Billed>) {
        self.requests.change(number, |request| (request.status, request.billed) = (Some(status), billed));
    }

    /// Counts a call of a model for as long as the guard lives.
    pub(super) fn call(self: &Arc<Self>) -> InFlight {
        let mut counters = lock(&self.counters);
        counters.in_flight += 1;
        counters.max_in_flight = counters.max_in_flight.max(counters.in_flight);
        InFlight(Arc::clone(self))
    }

    /// The requests kept, oldest first.
    pub(super) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.all()
    }

    /// The counters.
    pub(super) fn counters(&self) -> Counters {
        *lock(&self.counters)
    }
}

/// A call that is being answered.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Log>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut counters = lock(&self.0.counters);
        counters.in_flight = counters.in_flight.saturating_sub(1);
    }
}

//! What a test can look at afterwards: the requests received and counters over them.

use domain::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
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
    /// The query string without `key`; empty if there is none.
    pub query: String,
    /// The model as the path names it, for calls of a model.
    pub model: Option<String>,
    /// The method after the colon, such as `generateContent`; empty if there is none.
    pub verb: String,
    /// Headers in lower case, without credentials; none when bodies are not kept.
    pub headers: BTreeMap<String, String>,
    /// The JSON body; `null` if there is none or it is not JSON, and when bodies are not kept.
    pub body: Value,
    /// The HTTP status of the answer; `None` while it is under way, and when the caller went away.
    pub status: Option<u16>,
    /// What the answer is billed for; `None` if it is no model's, or not yet there.
    pub billed: Option<Billed>,
}

impl ReceivedRequest {
    /// All of it but the body and the headers.
    pub(super) fn without_body(&self) -> Self {
        Self {
            at: self.at,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            model: self.model.clone(),
            verb: self.verb.clone(),
            headers: BTreeMap::new(),
            body: Value::Null,
            status: self.status,
            billed: self.billed,
        }
    }
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
}

/// Figures since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests of any kind.
    pub requests: u64,
    /// Calls of each concrete model (aliases resolved), refused ones included.
    pub calls: BTreeMap<String, u64>,
    /// Answers with status 429.
    pub throttled: u64,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Calls of models being answered at this moment, streams included.
    pub in_flight: u64,
    /// The largest number of calls that were being answered at once.
    pub max_in_flight: u64,
    /// Prompt tokens of all answers.
    pub prompt_tokens: u64,
    /// Of these, tokens read from an explicit cache.
    pub cached_tokens: u64,
    /// Tokens of all answers, thoughts included.
    pub output_tokens: u64,
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
        let mut counters = lock(&self.counters);
        *counters.statuses.entry(status).or_default() += 1;
        counters.throttled += u64::from(status == 429);
        self.requests.change(number, |request| (request.status, request.billed) = (Some(status), billed));
    }

    /// Notes what an answer used.
    pub(super) fn used(&self, billed: &Billed) {
        let mut counters = lock(&self.counters);
        counters.prompt_tokens += billed.prompt;
        counters.cached_tokens += billed.cached;
        counters.output_tokens += billed.output;
    }

    /// Counts a call of a model for as long as the guard lives.
    pub(super) fn call(self: &Arc<Self>, model: &str) -> InFlight {
        let mut counters = lock(&self.counters);
        *counters.calls.entry(model.to_owned()).or_default() += 1;
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
        lock(&self.counters).clone()
    }

    /// Forgets everything but the calls under way.
    pub(super) fn reset(&self) {
        self.requests.clear();
        let mut counters = lock(&self.counters);
        let in_flight = counters.in_flight;
        *counters = Counters { in_flight, max_in_flight: in_flight, ..Counters::default() };
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn request(path: &str) -> ReceivedRequest {
        ReceivedRequest {
            at: Timestamp::UNIX_EPOCH,
            method: "GET".into(),
            path: path.into(),
            query: String::new(),
            model: None,
            verb: String::new(),
            headers: BTreeMap::new(),
            body: Value::Null,
            status: None,
            billed: None,
        }
    }

    #[test]
    fn only_the_last_requests_are_kept_and_each_gets_its_own_status() {
        let log = Log::new(2);
        let numbers = ["/a", "/b", "/c"].map(|path| log.received(request(path)));
        for (number, status) in numbers.into_iter().zip([500, 429, 200]) {
            log.answered(number, status, None);
        }
        let kept: Vec<_> = log.requests().into_iter().map(|r| (r.path, r.status.unwrap())).collect();
        assert_eq!(kept, [("/b".to_owned(), 429), ("/c".to_owned(), 200)]);
        assert_eq!((log.counters().requests, log.counters().throttled), (3, 1));
    }

    #[test]
    fn calls_are_in_flight_while_their_guard_lives() {
        let log = Arc::new(Log::new(0));
        let one = log.call("m");
        let two = log.call("m");
        drop(one);
        assert_eq!((log.counters().in_flight, log.counters().max_in_flight), (1, 2));
        drop(two);
        log.reset();
        assert_eq!(log.counters(), Counters::default());
    }
}

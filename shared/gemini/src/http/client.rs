//! [`Client`]: one HTTP call to the model, and nothing else: no retry, no judgement.

use std::time::Duration;

use bytes::Bytes;
use domain::{TaskId, Timestamp, after};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::time::Instant;

use super::balancer::EndpointHealth;
use super::connections::Connections;
use super::connector::ConnectionCounts;
use super::endpoints::{Endpoint, Endpoints};
use super::key::Key;
use super::receive::{Received, receive};
use super::stream::Mode;
use super::transport::{MAX_REQUEST, TransportError, may_share};
use crate::config::{Config, ConfigError};
use crate::signal::Signals;

/// How often a call may find that the connection it was to share is gone again before it fails.
const MAX_SHARED: usize = 3;

const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const SERVICE_TIER: HeaderName = HeaderName::from_static("x-gemini-service-tier");
const SERVER_TIMEOUT: HeaderName = HeaderName::from_static("x-server-timeout");

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing<'a> {
    pub(crate) model: &'a str,
    /// The request as JSON.
    pub(crate) body: Bytes,
    pub(crate) mode: Mode,
    /// On whose behalf: it decides which endpoint serves the call.
    pub(crate) task: &'a TaskId,
}

/// The service's answer, of whatever status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The body, a stream's folded into one; a string if it is not JSON.
    pub(crate) body: Value,
    /// The wait that the header `Retry-After` asks for.
    pub(crate) retry_after: Option<Duration>,
    /// The tier that served it, by its header.
    pub(crate) tier: Option<String>,
    /// From sending to the first byte of the body.
    pub(crate) first_byte: Duration,
    /// From sending to the last byte of the body.
    pub(crate) took: Duration,
}

#[derive(Debug)]
pub(crate) struct Client {
    endpoints: Endpoints,
    key: Key,
    connections: Connections,
}

impl Client {
    pub(crate) fn new(config: &Config, signals: Signals) -> Result<Self, ConfigError> {
        Ok(Self {
            endpoints: Endpoints::new(config)?,
            key: Key::new(config.api_key.as_ref())?,
            connections: Connections::new(config, signals)?,
        })
    }

    /// How many requests and connections there were.
    pub(crate) fn counts(&self) -> ConnectionCounts {
        self.connections.counts()
    }

    /// Whether the calls of other tasks may go elsewhere: then the failure of an endpoint says nothing of the
    /// model.
    pub(crate) fn has_choice(&self, now: Timestamp) -> bool {
        self.endpoints.has_choice(now)
    }

    /// Sends `call` and reads the answer, all within `timeout`.
    pub(crate) async fn generate(
        &self,
        call: Outgoing<'_>,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        if call.body.len() > MAX_REQUEST {
            return Err(TransportError::RequestTooLarge(call.body.len()));
        }
        let began = Instant::now();
        let (index, endpoint) = self.endpoints.choose(call.task, now);
        let exchange = self.exchange(endpoint, call, timeout, now);
        let outcome =
            tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(TransportError::TimedOut(timeout)));
        if let Some(health) = endpoint_health(&outcome) {
            self.endpoints.note(index, health, after(now, began.elapsed()));
        }
        if let Ok(Reply { status, first_byte, took, .. }) = &outcome {
            tracing::debug!(status, ?first_byte, ?took, "the model's service replied");
        }
        outcome
    }

    async fn exchange(
        &self,
        endpoint: &Endpoint,
        call: Outgoing<'_>,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let client = self.connections.client(endpoint, now).map_err(|_| TransportError::Setup)?;
        let address = endpoint.generate_content(call.model, call.mode);
        let request = client.post(address).headers(self.headers(timeout)).body(call.body);
        self.answer(request, call.mode, now).await
    }

    fn headers(&self, timeout: Duration) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Whole seconds, rounded down: the service should give up before we do, since its answer
        // says why and ours cannot.
        headers.insert(SERVER_TIMEOUT, HeaderValue::from(timeout.as_secs().max(1)));
        headers.extend(self.key.header().map(|key| (API_KEY, key)));
        headers
    }
}

/// What is not generation: caches and the like.
impl Client {
    /// Sends `body` to `path` (after the version: `cachedContents/x`) of the first endpoint and reads the
    /// answer, all within `timeout`. Another endpoint may not know what is made there: it refuses, and
    /// the call goes inline.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let endpoint = self.endpoints.first();
        let client = self.connections.client(endpoint, now).map_err(|_| TransportError::Setup)?;
        let request = client.request(method, endpoint.resource(path)).headers(self.headers(timeout));
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let exchange = self.answer(request, Mode::Unary, now);
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(TransportError::TimedOut(timeout)))
    }

    async fn answer(
        &self,
        request: RequestBuilder,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        self.connections.counters().count_request();
        let sent = Instant::now();
        let response = send(request).await?;
        let status = response.status().as_u16();
        let header = |name: &HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let tier = header(&SERVICE_TIER).map(str::to_owned);
        let retry_after = header(&RETRY_AFTER);
        let retry_after =
            retry_after.and_then(|value| domain::retry_after(value, after(now, sent.elapsed())));
        let Received { body, first_byte } = receive(response, mode, &self.key).await?;
        let (first_byte, took) = (first_byte.duration_since(sent), sent.elapsed());
        Ok(Reply { status, body, retry_after, tier, first_byte, took })
    }
}

/// The response's head. A call that was told to share a connection asks the pool for it.
async fn send(request: RequestBuilder) -> Result<Response, TransportError> {
    #[cfg(feature = "simulated")]
    let request = match super::simulated::send(request).await {
        Ok(answer) => return answer,
        Err(request) => request,
    };
    for _ in 0..MAX_SHARED {
        // Bytes in memory can always be sent again.
        let Some(again) = request.try_clone() else { break };
        match again.send().await {
            Err(error) if may_share(&error) => {}
            outcome => return outcome.map_err(|error| TransportError::before_answer(&error)),
        }
    }
    request.send().await.map_err(|error| TransportError::before_answer(&error))
}

/// What the outcome says about the endpoint; a time-out says nothing, since long answers have it too.
fn endpoint_health(outcome: &Result<Reply, TransportError>) -> Option<EndpointHealth> {
    match outcome {
        Ok(reply) if matches!(reply.status, 502 | 503) => Some(EndpointHealth::Failing),
        Ok(_) => Some(EndpointHealth::Healthy),
        Err(TransportError::Connect) => Some(EndpointHealth::Failing),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_that_no_service_takes_is_not_sent() {
        let config = Config { base_url: "http://127.0.0.1:1".to_owned(), ..Config::new(None) };
        let client = Client::new(&config, Signals::none()).unwrap();
        let task = TaskId::derive("t", b"1");
        let body = Bytes::from(vec![0; MAX_REQUEST + 1]);
        let call = Outgoing { model: "m", body, mode: Mode::Unary, task: &task };
        let error = client.generate(call, Duration::from_secs(9), Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(error, TransportError::RequestTooLarge(MAX_REQUEST + 1));
        assert!(
            error.to_string().contains("has 101 MB") && error.to_string().contains("100 MB at most"),
            "{error}"
        );
        assert_eq!(client.counts().requests, 0);
    }
}

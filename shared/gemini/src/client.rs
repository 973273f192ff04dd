//! [`Client`]: one HTTP call to the model, and nothing else: no retry, no judgement.

use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::config::{Config, ConfigError};
use crate::connections::Connections;
use crate::endpoint::Endpoint;
use crate::transport::TransportError;

/// Largest answer that is read, bytes: many times what 65,536 output tokens of text need.
const LARGEST_ANSWER: usize = 16 << 20;

const API_KEY: HeaderName = HeaderName::from_static("x-goog-api-key");
const SERVER_TIMEOUT: HeaderName = HeaderName::from_static("x-server-timeout");

/// The service's answer, of whatever status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The body; a string if it is not JSON.
    pub(crate) body: Value,
    /// Header `Retry-After`, in its form in seconds.
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    connections: Connections,
}

impl Client {
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        let endpoint = Endpoint::new(config)?;
        let connections = Connections::new(endpoint.is_local());
        Ok(Self { endpoint, connections })
    }

    /// Posts `body` to `model` and reads the answer, all within `timeout`.
    pub(crate) async fn generate(
        &self,
        model: &str,
        body: Bytes,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let client = self.connections.client(now).map_err(|_| TransportError::Setup)?;
        let request =
            client.post(self.endpoint.generate_content(model)).headers(self.headers(timeout)).body(body);
        let exchange = async {
            let response = request.send().await.map_err(|error| TransportError::before_answer(&error))?;
            self.read(response).await
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(TransportError::TimedOut(timeout)))
    }

    fn headers(&self, timeout: Duration) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // Whole seconds, rounded down: the service should give up before we do, since its answer
        // says why and ours cannot.
        headers.insert(SERVER_TIMEOUT, HeaderValue::from(timeout.as_secs().max(1)));
        headers.extend(self.endpoint.key_header().map(|key| (API_KEY, key)));
        headers
    }

    async fn read(&self, response: Response) -> Result<Reply, TransportError> {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let bytes = read_bounded(response).await?;
        Ok(Reply { status: status.as_u16(), body: self.parse(status, &bytes), retry_after })
    }

    fn parse(&self, status: StatusCode, bytes: &[u8]) -> Value {
        if status.is_success()
            && let Ok(body) = serde_json::from_slice(bytes)
        {
            return body;
        }
        let text = self.endpoint.redact(&String::from_utf8_lossy(bytes));
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }
}

/// What is not generation: caches and the like.
impl Client {
    /// Sends `body` to `path` (after the version: `cachedContents/x`) and reads the answer, all within
    /// `timeout`.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let client = self.connections.client(now).map_err(|_| TransportError::Setup)?;
        let request = client.request(method, self.endpoint.resource(path)).headers(self.headers(timeout));
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let exchange = async {
            let response = request.send().await.map_err(|error| TransportError::before_answer(&error))?;
            self.read(response).await
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(TransportError::TimedOut(timeout)))
    }
}

/// The body, unless it is too large: a broken or hostile server must not fill our memory.
async fn read_bounded(mut response: Response) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| TransportError::Broken)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

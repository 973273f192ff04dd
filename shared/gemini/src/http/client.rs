//! [`Client`]: one HTTP call to the model, and nothing else: no retry, no judgement.

use std::sync::MutexGuard;
use std::time::Duration;

use bytes::Bytes;
use domain::{ServiceTier, TaskId, Timestamp, after};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::account::{self, Account};
use super::balancer::{Balancer, EndpointHealth};
use super::connections::Connections;
use super::connector::ConnectionCounts;
use super::endpoints::Endpoint;
use super::key::{Key, NoKey};
use super::receive::{Received, receive};
use super::stream::Mode;
use super::transport::{MAX_REQUEST, TransportError, may_share};
use crate::config::{Config, ConfigError};
use crate::failure::ApiError;
use crate::signal::Signals;

/// How often a call may find that the connection it was to share is gone again before it fails.
const MAX_SHARED: usize = 3;

/// The shortest deadline that the service takes. With less time no call is begun: one that we break off may be billed.
pub(crate) const MIN_DEADLINE: Duration = Duration::from_secs(10);

const SERVICE_TIER: HeaderName = HeaderName::from_static("x-gemini-service-tier");
/// How Vertex AI is asked for a tier.
const WANTED_TIER: HeaderName = HeaderName::from_static("x-vertex-ai-llm-shared-request-type");
const SERVER_TIMEOUT: HeaderName = HeaderName::from_static("x-server-timeout");

/// What is sent.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing<'a> {
    /// By whose quota it goes.
    pub(crate) account: usize,
    pub(crate) model: &'a str,
    /// The request as JSON.
    pub(crate) body: Bytes,
    pub(crate) mode: Mode,
    /// On whose behalf: it decides which endpoint serves the call.
    pub(crate) task: &'a TaskId,
    /// How it is to be served, where a header says so.
    pub(crate) tier: Option<ServiceTier>,
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
}

#[derive(Debug)]
pub(crate) struct Client {
    accounts: Vec<Account>,
    connections: Connections,
}

impl Client {
    pub(crate) fn new(config: &Config, signals: Signals) -> Result<Self, ConfigError> {
        Ok(Self { accounts: Account::all(config)?, connections: Connections::new(config, signals)? })
    }

    /// How many requests and connections there were.
    pub(crate) fn counts(&self) -> ConnectionCounts {
        self.connections.counters().read()
    }

    /// Who calls can be made as.
    pub(crate) fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// In which order the accounts are asked for `task`.
    pub(crate) fn order(&self, task: &TaskId) -> Vec<usize> {
        account::order(&self.accounts, task).collect()
    }

    /// The account called `name`, and the endpoint that keeps its caches.
    pub(crate) fn home_of(&self, name: &str) -> (&Account, &Endpoint) {
        let account = self.accounts.iter().find(|account| account.name == name).unwrap_or(&self.accounts[0]);
        (account, &account.endpoints.all()[0])
    }

    /// What is known of the endpoints of the account.
    pub(crate) fn health(&self, account: usize) -> MutexGuard<'_, Balancer> {
        self.accounts[account].endpoints.health()
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
        let (account, model) = (&self.accounts[call.account], call.model);
        let (index, endpoint) = account.endpoints.choose(call.task, model, now);
        let client = self.connections.client(endpoint, now).map_err(|_| TransportError::Setup)?;
        let tier = call.tier.map(|tier| (WANTED_TIER, HeaderValue::from_static(tier.as_str())));
        let request = client.post(endpoint.generate_content(model, call.mode)).body(call.body);
        let request = request.headers(tier.into_iter().collect());
        let outcome = self.within(timeout, account, request, call.mode, now).await;
        if let Some(health) = endpoint_health(&outcome) {
            account.endpoints.note(index, model, health, after(now, began.elapsed()));
        }
        outcome
    }

    /// What is answered to `request`, all within `timeout`.
    async fn within(
        &self,
        timeout: Duration,
        account: &Account,
        request: RequestBuilder,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let answer = self.answer(account, request.headers(headers(timeout)), mode, now);
        tokio::time::timeout(timeout, answer).await.unwrap_or(Err(TransportError::TimedOut(timeout)))
    }
}

fn headers(timeout: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Whole seconds, rounded down: the service should give up before we do, since its answer says why and ours cannot.
    headers.insert(SERVER_TIMEOUT, HeaderValue::from(timeout.max(MIN_DEADLINE).as_secs()));
    headers
}

/// What the service would say without a token, in the words of whoever refuses to give one.
fn without_key(problem: NoKey) -> Result<Reply, TransportError> {
    let NoKey::Refused(words) = problem else { return Err(TransportError::Connect) };
    let message = format!("No access token: {words}");
    let body = json!({"error": {"code": 401, "status": "UNAUTHENTICATED", "message": message}});
    Ok(Reply { status: 401, body, retry_after: None, tier: None, first_byte: Duration::ZERO })
}

/// What is not generation: caches and the like.
impl Client {
    /// What `address` of `endpoint` answers to `account`, all within `timeout`: to a GET, or to a POST of `body`.
    pub(crate) async fn ask(
        &self,
        account: &Account,
        endpoint: &Endpoint,
        address: &str,
        body: Option<Bytes>,
        timeout: Duration,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let client = self.connections.client(endpoint, now).map_err(|_| TransportError::Setup)?;
        let request = match body {
            Some(body) => client.post(address).body(body),
            None => client.get(address),
        };
        self.within(timeout, account, request, Mode::Unary, now).await
    }

    /// Sends `request` as `account`; once more with another token if the first one is not taken.
    async fn answer(
        &self,
        account: &Account,
        request: RequestBuilder,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let key = match account.key().await {
            Ok(key) => key,
            Err(problem) => return without_key(problem),
        };
        // Bytes in memory can always be sent again.
        let again = request.try_clone();
        let reply = self.answer_with(&key, request, mode, now).await?;
        if reply.status != 401 {
            return Ok(reply);
        }
        match (again, account.other_than(&key).await) {
            (Some(request), Some(key)) => self.answer_with(&key, request, mode, now).await,
            _ => Ok(reply),
        }
    }

    async fn answer_with(
        &self,
        key: &Key,
        request: RequestBuilder,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Reply, TransportError> {
        let request = request.headers(key.header().into_iter().collect());
        self.connections.counters().count_request();
        let sent = Instant::now();
        let response = send(request).await?;
        let status = response.status().as_u16();
        let header = |name: &HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let tier = header(&SERVICE_TIER).map(str::to_owned);
        let retry_after = header(&RETRY_AFTER);
        let retry_after =
            retry_after.and_then(|value| domain::retry_after(value, after(now, sent.elapsed())));
        let Received { body, first_byte } = receive(response, mode, key).await?;
        Ok(Reply { status, body, retry_after, tier, first_byte: first_byte.duration_since(sent) })
    }
}

/// The response's head. A call that was told to share a connection asks the pool for it.
async fn send(request: RequestBuilder) -> Result<Response, TransportError> {
    #[cfg(feature = "simulated")]
    let request = match simulated::send(request).await {
        Ok(answer) => return answer.map_err(TransportError::from),
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
        Ok(reply) if ApiError::in_reply(reply).is_some_and(|error| error.is_of_the_address()) => {
            Some(EndpointHealth::Lacking)
        }
        Ok(_) => Some(EndpointHealth::Healthy),
        Err(TransportError::Connect | TransportError::Broken) => Some(EndpointHealth::Failing),
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
        let call = Outgoing { account: 0, model: "m", body, mode: Mode::Unary, task: &task, tier: None };
        let error = client.generate(call, Duration::from_secs(9), Timestamp::UNIX_EPOCH).await.unwrap_err();
        assert_eq!(error, TransportError::RequestTooLarge(MAX_REQUEST + 1));
        assert!(["has 101 MB", "100 MB at most"].iter().all(|it| error.to_string().contains(it)), "{error}");
        assert_eq!(client.counts().requests, 0);
    }
}

//! [`Client`]: authorised calls on one service, within the time limit of their operation.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock, ServiceError, Target, Timestamp};
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::base::Base;
use crate::config::{BuildError, Config};
use crate::credential::Credential;
use crate::request::Request;
use crate::service::{Operation, Service};
use crate::single_flight::SingleFlight;
use crate::transport::Transport;

/// An API as seen by one credential. Its clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) service: &'static Service,
    transport: Transport,
    base: Base,
    pub(crate) credential: Option<Credential>,
    /// Whose the credential is, once the service has said it.
    pub(crate) account: Arc<SingleFlight<String>>,
    clock: Clock,
    timeout: Duration,
}

/// An operation under way.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// What it does.
    pub operation: Operation,
    /// When it has to end.
    pub deadline: Instant,
}

impl Client {
    /// A client that sends `headers` with every request. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn new(
        service: &'static Service,
        config: &Config,
        credential: Credential,
        headers: &HeaderMap,
        clock: Clock,
    ) -> Result<Self, BuildError> {
        Ok(Self::anonymous(service, config, headers, clock)?.with(credential))
    }

    /// A client without a credential, for a service whose credentials come and go: see
    /// [`with`](Self::with).
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work.
    pub fn anonymous(
        service: &'static Service,
        config: &Config,
        headers: &HeaderMap,
        clock: Clock,
    ) -> Result<Self, BuildError> {
        let base = Base::parse(service, &config.base_url)?;
        let transport = Transport::new(service, config, &base, headers)?;
        let (account, timeout) = (Arc::default(), config.timeout);
        Ok(Self { service, transport, base, credential: None, account, clock, timeout })
    }

    /// The same API over the same connections as `credential` sees it.
    #[must_use]
    pub fn with(&self, credential: Credential) -> Self {
        Self { credential: Some(credential), account: Arc::default(), ..self.clone() }
    }

    /// Where the API is.
    #[must_use]
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An operation that starts now.
    #[must_use]
    pub fn begin(&self, operation: Operation) -> Call {
        Call { operation, deadline: Instant::now() + self.timeout }
    }

    /// Starts an operation on `target`. Returns it with the target as `check` has checked it.
    ///
    /// # Errors
    /// Those of `check`: the target belongs to another service, or no path can be built from it.
    pub fn begin_on<'t, T>(
        &self,
        operation: Operation,
        target: &'t Target,
        check: impl FnOnce(&Self, Call, &'t Target) -> Result<T, ServiceError>,
    ) -> Result<(Call, T), ServiceError> {
        let call = self.begin(operation);
        Ok((call, check(self, call, target)?))
    }

    /// The request that `build` makes for the path of these `segments`.
    ///
    /// # Errors
    /// [`ServiceFailure::Refused`](domain::ServiceFailure::Refused) when the content is no JSON.
    pub fn request<T: Serialize>(
        &self,
        call: Call,
        build: impl FnOnce(reqwest::Url, &T) -> Result<Request, serde_json::Error>,
        segments: &[&str],
        body: &T,
    ) -> Result<Request, ServiceError> {
        self.checked(call, build(self.base.join(segments), body))
    }

    /// A request that was built elsewhere.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub fn checked(
        &self,
        call: Call,
        made: Result<Request, serde_json::Error>,
    ) -> Result<Request, ServiceError> {
        made.map_err(|error| self.refused(call, format!("the content is no JSON: {error}")))
    }

    /// Sends `request` and returns the answer, whatever its status.
    ///
    /// # Errors
    /// [`ServiceError`] when no answer came back. A write is not even sent when too little time is left to
    /// wait for its answer.
    pub async fn send(&self, call: Call, request: &Request) -> Result<Answer, ServiceError> {
        let left = call.deadline.saturating_duration_since(Instant::now());
        // There must be time to tell a connection that cannot be made from an answer that was lost.
        if call.operation.creates && left < self.timeout / 2 {
            let message = "the requests before it took too long; nothing was sent";
            return Err(self.later(call, message));
        }
        let answer = self.transport.send(request, self.credential.as_ref(), call.deadline).await;
        answer.map_err(|broken| self.broken(call, broken))
    }

    /// Sends `request` and reads the body of a success; `problem` makes an error of any other answer.
    ///
    /// # Errors
    /// As [`send`](Self::send) and [`read`](Self::read).
    pub async fn call<T: DeserializeOwned, E: From<ServiceError>>(
        &self,
        call: Call,
        request: &Request,
        problem: impl FnOnce(&Self, Call, &Answer) -> E,
    ) -> Result<T, E> {
        let answer = self.send(call, request).await?;
        self.read(call, &answer, problem)
    }

    /// The body of a success; `problem` makes an error of any other answer.
    ///
    /// # Errors
    /// That of `problem`, or as [`decode`](Self::decode).
    pub fn read<T: DeserializeOwned, E: From<ServiceError>>(
        &self,
        call: Call,
        answer: &Answer,
        problem: impl FnOnce(&Self, Call, &Answer) -> E,
    ) -> Result<T, E> {
        if !answer.status.is_success() {
            return Err(problem(self, call, answer));
        }
        Ok(self.decode(call, answer)?)
    }
}

#[cfg(test)]
mod tests;

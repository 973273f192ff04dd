//! [`Client`]: authorised calls on one service, within the time limit of their operation.

use std::time::Duration;

use domain::{Clock, ServiceError, ServiceFailure, Timestamp};
use reqwest::header::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::base::Base;
use crate::config::{BuildError, Config};
use crate::credential::Credential;
use crate::failure;
use crate::request::Request;
use crate::service::{Operation, Service};
use crate::transport::{Broken, Transport};

/// An API as seen by one credential.
#[derive(Debug)]
pub struct Client {
    service: &'static Service,
    transport: Transport,
    base: Base,
    credential: Credential,
    clock: Clock,
    timeout: Duration,
}

/// An operation under way.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// What it does.
    pub operation: Operation,
    /// When it must have ended.
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
        let base = Base::parse(service, &config.base_url)?;
        let transport = Transport::new(service, config, &base, headers)?;
        Ok(Self { service, transport, base, credential, clock, timeout: config.timeout })
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

    /// Sends `request`; any status is an answer.
    ///
    /// # Errors
    /// [`ServiceError`] when no answer came back, or when too little time is left for a request that
    /// must not be in doubt: nothing was sent then.
    pub async fn send(&self, call: Call, request: &Request) -> Result<Answer, ServiceError> {
        let left = call.deadline.saturating_duration_since(Instant::now());
        // There must be time to tell a connection that cannot be made from an answer that was lost.
        if call.operation.creates && left < self.timeout / 2 {
            let message = "what had to be asked before took too long; nothing was sent".to_owned();
            return Err(self.error(call, ServiceFailure::Later { after: None }, message));
        }
        let answer = self.transport.send(request, &self.credential, call.deadline).await;
        answer.map_err(|broken| self.broken(call, broken))
    }

    /// Makes a request of what `build` returns.
    ///
    /// # Errors
    /// [`ServiceFailure::Refused`] when the content is no JSON.
    pub fn request<T: Serialize>(
        &self,
        call: Call,
        build: impl FnOnce(reqwest::Url, &T) -> Result<Request, serde_json::Error>,
        segments: &[&str],
        body: &T,
    ) -> Result<Request, ServiceError> {
        build(self.base.join(segments), body)
            .map_err(|error| self.refused(call, format!("the content is no JSON: {error}")))
    }

    /// The body of a success.
    ///
    /// # Errors
    /// When it is not what the API documents: in doubt for a write. Says where, never what: the body
    /// may hold anything.
    pub fn decode<T: DeserializeOwned>(&self, call: Call, answer: &Answer) -> Result<T, ServiceError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let Service { title, url_variable, .. } = self.service;
            let message = format!(
                "{title}'s answer is not what its API documents (line {line}, column {column}); \
                 is {url_variable} the base of the API?"
            );
            self.error(call, failure::lost(call.operation, None), message)
        })
    }

    /// The error that an answer stands for by its status; `said` is what the service says, `hint` how
    /// to mend it.
    #[must_use]
    pub fn failed(&self, call: Call, answer: &Answer, said: &str, hint: Option<&str>) -> ServiceError {
        let after = answer.retry_after(self.now());
        let failure = failure::verdict(call.operation, answer.status, after);
        self.failed_as(call, failure, answer, said, hint)
    }

    /// The same with a `failure` that the service's own code decides.
    #[must_use]
    pub fn failed_as(
        &self,
        call: Call,
        failure: ServiceFailure,
        answer: &Answer,
        said: &str,
        hint: Option<&str>,
    ) -> ServiceError {
        let mut message = format!("HTTP {}", answer.status.as_u16());
        let said = failure::quote(&self.credential.redact(said));
        if !said.is_empty() {
            message = format!("{message}: {said}");
        }
        match failure {
            ServiceFailure::Throttled { after } => {
                message = format!("{message} (rate limit, free again in {} s)", after.as_secs());
            }
            _ if answer.status.is_redirection() => {
                message = format!(
                    "{message}; {} points elsewhere, where credentials are not sent: correct {}",
                    self.service.title, self.service.url_variable
                );
            }
            _ => {}
        }
        if let Some(hint) = hint {
            message = format!("{message}; {hint}");
        }
        self.error(call, failure, message)
    }

    /// It will never happen as asked.
    #[must_use]
    pub fn refused(&self, call: Call, message: impl Into<String>) -> ServiceError {
        self.error(call, ServiceFailure::Refused, message.into())
    }

    /// What a lost or unreadable answer means for `call`.
    #[must_use]
    pub fn lost(&self, call: Call, message: impl Into<String>) -> ServiceError {
        self.error(call, failure::lost(call.operation, None), message.into())
    }

    /// An error of this service.
    #[must_use]
    pub fn error(&self, call: Call, failure: ServiceFailure, message: String) -> ServiceError {
        ServiceError { service: self.service.name, operation: call.operation.name, failure, message }
    }

    fn broken(&self, call: Call, broken: Broken) -> ServiceError {
        let title = self.service.title;
        let later = ServiceFailure::Later { after: None };
        match broken {
            Broken::Unsent(cause) => {
                self.error(call, later, format!("{title} could not be reached: {cause}"))
            }
            Broken::Lost(cause) => self.lost(call, format!("{title}'s answer did not arrive: {cause}")),
            Broken::TooLarge => self.lost(call, format!("{title}'s answer is larger than 32 MiB")),
        }
    }
}

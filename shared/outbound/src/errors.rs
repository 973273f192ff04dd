//! The errors of a [`Client`]: of an answer that is no success, and of an answer that never came.

use domain::{ServiceError, ServiceFailure, Target, read_json};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use crate::answer::Answer;
use crate::client::{Call, Client};
use crate::failure;
use crate::service::Service;
use crate::transport::TransportError;

impl Client {
    /// The body of a success.
    ///
    /// # Errors
    /// When it is not what the API documents; a write is in doubt then. The error says at which place, and
    /// quotes nothing: the body may hold anything.
    pub fn decode<T: DeserializeOwned>(&self, call: Call, answer: &Answer) -> Result<T, ServiceError> {
        read_json(&answer.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let Service { title, url_variable, .. } = self.service;
            let message = format!(
                "{title}'s answer is not what its API documents (line {line}, column {column}); \
                 is {url_variable} the base of the API?"
            );
            self.error(call, failure::lost(call.operation, None), message)
        })
    }

    /// The error of an answer with this status. `said` is the service's own message, `hint` says how to mend
    /// it. Whoever is not let in at all (401) is not let in with the next request either.
    #[must_use]
    pub fn failed(&self, call: Call, answer: &Answer, said: &str, hint: Option<&str>) -> ServiceError {
        let after = answer.retry_after(self.now());
        let failure = match answer.status {
            StatusCode::UNAUTHORIZED => ServiceFailure::AccountRefused,
            status => failure::of_status(call.operation, status, after),
        };
        self.failed_as(call, failure, answer, said, hint)
    }

    /// The same, where a code of the service decides which `failure` it is.
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
        let said = failure::quote(&self.redact(said));
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

    /// `target` is a thread of another service.
    #[must_use]
    pub fn foreign(&self, call: Call, target: &Target) -> ServiceError {
        self.refused(
            call,
            format!("{} cannot answer in a thread of {}", self.service.title, target.service()),
        )
    }

    /// It certainly did not happen, and may later.
    #[must_use]
    pub fn later(&self, call: Call, message: impl Into<String>) -> ServiceError {
        self.error(call, ServiceFailure::Later { after: None }, message.into())
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

    /// No answer came in time to a request that changes nothing.
    pub(crate) fn silent(&self, call: Call) -> ServiceError {
        self.later(call, format!("{} did not answer in time", self.service.title))
    }

    pub(crate) fn broken(&self, call: Call, broken: TransportError) -> ServiceError {
        let title = self.service.title;
        match broken {
            TransportError::Unsent(cause) => {
                self.later(call, format!("{title} could not be reached: {cause}"))
            }
            TransportError::OutOfReach(cause) => self.refused(call, cause),
            TransportError::Lost(cause) => {
                self.lost(call, format!("{title}'s answer did not arrive: {cause}"))
            }
            TransportError::TooLarge => self.lost(call, format!("{title}'s answer is larger than 32 MiB")),
        }
    }

    /// `said` without the credential that it may repeat.
    fn redact(&self, said: &str) -> String {
        self.credential.as_ref().map_or_else(|| said.to_owned(), |credential| credential.redact(said))
    }
}

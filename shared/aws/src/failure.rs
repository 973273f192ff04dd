//! What the SDK's errors mean to the callers of a port: try again later, or not.

use std::error::Error;
use std::fmt;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::{QueueError, StoreError};

/// Codes that pass by themselves although the status is a 4xx: throttling, time-outs, a conflict
/// with another's transaction, and credentials that were just being replaced.
const PASSING: &[&str] = &[
    "BandwidthLimitExceeded",
    "ExpiredTokenException",
    "ExpiredToken",
    "InternalServerError",
    "KmsThrottled",
    "LimitExceededException",
    "OverLimit",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestExpired",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Codes for a resource that is not there.
const ABSENT: &[&str] =
    &["ResourceNotFoundException", "NoSuchBucket", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];

/// A resource as its owner knows it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    kind: &'static str,
    name: String,
    variable: &'static str,
}

impl Resource {
    /// The resource `name`, which the variable `variable` names.
    pub(crate) fn new(kind: &'static str, name: String, variable: &'static str) -> Self {
        Self { kind, name, variable }
    }

    /// Its name or URL.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The variable that names it.
    pub(crate) fn variable(&self) -> &'static str {
        self.variable
    }

    /// The error of a store for `error`.
    pub(crate) fn store_error<E>(
        &self,
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> StoreError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        Failure::of(error, self).into_store_error(operation)
    }

    /// The error of a store for `error`, which the service sent with `status`.
    pub(crate) fn service_error(
        &self,
        operation: &'static str,
        error: &impl ProvideErrorMetadata,
        status: u16,
    ) -> StoreError {
        Failure::of_service(error, status, self).into_store_error(operation)
    }

    /// The error of a queue for `error`.
    pub(crate) fn queue_error<E>(
        &self,
        operation: &'static str,
        error: &SdkError<E, HttpResponse>,
    ) -> QueueError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        QueueError::new(operation, Failure::of(error, self).message)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)
    }
}

/// What went wrong, in words that name the resource and carry neither keys nor stored bytes.
pub(crate) struct Failure {
    /// Whether trying again later may help.
    pub(crate) passes: bool,
    /// What to tell.
    pub(crate) message: String,
}

impl Failure {
    /// Reads `error` of a call to `resource`.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>, resource: &Resource) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(failed) => {
                Self::of_service(failed.err(), failed.raw().status().as_u16(), resource)
            }
            SdkError::ConstructionFailure(_) => Self {
                passes: false,
                message: format!("{resource}: the request could not be made: {}", causes(error)),
            },
            SdkError::TimeoutError(_) => {
                Self { passes: true, message: format!("{resource}: no answer in time") }
            }
            // Dispatch and response errors: no connection, no credentials, or no answer of AWS's.
            _ => Self { passes: true, message: format!("{resource}: {}", causes(error)) },
        }
    }

    fn of_service(error: &impl ProvideErrorMetadata, status: u16, resource: &Resource) -> Self {
        let code = error.code().unwrap_or("unknown error");
        let said = error.message().unwrap_or("no message");
        if ABSENT.contains(&code) {
            let Resource { kind, name, variable } = resource;
            let message = format!("there is no {kind} `{name}` in this account and region: check {variable}");
            return Self { passes: false, message };
        }
        let passes = status >= 500 || status == 429 || PASSING.contains(&code);
        Self { passes, message: format!("{resource}: {code}: {said}") }
    }

    fn into_store_error(self, operation: &'static str) -> StoreError {
        if self.passes {
            StoreError::unavailable(operation, self.message)
        } else {
            StoreError::broken(operation, self.message)
        }
    }
}

/// The messages of `error` and of everything behind it. Not its `Debug` form, which would print the
/// raw answer with its body.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut messages = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        cause = error.source();
    }
    messages.join(": ")
}

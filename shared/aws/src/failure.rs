//! What the SDK's errors mean to the callers of a port: try again later, mend something first, or give up.

use std::error::Error;
use std::fmt;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::{QueueError, StoreError};

/// Codes that concern the request itself or the item that it is about. Whatever else is refused concerns us or the
/// resource (a role, a key, a table that is gone) and can be mended: no task ends for it.
const ABOUT_THE_REQUEST: &[&str] = &[
    "EntityTooLarge",
    "InvalidArgument",
    "InvalidObjectState",
    "InvalidRequest",
    "ItemCollectionSizeLimitExceededException",
    "KeyTooLongError",
    "NoSuchKey",
    "SerializationException",
    "ValidationException",
];

/// Codes of transient errors although the status is a 4xx: throttling, time-outs, a conflict with another
/// transaction, and credentials that are being replaced.
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
const ABSENT: &[&str] = &[
    "ResourceNotFoundException",
    "NoSuchBucket",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
];

/// Advice for a request that never reached the network.
const UNSIGNED: &str = "If region or credentials are missing: set AWS_REGION, and AWS_ACCESS_KEY_ID with \
    AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the function's role";

/// A resource, under the name that its owner gave it.
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

/// When trying again helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Helps {
    /// Later.
    Later,
    /// Once somebody has mended what we are refused for.
    Mended,
    /// Never.
    Never,
}

/// What went wrong, in words that name the resource and carry neither keys nor stored bytes.
pub(crate) struct Failure {
    /// When trying again helps.
    pub(crate) again: Helps,
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
                again: Helps::Never,
                message: format!("{resource}: the request could not be made: {}", causes(error)),
            },
            SdkError::TimeoutError(_) => {
                Self { again: Helps::Later, message: format!("{resource}: no answer in time") }
            }
            SdkError::DispatchFailure(failed) if failed.is_other() && failed.as_other().is_none() => {
                Self { again: Helps::Later, message: format!("{resource}: {}. {UNSIGNED}", causes(error)) }
            }
            // No connection, or an answer that is not AWS's.
            _ => Self { again: Helps::Later, message: format!("{resource}: {}", causes(error)) },
        }
    }

    fn of_service(error: &impl ProvideErrorMetadata, status: u16, resource: &Resource) -> Self {
        let code = error.code().unwrap_or("unknown error");
        let said = error.message().unwrap_or("no message");
        if ABSENT.contains(&code) {
            let Resource { kind, name, variable } = resource;
            let message = format!("there is no {kind} `{name}` in this account and region: check {variable}");
            return Self { again: Helps::Mended, message };
        }
        let again = match code {
            _ if status >= 500 || status == 429 || PASSING.contains(&code) => Helps::Later,
            _ if ABOUT_THE_REQUEST.contains(&code) => Helps::Never,
            _ => Helps::Mended,
        };
        Self { again, message: format!("{resource}: {code}: {said}") }
    }

    fn into_store_error(self, operation: &'static str) -> StoreError {
        match self.again {
            Helps::Later => StoreError::unavailable(operation, self.message),
            Helps::Mended => StoreError::refused(operation, self.message),
            Helps::Never => StoreError::broken(operation, self.message),
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

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ErrorMetadata;

    fn failure(code: &str, status: u16) -> StoreError {
        let table = Resource::new("DynamoDB table", "prod-tasks".to_owned(), "TASKS_TABLE");
        let error = ErrorMetadata::builder().code(code).message("so it said").build();
        table.service_error("save", &error, status)
    }

    #[test]
    fn throttling_and_faults_of_the_service_pass() {
        let passing =
            [("ThrottlingException", 400), ("RequestTimeout", 400), ("Anything", 503), ("Anything", 429)];
        for (code, status) in passing {
            let said = format!("DynamoDB table `prod-tasks`: {code}: so it said");
            assert_eq!(failure(code, status), StoreError::unavailable("save", said));
        }
    }

    #[test]
    fn what_concerns_the_request_or_its_item_never_passes() {
        for code in ["ValidationException", "SerializationException", "NoSuchKey", "EntityTooLarge"] {
            assert!(matches!(failure(code, 400), StoreError::Broken { .. }), "{code}");
        }
    }

    /// A role, a key, a resource, our credentials, and whatever AWS adds to these.
    #[test]
    fn refusals_of_ourselves_wait_until_they_are_mended() {
        for (code, status) in [
            ("AccessDeniedException", 400),
            ("AccessDenied", 403),
            ("KMS.DisabledException", 400),
            ("KMSAccessDeniedException", 400),
            ("InvalidAccessKeyId", 403),
            ("UnrecognizedClientException", 400),
            ("NoSuchBucket", 404),
            ("ResourceNotFoundException", 400),
            ("Anything", 400),
        ] {
            assert!(failure(code, status).is_refusal(), "{code}");
        }
    }

    #[test]
    fn a_missing_resource_is_named_with_its_variable() {
        let told = "there is no DynamoDB table `prod-tasks` in this account and region: check TASKS_TABLE";
        assert_eq!(failure("ResourceNotFoundException", 400), StoreError::refused("save", told));
    }
}

//! Conditional writes. A condition that does not hold is an answer, not an error.

use std::error::Error;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use domain::StoreError;

use crate::failure::Resource;
use crate::item::Item;

/// What became of a conditional write.
pub(crate) enum Written<T> {
    /// It is done.
    Done(T),
    /// The condition did not hold for this item, if the write asked for it and there is one.
    Refused(Option<Item>),
}

/// The errors of the three conditional writes.
pub(crate) trait ConditionalError: ProvideErrorMetadata + Error + Sized + 'static {
    /// The exception for a condition that did not hold, or the error itself.
    fn refusal(self) -> Result<ConditionalCheckFailedException, Self>;
}

macro_rules! conditional {
    ($($error:ident),*) => {$(
        impl ConditionalError for $error {
            fn refusal(self) -> Result<ConditionalCheckFailedException, Self> {
                match self {
                    Self::ConditionalCheckFailedException(refusal) => Ok(refusal),
                    other => Err(other),
                }
            }
        }
    )*};
}

conditional!(PutItemError, UpdateItemError, DeleteItemError);

/// Sorts `answer` into done, refused and failed.
pub(crate) fn written<T, E: ConditionalError>(
    operation: &'static str,
    table: &Resource,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Written<T>, StoreError> {
    match answer {
        Ok(output) => Ok(Written::Done(output)),
        Err(SdkError::ServiceError(failed)) => {
            let raw_status = failed.raw().status().as_u16();
            match failed.into_err().refusal() {
                Ok(refusal) => Ok(Written::Refused(refusal.item)),
                Err(error) => Err(table.service_error(operation, &error, raw_status)),
            }
        }
        Err(error) => Err(table.store_error(operation, &error)),
    }
}

/// Sends nothing again that may have been made. By the time of the SDK's second try many others may have written, and
/// nothing would tell it from a write that was refused: what gives back would do so twice. What DynamoDB has refused, such
/// as for its rate, was not made.
#[derive(Debug)]
pub(crate) struct OnlyRefused;

impl ClassifyRetry for OnlyRefused {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_refused = context.response().is_some_and(|response| response.status().is_client_error());
        if is_refused { RetryAction::NoActionIndicated } else { RetryAction::RetryForbidden }
    }

    fn name(&self) -> &'static str {
        "OnlyRefused"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

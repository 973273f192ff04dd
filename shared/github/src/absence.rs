//! What a 404 is about. GitHub says it of what is gone and of what our credentials do not reach, so that nobody learns
//! of private repositories. Whoever asks for the repository as well can tell: where that is there, the thread is gone,
//! and one task ends; where it is not, the credentials do not reach it, and its tasks wait until they do.
//!
//! Source: "Troubleshooting the REST API" in GitHub's documentation.

use domain::{ServiceError, ServiceFailure};
use outbound::{Answer, Call, Client, Request, StatusCode, Url};

use crate::api::Api;
use crate::operation::STATE;
use crate::problem;
use crate::thread::Thread;

/// The error that the 404 `answer` of `client` to a request about `thread` stands for; `error` is what it says by itself.
pub(crate) async fn explained(
    api: &Api,
    (call, client): (Call, &Client),
    thread: Thread<'_>,
    answer: &Answer,
    error: ServiceError,
) -> ServiceError {
    if !problem::is_of_thread(call.operation) {
        return error;
    }
    // A classic token that may read and not write is told that there is nothing to write to.
    if call.operation.creates {
        match is_there(api, call, thread, thread.itself(api.client.base())).await {
            Ok(true) => {
                let hint = problem::forbidden(answer, api.kind());
                let refused = ServiceFailure::AccountRefused;
                return client.failed_as(call, refused, answer, "", Some(&hint));
            }
            Ok(false) => {}
            Err(unknown) => return unknown,
        }
    }
    with_repository(api, call, thread, error).await
}

/// The same for a discussion or comment that GraphQL does not find.
pub(crate) async fn of_discussion(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    error: ServiceError,
) -> ServiceError {
    if problem::is_of_thread(call.operation) {
        with_repository(api, call, thread, error).await
    } else {
        error
    }
}

/// What `error` is by what the repository says.
async fn with_repository(api: &Api, call: Call, thread: Thread<'_>, error: ServiceError) -> ServiceError {
    match is_there(api, call, thread, thread.repository(api.client.base(), &[])).await {
        Ok(true) => {
            let message = format!("the thread is not there any more, its repository is ({})", error.message);
            api.client.error(call, ServiceFailure::Closed, message)
        }
        Ok(false) => ServiceError { failure: ServiceFailure::AccountRefused, ..error },
        Err(unknown) => unknown,
    }
}

/// Whether our credentials see what is at `url`. Nothing has happened yet, so what cannot be told is asked later.
async fn is_there(api: &Api, call: Call, thread: Thread<'_>, url: Url) -> Result<bool, ServiceError> {
    let look = Call { operation: STATE, ..call };
    let (answer, client) = api.send(look, thread, &Request::get(url, &[])).await?;
    match answer.status {
        StatusCode::OK => Ok(true),
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(false),
        _ => Err(problem::with(api.kind())(&client, look, &answer)),
    }
}

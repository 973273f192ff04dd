//! Request bodies and path parameters, with errors that say how to mend them.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use domain::{TaskId, clip, read_json};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// Bytes that a request body may have: an edited draft of the longest comment that GitHub takes
/// (65,536 characters of up to 4 bytes) fits in.
pub(crate) const MAX_BODY_BYTES: usize = 512 << 10;

/// Bytes of an id that an error repeats.
const ECHO_BYTES: usize = 64;

/// The task that the path names. A text that is no id names no task.
pub(crate) struct NamedTask(pub(crate) TaskId);

impl<S: Send + Sync> FromRequestParts<S> for NamedTask {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        let text = named.map_or_else(|_| String::new(), |Path(text)| text);
        text.parse().map(Self).map_err(|_| Refusal::NoSuchTask(clip(&text, ECHO_BYTES).to_owned()))
    }
}

/// A JSON body that must be there.
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match OptionalBody::from_request(request, state).await? {
            OptionalBody(Some(value)) => Ok(Self(value)),
            OptionalBody(None) => {
                Err(Refusal::Malformed("The body is empty: send a JSON object.".to_owned()))
            }
        }
    }
}

/// A JSON body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) Option<T>);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let json = is_json(&request);
        let bytes = Bytes::from_request(request, state).await.map_err(|why| match why {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => Refusal::TooLarge,
            _ => Refusal::Malformed("The body did not arrive in full.".to_owned()),
        })?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        // Also keeps simple requests of foreign web pages out, which cannot send this type unasked.
        if !json {
            return Err(Refusal::MediaType);
        }
        // serde would also fill a struct from an array, by position.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(Refusal::Malformed("The body is not a JSON object.".to_owned()));
        }
        read_json(&bytes)
            .map(|value| Self(Some(value)))
            .map_err(|error| Refusal::Malformed(format!("The body is not as expected: {error}.")))
    }
}

fn is_json(request: &Request) -> bool {
    let value = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

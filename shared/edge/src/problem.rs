//! [`Problem`]: every error that HTTP callers see, as RFC 9457 has it.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// The body of an error answer.
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status, which the body repeats.
    pub status: StatusCode,
    /// A stable word for programs: the end of the problem's type.
    pub kind: &'static str,
    /// What is wrong, in general.
    pub title: &'static str,
    /// What is wrong this time, and how to mend it.
    pub detail: String,
}

#[derive(Serialize)]
struct Body<'p> {
    r#type: String,
    title: &'p str,
    status: u16,
    detail: &'p str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Body {
            r#type: format!("urn:afterhook:problem:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
        };
        // Three strings and a number always serialise.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (self.status, json).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

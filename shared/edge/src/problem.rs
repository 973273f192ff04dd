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

impl Problem {
    /// The route is there, but not for this method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            kind: "method_not_allowed",
            title: "The method is not allowed here",
            detail: "The header Allow names the methods of this route.".to_owned(),
        }
    }

    /// There is nothing at this path; `routes` says where something is.
    #[must_use]
    pub fn no_such_route(routes: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            kind: "not_found",
            title: "There is no such route",
            detail: routes.to_owned(),
        }
    }
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

//! [`Reply`]: an answer before it is HTTP; pages, and connections that break.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;
use std::io;

/// An answer of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, body)
    }

    pub(crate) fn under(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = typed(status, "application/json; charset=utf-8", self.body.to_string());
        for (name, value) in self.headers {
            set(&mut response, name, &value);
        }
        response
    }
}

/// A response whose connection breaks before any byte of it was sent: the server writes nothing until
/// the body has given its first part, which never happens.
pub(crate) fn reset() -> Response {
    let broken = io::Error::new(io::ErrorKind::ConnectionReset, "fault: the connection breaks here");
    let body = Body::from_stream(stream::iter([Err::<Bytes, _>(broken)]));
    (StatusCode::OK, body).into_response()
}

/// A page. Everything in it is somebody's text and is escaped; scripts are forbidden besides.
pub(super) fn html(status: StatusCode, page: String) -> Response {
    let mut response = typed(status, "text/html; charset=utf-8", page);
    set(&mut response, "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    response
}

pub(crate) fn typed(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = (status, body.into()).into_response();
    set(&mut response, "content-type", content_type);
    set(&mut response, "x-content-type-options", "nosniff");
    response
}

/// Sets a header; one whose value cannot be written is left out.
pub(crate) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

//! Responses as all stand-ins write them.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// A JSON response; a status that is none becomes 500.
pub(crate) fn json(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    typed(status, "application/json; charset=utf-8", body.to_string())
}

/// A page. Everything in it is somebody's text and is escaped; scripts are forbidden besides.
pub(crate) fn html(status: StatusCode, page: String) -> Response {
    let mut response = typed(status, "text/html; charset=utf-8", page);
    set(&mut response, "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = (status, Body::from(body)).into_response();
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

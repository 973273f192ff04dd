//! Responses as Google's front end writes them: headers, pretty-printed bodies, streams.

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream::{self, StreamExt};
use http::StatusCode;
use serde_json::Value;
use std::convert::Infallible;

use super::errors::ApiError;
use crate::kit::{set, typed};

const JSON: &str = "application/json; charset=UTF-8";

/// A pretty-printed JSON body.
fn json(status: StatusCode, body: &Value) -> Response {
    let mut text = serde_json::to_string_pretty(body).unwrap_or_default();
    text.push('\n');
    scaffolded(status, JSON, text)
}

/// A successful JSON answer.
pub(super) fn ok(body: &Value) -> Response {
    json(StatusCode::OK, body)
}

/// An error in Google's form.
pub(super) fn error(error: &ApiError) -> Response {
    json(error.http_status(), &error.body())
}

/// Any other body.
fn scaffolded(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = typed(status, content_type, body);
    set(&mut response, "server", "scaffolding on HTTPServer2");
    response
}

/// A chunk of a stream as a server-sent event: `data: {…}` and an empty line, with CRLF.
pub(super) fn event(chunk: &Value) -> Bytes {
    format!("data: {chunk}\r\n\r\n").into()
}

/// Streams frames. `guard` lives until the last one was taken or the caller went away.
pub(super) fn frames<G: Send + 'static>(frames: Vec<Bytes>, guard: G) -> Response {
    let frames = stream::iter(frames).map(move |frame| {
        let _alive = &guard;
        Ok::<_, Infallible>(frame)
    });
    let mut response = scaffolded(StatusCode::OK, "text/event-stream", Body::from_stream(frames));
    set(&mut response, "content-disposition", "attachment");
    response
}

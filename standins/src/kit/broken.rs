//! Connections that break.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::StatusCode;
use std::io;

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "fault: the connection breaks here")
}

/// A response whose connection breaks before any byte of it was sent: the server writes nothing until
/// the body has given its first part, which never happens.
pub(crate) fn reset() -> Response {
    let body = Body::from_stream(stream::iter([Err::<Bytes, _>(broken())]));
    (StatusCode::OK, body).into_response()
}

//! Responses as Google's front end writes them: headers, pretty-printed bodies, streams.

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;
use std::io;
use std::time::Duration;

use super::errors::ApiError;
use crate::kit::breaking;

const JSON: &str = "application/json; charset=UTF-8";

/// A pretty-printed JSON body.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut text = serde_json::to_string_pretty(body).unwrap_or_default();
    text.push('\n');
    typed(status, JSON, Body::from(text))
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
pub(super) fn typed(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for vary in ["Origin", "X-Origin", "Referer"] {
        headers.append(header::VARY, HeaderValue::from_static(vary));
    }
    headers.insert(header::SERVER, HeaderValue::from_static("scaffolding on HTTPServer2"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    headers.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
    response
}

/// Notes how long the answer took, as the front end does.
pub(super) fn timed(response: &mut Response, took: Duration) {
    if let Ok(value) = HeaderValue::from_str(&format!("gfet4t7; dur={}", took.as_millis())) {
        response.headers_mut().insert(HeaderName::from_static("server-timing"), value);
    }
}

/// The framing of a stream of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// `?alt=sse`: `data: {…}` and an empty line, CRLF, nothing at the end.
    Events,
    /// Without it: one JSON array, element by element.
    Array,
}

impl Framing {
    /// One chunk as bytes. `position` is its place, `last` whether it is the last one.
    pub(super) fn frame(self, chunk: &Value, position: usize, last: bool) -> Bytes {
        match self {
            Self::Events => format!("data: {chunk}\r\n\r\n").into(),
            Self::Array => {
                let open = if position == 0 { "[" } else { ",\n" };
                let close = if last { "\n]\n" } else { "\n" };
                let chunk = serde_json::to_string_pretty(chunk).unwrap_or_default();
                format!("{open}{chunk}{close}").into()
            }
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Array => JSON,
        }
    }
}

/// Streams frames with a pause between them. `guard` lives until the last one was taken or the caller
/// went away; with `cut` the connection breaks after them.
pub(super) fn frames<G: Send + 'static>(
    framing: Framing,
    frames: Vec<Bytes>,
    pause: Duration,
    cut: bool,
    guard: G,
) -> Response {
    let paced = stream::iter(frames.into_iter().enumerate()).then(move |(position, frame)| async move {
        if position > 0 && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok::<_, io::Error>(frame)
    });
    let ending = stream::iter(cut.then(breaking)).flatten();
    let mut response =
        typed(StatusCode::OK, framing.content_type(), Body::from_stream(guarded(paced.chain(ending), guard)));
    response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    response
}

fn guarded<S, G>(stream: S, guard: G) -> impl Stream<Item = S::Item>
where
    S: Stream,
{
    stream.map(move |item| {
        let _alive = &guard;
        item
    })
}

/// The first half of a JSON body, under the length of the whole; then the connection breaks.
pub(super) fn truncated(body: &Value) -> Response {
    let text = serde_json::to_string_pretty(body).unwrap_or_default();
    let length = text.len();
    let half: String = text.chars().take(text.chars().count() / 2).collect();
    let parts = stream::iter([Ok(Bytes::from(half))]).chain(breaking());
    let mut response = typed(StatusCode::OK, JSON, Body::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    response
}

/// A page of a proxy that cannot reach the service.
pub(super) fn html() -> Response {
    let page = "<!DOCTYPE html>\n<html><title>Error 502 (Server Error)!!1</title><p>The server encountered a \
                temporary error and could not complete your request.</html>\n";
    typed(StatusCode::BAD_GATEWAY, "text/html; charset=UTF-8", Body::from(page))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_one_line_and_an_empty_line() {
        let frame = Framing::Events.frame(&json!({"text": "a\nb"}), 0, false);
        assert_eq!(&frame[..], b"data: {\"text\":\"a\\nb\"}\r\n\r\n");
    }

    #[test]
    fn array_frames_join_into_one_json_array() {
        let chunks = [json!({"n": 1}), json!({"n": 2}), json!({"n": 3})];
        let joined: Vec<u8> = chunks
            .iter()
            .enumerate()
            .flat_map(|(i, chunk)| Framing::Array.frame(chunk, i, i == 2).to_vec())
            .collect();
        assert_eq!(serde_json::from_slice::<Vec<Value>>(&joined).unwrap(), chunks);
    }
}

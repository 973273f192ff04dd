//! The stand-in through its HTTP interface, and its instances against an independent validator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod caches;
mod client_caches;
mod faults;
mod generation;
mod instances;
mod refusals;

use axum::body::{Body, Bytes};
use axum::response::Response;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::GeminiStandin;

/// An answer, read to its end.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The first candidate's text.
    pub(super) fn text(&self) -> String {
        self.json()["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap().to_owned()
    }
}

pub(super) async fn send(standin: &GeminiStandin, request: Request<Body>) -> Reply {
    let response: Response = standin.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

pub(super) fn request(method: &str, path: &str, body: impl Into<Body>) -> http::request::Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("x-goog-api-key", "key")
        .header("host", "127.0.0.1:1")
        .body(body.into())
        .unwrap()
}

pub(super) async fn post(standin: &GeminiStandin, path: &str, body: &Value) -> Reply {
    send(standin, request("POST", path, body.to_string())).await
}

pub(super) async fn get(standin: &GeminiStandin, path: &str) -> Reply {
    send(standin, request("GET", path, Body::empty())).await
}

/// A request body that asks one thing.
pub(super) fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

pub(super) const FLASH: &str = "/v1beta/models/gemini-flash-latest:generateContent";

//! The stand-in through its HTTP interface, and its instances against an independent validator.

mod cached_prompts;
mod generation;
mod injected_faults;
mod instances;
mod refusals;

use axum::body::Body;
use http::Request;
use http::request::Builder;
use serde_json::{Value, json};

use super::GeminiStandin;
use crate::kit::testing::{self, Answer};

impl Answer {
    fn said(&self) -> String {
        said_in(&self.json())
    }
}

fn said_in(answer: &Value) -> String {
    answer["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap().to_owned()
}

async fn send(standin: &GeminiStandin, request: Builder, body: impl Into<Body>) -> Answer {
    testing::send(standin.router(), request, body).await
}

fn request(method: &str, path: &str) -> Builder {
    Request::builder().method(method).uri(path).header("x-goog-api-key", "key")
}

async fn post(standin: &GeminiStandin, path: &str, body: &Value) -> Answer {
    send(standin, request("POST", path), body.to_string()).await
}

async fn get(standin: &GeminiStandin, path: &str) -> Answer {
    send(standin, request("GET", path), "").await
}

fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

const FLASH: &str = "/v1beta/models/gemini-flash-latest:generateContent";

//! What is logged: one event per call, nothing of the prompt, the answer or the key.
//!
//! A binary of its own with a single test: `tracing` remembers for the whole process whether anybody
//! listens to an event, so tests beside it that do not listen would now and then silence this one.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
#[path = "it/calls.rs"]
mod calls;
#[allow(dead_code)]
#[path = "it/server.rs"]
mod server;

use std::io;
use std::sync::{Arc, Mutex};

use domain::{Media, Model, Speaker, Turn};
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use crate::calls::*;
use crate::server::Server;

/// Everything logged on this thread, at every level, from every crate.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Fields of the events at `level` of this crate.
    fn events(&self, level: &str) -> Vec<Value> {
        let lines = self.text();
        let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ours = |event: &Value| {
            event["level"] == level && event["target"].as_str().is_some_and(|name| name.starts_with("gemini"))
        };
        events.filter(ours).map(|event| event["fields"].clone()).collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_call_is_one_event_and_tells_nothing_private() {
    let (log, _guard) = Log::start();
    let steps = [bare(500), says(r#"{"n": "PRIVATE-ANSWER"}"#), leaked()];
    let server = Server::start(steps).await;
    let mut call = structured();
    let image = Media { mime_type: "image/png".to_owned(), data: vec![7; 9] };
    call.turns.push(Turn { media: vec![image], ..Turn::text(Speaker::User, "And this?") });
    gemini(config(&server.url)).generate(&call).await.unwrap_err();
    server.finish();

    let [event] = &log.events("INFO")[..] else { panic!("not one event: {}", log.text()) };
    assert_eq!((&event["model"], &event["asked"]), (&"gemini-3.8-flash".into(), &ANSWER.into()));
    assert_eq!((&event["step"], &event["attempt"]), (&"answer".into(), &2.into()));
    assert_eq!((&event["prompt_tokens"], &event["output_tokens"]), (&1000.into(), &100.into()));
    assert!((event["cost_usd"].as_f64().unwrap() - 0.001_125).abs() < 1e-12, "{event}");
    assert!(event["ms"].is_u64() && event["task_id"].as_str().unwrap().starts_with("tsk_"));
    assert_eq!(log.events("WARN").len(), 2);

    let text = log.text();
    for private in [KEY, "PRIVATE-QUESTION", "PRIVATE-ANSWER", "BwcHBwcHBwcH"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

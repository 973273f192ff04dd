//! The streams of the model's service: events, wherever the network cuts them, and what their chunks become.

use gemini::fold_stream;
use gemini::wire::{EventReader, GenerateContentResponse};
use serde_json::{Value, json};

use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "streams",
    seeds: || {
        let chunk = |parts: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}]});
        let last = json!({"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": "c2ln"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2}, "modelVersion": "m"});
        let error = json!({"error": {"code": 503, "status": "UNAVAILABLE", "message": "overloaded"}});
        let thought = chunk(json!([{"text": "Hm.", "thought": true}]));
        let (one, other) = (chunk(json!([{"text": "Hel"}])), chunk(json!([{"text": "lo"}])));
        let sound =
            format!("data: {thought}\r\n\r\ndata: {one}\r\n\r\ndata: {other}\r\n\r\ndata: {last}\r\n\r\n");
        let broken = format!("data: {one}\n\n: comment\ndata: {error}\n\n");
        vec![sound.into_bytes(), broken.into_bytes()]
    },
    words: &[
        "data: ",
        "data:",
        "\r\n\r\n",
        "\n\n",
        "\r",
        ": x\n",
        "event: ",
        "index",
        "candidates",
        "content",
        "parts",
        "text",
        "thought",
        "error",
        "usageMetadata",
        "finishReason",
    ],
    check,
};

/// Pieces in which the network may bring a stream, bytes.
const CUTS: [usize; 3] = [1, 7, 1_000];

fn check(input: &[u8]) {
    let events = events(input, input.len().max(1));
    for cut in CUTS {
        assert_eq!(events, self::events(input, cut), "cut after {cut} bytes");
    }
    let chunks = events.iter().map(|event| serde_json::from_str::<Value>(event).unwrap_or_default());
    let Some(answer) = fold_stream(chunks) else { return };
    if answer.get("error").is_some() {
        assert!(answer.get("candidates").is_none(), "half an answer behind an error: {answer}");
        return;
    }
    assert_eq!(fold_stream([answer.clone()]).as_ref(), Some(&answer), "what was folded is whole");
    let read = serde_json::from_value::<GenerateContentResponse>(answer.clone());
    if let Some(content) = read.ok().and_then(|answer| answer.candidates.into_iter().next()?.content) {
        // A byte that is no character becomes one of three bytes.
        assert!(content.spoken().len() <= String::from_utf8_lossy(input).len(), "{answer}");
    }
}

/// The events of a stream that comes in pieces of so many bytes.
fn events(input: &[u8], cut: usize) -> Vec<String> {
    let mut reader = EventReader::default();
    let mut events: Vec<String> = input.chunks(cut).flat_map(|piece| reader.push(piece)).collect();
    events.extend(reader.finish());
    events
}

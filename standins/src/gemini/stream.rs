//! A complete answer as a stream of chunks.

use axum::response::Response;
use serde_json::{Value, json};

use super::answer::{Answer, Candidate, Content};
use super::errors::ApiError;
use super::faults::Fault;
use super::log::InFlight;
use super::respond::{event, frames};
use super::tokens::count;

/// The most characters of text in one chunk.
const CHUNK: usize = 120;

/// The error that ends a stream in the middle.
pub(super) fn broken() -> ApiError {
    ApiError::new(503, "The model is overloaded. Please try again later.")
}

/// Streams an answer.
pub(super) fn respond(answer: &Answer, faults: &[Fault], in_flight: InFlight) -> Response {
    let mut chunks = chunks(answer);
    let cut = faults.contains(&Fault::Truncated);
    if cut || faults.contains(&Fault::MidStream) {
        chunks.truncate((chunks.len() / 2).max(1));
    }
    if faults.contains(&Fault::MidStream) {
        chunks.push(broken().body());
    }
    frames(chunks.iter().map(event).collect(), cut, in_flight)
}

/// The chunks: each a whole response with the usage so far, the reason for the end only in the last one
/// of each candidate.
pub(super) fn chunks(answer: &Answer) -> Vec<Value> {
    if answer.candidates.is_empty() {
        return vec![answer.body()];
    }
    let mut written = 0;
    let mut chunks = Vec::new();
    for (index, candidate) in answer.candidates.iter().enumerate() {
        let parts = parts(candidate);
        let last = parts.len().saturating_sub(1);
        for (position, (part, tokens)) in parts.into_iter().enumerate() {
            written += tokens;
            let mut chunk = json!({"index": index, "content": content(part)});
            if position == last {
                chunk["finishReason"] = candidate.finish.into();
            }
            let counted = written.min(answer.usage.candidates);
            chunks.push(answer.envelope(vec![chunk], counted));
        }
    }
    // Rounding up in every piece must not make the sum differ from the unary answer's.
    if let Some(chunk) = chunks.last_mut() {
        chunk["usageMetadata"] = answer.usage.metadata(answer.usage.candidates);
    }
    chunks
}

fn content(part: Option<Value>) -> Value {
    match part {
        Some(part) => json!({"role": "model", "parts": [part]}),
        None => json!({"role": "model"}),
    }
}

/// The parts of a candidate, one for each chunk, with the tokens that each adds. There is at least one.
fn parts(candidate: &Candidate) -> Vec<(Option<Value>, u64)> {
    let Content::Text(text) = &candidate.content else { return vec![(None, 0)] };
    let pieces = pieces(text).into_iter().map(|piece| (Some(json!({ "text": piece })), count(piece)));
    let signature = candidate.signature.as_ref();
    pieces.chain(signature.map(|it| (Some(json!({"text": "", "thoughtSignature": it})), 0))).collect()
}

/// Cuts a text into pieces that end behind a space where possible; at least two for anything longer
/// than a word.
fn pieces(text: &str) -> Vec<&str> {
    let most = text.chars().count().div_ceil(2).clamp(1, CHUNK);
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let hard = rest.char_indices().nth(most).map_or(rest.len(), |(at, _)| at);
        let soft = rest[..hard].rfind(' ').map_or(hard, |at| at + 1);
        let (piece, tail) = rest.split_at(if hard == rest.len() { hard } else { soft });
        pieces.push(piece);
        rest = tail;
    }
    if pieces.is_empty() { vec![""] } else { pieces }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_into_the_text() {
        for text in ["", "a", "ab", "two words", &"wörter und ".repeat(60), &"x".repeat(500)] {
            let pieces = pieces(text);
            assert_eq!(pieces.concat(), *text);
            assert!(pieces.iter().all(|p| p.chars().count() <= CHUNK));
            assert!(text.len() < 4 || pieces.len() > 1, "{text:?}");
        }
    }
}

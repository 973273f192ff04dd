//! A complete answer as a stream of chunks.

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream::{self, StreamExt};
use http::StatusCode;
use serde_json::{Value, json};
use std::convert::Infallible;

use super::answer::{Answer, Candidate};
use super::faults::{Fault, usual};
use super::log::InFlight;
use super::respond::scaffolded;
use super::tokens::count;
use crate::kit::set;

/// The most characters of text in one chunk.
const CHUNK: usize = 120;

pub(super) fn respond(answer: &Answer, faults: &[Fault], in_flight: InFlight) -> Response {
    let mut chunks = chunks(answer);
    if faults.contains(&Fault::MidStream) {
        chunks.truncate((chunks.len() / 2).max(1));
        chunks.push(usual(503).body());
    }
    // As server-sent events, with CRLF. The call is under way until the last was taken or the caller went away.
    let frames = stream::iter(chunks).map(move |chunk| {
        let _alive = &in_flight;
        Ok::<_, Infallible>(Bytes::from(format!("data: {chunk}\r\n\r\n")))
    });
    let mut response = scaffolded(StatusCode::OK, "text/event-stream", Body::from_stream(frames));
    set(&mut response, "content-disposition", "attachment");
    response
}

/// The chunks: each a whole response with the usage so far, the reason for the end only in the last one.
fn chunks(answer: &Answer) -> Vec<Value> {
    let Some(candidate) = &answer.candidate else { return vec![answer.body()] };
    let (parts, total) = (parts(candidate), answer.written());
    let (mut written, last) = (0, parts.len() - 1);
    let chunk = |(position, (part, tokens)): (usize, (Option<Value>, u64))| {
        // Rounding up in every piece must not make the sum differ from the unary answer's.
        written = if position == last { total } else { total.min(written + tokens) };
        answer.envelope(Some((part, (position == last).then_some(candidate.finish))), written)
    };
    parts.into_iter().enumerate().map(chunk).collect()
}

/// The parts of a candidate, one for each chunk, with the tokens that each adds. There is at least one.
fn parts(candidate: &Candidate) -> Vec<(Option<Value>, u64)> {
    let Some(text) = &candidate.text else { return vec![(None, 0)] };
    let pieces = pieces(text).into_iter().map(|piece| (Some(json!({ "text": piece })), count(piece)));
    let signature = candidate.signature.as_ref();
    pieces.chain(signature.map(|it| (Some(json!({"text": "", "thoughtSignature": it})), 0))).collect()
}

/// Cuts a text into pieces that end behind a space where possible; at least two for anything longer than a word.
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

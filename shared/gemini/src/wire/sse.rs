//! Streamed bodies cut into their JSON chunks.
//!
//! Works on a whole body: a stream that was recorded, or one that was collected. There are three
//! framings: server-sent events (`alt=sse`), one JSON array (without it), and a bare JSON object,
//! which is how an error ends a stream that had already begun.

use serde_json::Value;

/// How a body is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `data: {…}` lines with empty lines between them.
    ServerSentEvents,
    /// `[{…}, {…}]`, or a lone `{…}`.
    Json,
}

/// A chunk that is not JSON.
#[derive(Debug, thiserror::Error)]
#[error("chunk {index} of the stream is not JSON: {source}")]
pub struct FramingError {
    /// Which chunk, counted from 0.
    index: usize,
    /// Where it breaks.
    source: serde_json::Error,
}

/// The chunks of `body`, and how they were cut. `[DONE]`, which some endpoints send as their last
/// event, is no chunk.
///
/// # Errors
/// A chunk is not JSON.
pub fn stream_chunks(body: &str) -> Result<(Framing, Vec<Value>), FramingError> {
    if body.lines().any(|line| line.starts_with("data:")) {
        let chunks = events(body).into_iter().enumerate();
        let chunks = chunks.map(|(index, text)| parse(index, &text)).collect::<Result<_, _>>()?;
        return Ok((Framing::ServerSentEvents, chunks));
    }
    Ok(match parse(0, body)? {
        Value::Array(chunks) => (Framing::Json, chunks),
        chunk => (Framing::Json, vec![chunk]),
    })
}

fn parse(index: usize, text: &str) -> Result<Value, FramingError> {
    serde_json::from_str(text).map_err(|source| FramingError { index, source })
}

/// The data of each event; several `data:` lines of one event are one text. Lines that are no field
/// of an event (a bare JSON error in mid-stream) form an event of their own.
fn events(body: &str) -> Vec<String> {
    let mut events = vec![String::new()];
    for line in body.lines() {
        let line = line.trim_end_matches('\r');
        let data = match line.split_once(':') {
            Some(("data", data)) => data.strip_prefix(' ').unwrap_or(data),
            Some(("event" | "id" | "retry" | "", _)) => continue,
            _ => line,
        };
        if line.is_empty() {
            events.push(String::new());
        } else if let Some(event) = events.last_mut() {
            event.push_str(data);
            event.push('\n');
        }
    }
    events.retain(|event| !matches!(event.trim(), "" | "[DONE]"));
    events
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn chunks(body: &str) -> Vec<Value> {
        stream_chunks(body).unwrap().1
    }

    #[test]
    fn events_are_cut_at_empty_lines() {
        let body = "data: {\"a\":1}\r\n\r\ndata: {\"a\":2}\r\n\r\n";
        assert_eq!(
            stream_chunks(body).unwrap(),
            (Framing::ServerSentEvents, vec![json!({"a":1}), json!({"a":2})])
        );
    }

    #[test]
    fn an_event_may_span_several_lines() {
        assert_eq!(chunks("event: x\n: note\ndata: {\"a\":\ndata: 1}\n\ndata: [DONE]\n\n"), [json!({"a":1})]);
    }

    #[test]
    fn an_error_in_mid_stream_is_a_chunk() {
        let body = "data: {\"a\":1}\n\n{\n  \"error\": {\n    \"code\": 499\n  }\n}\n";
        assert_eq!(chunks(body), [json!({"a":1}), json!({"error": {"code": 499}})]);
    }

    #[test]
    fn an_array_is_a_stream_too() {
        assert_eq!(
            stream_chunks("[{\"a\":1},\n{\"a\":2}]").unwrap(),
            (Framing::Json, vec![json!({"a":1}), json!({"a":2})])
        );
    }

    #[test]
    fn a_chunk_that_is_not_json_is_named() {
        let error = stream_chunks("data: {}\n\ndata: {oops\n\n").unwrap_err();
        assert!(error.to_string().starts_with("chunk 1 of the stream is not JSON"), "{error}");
    }

    proptest! {
        #[test]
        fn no_body_panics(body: String) {
            let _ = stream_chunks(&body);
        }
    }
}

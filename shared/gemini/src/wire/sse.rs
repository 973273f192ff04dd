//! Streamed bodies cut into their JSON chunks, as they come or as a whole.
//!
//! [`EventReader`] takes the bytes of server-sent events (`alt=sse`) in whatever pieces the network
//! delivers. [`stream_chunks`] takes a whole body (a stream that was recorded or collected) in any of
//! three framings: server-sent events, one JSON array (without `alt=sse`), and a bare JSON object,
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

fn events(body: &str) -> Vec<String> {
    let mut reader = EventReader::default();
    let mut events = reader.push(body.as_bytes());
    events.extend(reader.finish());
    events
}

/// Cuts a stream of bytes into the data of its events. A piece may end anywhere, within a character
/// too: nothing is decoded before its line is whole.
///
/// Several `data:` lines of one event are one text. Comments and other fields are skipped, and so is
/// `[DONE]`. Lines that are no field (a bare JSON error in mid-stream) form an event of their own.
#[derive(Debug, Default)]
pub struct EventReader {
    /// The line that is not at its end yet.
    line: Vec<u8>,
    /// Data of the event that is not at its end yet.
    event: String,
}

impl EventReader {
    /// Takes the next bytes; returns the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                events.extend(self.end_line());
            }
        }
        events
    }

    /// The event that the end of the stream completes, if there is one: not every server ends its
    /// last event with an empty line.
    #[must_use]
    pub fn finish(mut self) -> Option<String> {
        let last_line = self.end_line();
        last_line.or_else(|| self.end_event())
    }

    fn end_line(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return self.end_event();
        }
        let data = match line.split_once(':') {
            Some(("data", data)) => data.strip_prefix(' ').unwrap_or(data),
            Some(("event" | "id" | "retry" | "", _)) => return None,
            _ => line,
        };
        self.event.push_str(data);
        self.event.push('\n');
        None
    }

    fn end_event(&mut self) -> Option<String> {
        let event = std::mem::take(&mut self.event);
        (!matches!(event.trim(), "" | "[DONE]")).then_some(event)
    }
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

    #[test]
    fn the_last_event_needs_no_empty_line() {
        assert_eq!(chunks("data: {\"a\":1}\n\ndata: {\"a\":2}"), [json!({"a":1}), json!({"a":2})]);
    }

    /// `body` in pieces that end at `cuts`.
    fn in_pieces(body: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
        ends.push(body.len());
        ends.sort_unstable();
        let (mut reader, mut from, mut events) = (EventReader::default(), 0, Vec::new());
        for end in ends {
            events.extend(reader.push(&body[from..end]));
            from = end;
        }
        events.extend(reader.finish());
        events
    }

    #[test]
    fn every_byte_may_come_alone() {
        let body = ": hello\r\n\r\ndata: {\"text\":\"Grüße, 世界 🦀\"}\r\n\r\ndata: {\"a\":2}\n\n".as_bytes();
        let cuts: Vec<usize> = (0..body.len()).collect();
        let events = in_pieces(body, &cuts);
        assert_eq!(events, ["{\"text\":\"Grüße, 世界 🦀\"}\n", "{\"a\":2}\n"]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            body in "(data: [a-zü🦀]{0,6}|: x|\\{|\r\n|\n|\n\n){0,12}",
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            prop_assert_eq!(in_pieces(body.as_bytes(), &cuts), in_pieces(body.as_bytes(), &[]));
        }

        #[test]
        fn no_bytes_panic(body: Vec<u8>, cuts in prop::collection::vec(any::<usize>(), 0..4)) {
            in_pieces(&body, &cuts);
        }

        #[test]
        fn no_body_panics(body: String) {
            let _ = stream_chunks(&body);
        }
    }
}

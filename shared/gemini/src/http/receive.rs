//! Reading the body of an answer: as a whole, or as it is written.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

use super::key::Key;
use super::stream::{Folded, Mode};
use super::transport::TransportError;
use crate::wire::EventReader;

/// Largest answer that is read, bytes: many times what 65,536 output tokens of text need.
const MAX_ANSWER: usize = 16 << 20;
/// Longest pause within a streamed answer. Before its first chunk the model may think for as long as
/// the call's own time-out allows.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// A body.
#[derive(Debug)]
pub(crate) struct Received {
    /// A string if it is not JSON.
    pub(crate) body: Value,
    /// When it began.
    pub(crate) first_byte: Instant,
}

/// Reads the body of `response`. A stream is folded into one body; so is a JSON array, which is what
/// a gateway that does not know `alt=sse` makes of it.
pub(crate) async fn receive(response: Response, mode: Mode, key: &Key) -> Result<Received, TransportError> {
    let status = response.status();
    let streams = mode == Mode::Stream && status.is_success();
    let pause = streams.then_some(MAX_PAUSE);
    let is_event_stream = streams && is_event_stream(&response);
    let mut source = Source { response, pause, first_byte: None, size: 0 };
    let body = if is_event_stream {
        events(&mut source, key).await?
    } else {
        let whole = parse(status, &source.whole().await?, key);
        if streams { fold_array(whole) } else { whole }
    };
    let body = redacted(body, key);
    Ok(Received { body, first_byte: source.first_byte.unwrap_or_else(Instant::now) })
}

fn is_event_stream(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream")
}

/// A body that is being read.
struct Source {
    response: Response,
    /// How long may pass between two pieces.
    pause: Option<Duration>,
    first_byte: Option<Instant>,
    size: usize,
}

impl Source {
    /// The next piece, unless there is too much of it: a broken or hostile server must not fill our memory.
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        let next = self.response.chunk();
        let next = match self.pause.filter(|_| self.first_byte.is_some()) {
            Some(pause) => {
                tokio::time::timeout(pause, next).await.map_err(|_| TransportError::Silent(pause))?
            }
            None => next.await,
        };
        let piece = next.map_err(|_| TransportError::Broken)?;
        self.first_byte.get_or_insert_with(Instant::now);
        self.size += piece.as_ref().map_or(0, Bytes::len);
        if self.size > MAX_ANSWER { Err(TransportError::TooLarge) } else { Ok(piece) }
    }

    async fn whole(&mut self) -> Result<Vec<u8>, TransportError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }
}

/// A stream to its end, or to the error that ends it.
async fn events(source: &mut Source, key: &Key) -> Result<Value, TransportError> {
    let (mut reader, mut folded) = (EventReader::default(), Folded::default());
    while let Some(piece) = source.next().await? {
        for event in reader.push(&piece) {
            if !take(&mut folded, &event) {
                return Ok(Value::String(key.redact(&event)));
            }
            if folded.has_failed() {
                return Ok(folded.finish());
            }
        }
    }
    // What the last line leaves unfinished was cut off on its way.
    if reader.finish().is_some_and(|event| !take(&mut folded, &event)) {
        return Err(TransportError::Broken);
    }
    Ok(folded.finish())
}

fn take(folded: &mut Folded, event: &str) -> bool {
    domain::read_json(event.as_bytes()).is_ok_and(|chunk| folded.add(chunk))
}

fn parse(status: StatusCode, bytes: &[u8], key: &Key) -> Value {
    if status.is_success()
        && let Ok(body) = domain::read_json(bytes)
    {
        return body;
    }
    let text = key.redact(&String::from_utf8_lossy(bytes));
    let event = || EventReader::default().push(format!("{text}\n\n").as_bytes()).into_iter().next();
    // A refusal may come as the one event of a stream.
    let read = serde_json::from_str(&text).ok().or_else(|| serde_json::from_str(&event()?).ok());
    read.unwrap_or(Value::String(text))
}

/// Errors repeat a refused key.
fn redacted(body: Value, key: &Key) -> Value {
    if body.get("error").is_none() {
        return body;
    }
    let text = key.redact(&body.to_string());
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}

fn fold_array(body: Value) -> Value {
    let Value::Array(chunks) = body else { return body };
    let mut folded = Folded::default();
    for chunk in chunks {
        if !folded.add(chunk) {
            return Value::String("a stream with a chunk that is no object".to_owned());
        }
    }
    folded.finish()
}

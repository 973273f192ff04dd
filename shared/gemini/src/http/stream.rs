//! Streamed answers: which calls are streamed, and their chunks folded into one response.
//!
//! What comes out has the shape of a response that came as a whole, so nothing after this link knows the difference.

use serde_json::{Map, Value};

use crate::wire::GenerateContentRequest;

/// Answers with a higher bound are streamed, tokens.
const LONG_ANSWER: u64 = 8_192;

/// How an answer is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// All at once.
    Unary,
    /// As it is written.
    Stream,
}

impl Mode {
    /// Long answers are streamed. A whole one is silent until its last token: minutes, during which
    /// a model that hangs looks like one that writes, and a proxy between us may take the connection
    /// for idle. Short ones are not: a stream costs more bytes and buys nothing.
    pub(crate) fn of(request: &GenerateContentRequest) -> Self {
        if request.max_output_tokens().is_some_and(|tokens| tokens > LONG_ANSWER) {
            Self::Stream
        } else {
            Self::Unary
        }
    }
}

/// The chunks of a stream, as one response.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    fields: Map<String, Value>,
    /// By their index, which a chunk may leave out when it is 0.
    candidates: Vec<(u64, Map<String, Value>)>,
    error: Option<Value>,
}

impl Folded {
    /// Adds a chunk. `false` if it is not a JSON object.
    ///
    /// Each chunk holds the next parts of every candidate; whatever else it says (usage, which is
    /// cumulative, the finish reason, the model) replaces what the chunks before it said.
    pub(crate) fn add(&mut self, chunk: Value) -> bool {
        let Value::Object(chunk) = chunk else { return false };
        for (key, value) in chunk {
            match value {
                Value::Null => {}
                Value::Array(list) if key == "candidates" => {
                    list.into_iter().for_each(|candidate| self.add_candidate(candidate))
                }
                error if key == "error" => self.error = Some(error),
                value => {
                    self.fields.insert(key, value);
                }
            }
        }
        true
    }

    /// Whether the service ended the stream with an error.
    pub(crate) fn has_failed(&self) -> bool {
        self.error.is_some()
    }

    /// The response; after an error, the error with the usage up to it.
    pub(crate) fn finish(self) -> Value {
        let Self { mut fields, mut candidates, error } = self;
        if let Some(error) = error {
            fields.retain(|key, _| key == "usageMetadata" || key == "modelVersion");
            fields.insert("error".to_owned(), error);
            return Value::Object(fields);
        }
        candidates.sort_by_key(|(index, _)| *index);
        if !candidates.is_empty() {
            let list = candidates.into_iter().map(|(_, candidate)| Value::Object(candidate)).collect();
            fields.insert("candidates".to_owned(), list);
        }
        Value::Object(fields)
    }

    fn add_candidate(&mut self, candidate: Value) {
        let Value::Object(candidate) = candidate else { return };
        let into = self.candidate(candidate.get("index").and_then(Value::as_u64).unwrap_or_default());
        for (key, value) in candidate {
            match value {
                Value::Null => {}
                Value::Object(content) if key == "content" => add_content(into, content),
                value => {
                    into.insert(key, value);
                }
            }
        }
    }

    fn candidate(&mut self, index: u64) -> &mut Map<String, Value> {
        let known = self.candidates.iter().position(|(other, _)| *other == index);
        let place = known.unwrap_or_else(|| {
            self.candidates.push((index, Map::new()));
            self.candidates.len() - 1
        });
        &mut self.candidates[place].1
    }
}

fn add_content(candidate: &mut Map<String, Value>, content: Map<String, Value>) {
    let into = candidate.entry("content").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(into) = into else { return };
    for (key, value) in content {
        match value {
            Value::Null => {}
            Value::Array(parts) if key == "parts" => {
                let all = into.entry("parts").or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(all) = all {
                    parts.into_iter().for_each(|part| add_part(all, part));
                }
            }
            value => {
                into.insert(key, value);
            }
        }
    }
}

/// Text goes on in the part before it if both are nothing but text. A part with a signature stays
/// what it is: the signature belongs to that very part.
fn add_part(parts: &mut Vec<Value>, part: Value) {
    match (parts.last_mut().and_then(plain_text), part.get("text")) {
        (Some((thought, text)), Some(Value::String(more)))
            if is_plain(&part) && is_thought(&part) == thought =>
        {
            text.push_str(more);
        }
        _ => parts.push(part),
    }
}

/// The text of a part that is nothing but text, and whether it is a thought.
fn plain_text(part: &mut Value) -> Option<(bool, &mut String)> {
    if !is_plain(part) {
        return None;
    }
    let thought = is_thought(part);
    match part.get_mut("text") {
        Some(Value::String(text)) => Some((thought, text)),
        _ => None,
    }
}

fn is_plain(part: &Value) -> bool {
    part.as_object().is_some_and(|part| part.keys().all(|key| key == "text" || key == "thought"))
}

fn is_thought(part: &Value) -> bool {
    part.get("thought").and_then(Value::as_bool).unwrap_or_default()
}

/// The response that the chunks of a stream become; `None` if one is no JSON object.
#[cfg(feature = "fuzzing")]
pub fn fold_stream(chunks: impl IntoIterator<Item = Value>) -> Option<Value> {
    let mut folded = Folded::default();
    let is_whole = chunks.into_iter().all(|chunk| folded.add(chunk));
    is_whole.then(|| folded.finish())
}

#[cfg(test)]
mod tests;

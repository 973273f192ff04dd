//! Reading an answer: whether it is one, and if not, what is wrong with it.
//!
//! The finish reason is judged before the content is looked at: a truncated or blocked answer can
//! look like a whole one.

use domain::{OutputFormat, read_json};
use serde_json::Value;

use crate::wire::{Candidate, Content, GenerateContentResponse};

/// An answer that can be used.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) text: String,
    /// The value, if JSON was asked for.
    pub(crate) value: Option<Value>,
}

/// Why a response is not an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Flaw {
    /// The prompt was stopped for its content; the reason is the service's word. Every answer will be.
    Blocked(String),
    /// This one answer was stopped for its content; the reason is the service's word. The next may not be:
    /// RECITATION strikes innocent text.
    Withheld(String),
    /// It reached `maxOutputTokens`.
    Truncated {
        /// Whether most of them were thoughts, which count too: there may be no text at all.
        by_thoughts: bool,
    },
    /// It is empty or broken; the reason is the service's word, or ours.
    Malformed(String),
    /// It is whole, but not what was asked for.
    Unfit {
        /// What is wrong, for the model to mend.
        problem: String,
        /// What it said, if that may be shown to it again: never a text that breaks off, which it would only continue.
        said: Option<Content>,
    },
}

impl Flaw {
    /// What is wrong, without a word of the answer.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Blocked(reason) => format!("the prompt was blocked ({reason})"),
            Self::Withheld(reason) => format!("it was withheld for its content ({reason})"),
            Self::Truncated { by_thoughts: true } => {
                "its thoughts reached maxOutputTokens (lower thinking in \
                 agent.toml, [models.generation], or raise max_output_tokens)"
                    .to_owned()
            }
            Self::Truncated { by_thoughts: false } => "it was cut off at maxOutputTokens (raise \
                 max_output_tokens in agent.toml, [models.generation])"
                .to_owned(),
            Self::Malformed(reason) => format!("it was empty or broken ({reason})"),
            Self::Unfit { said: None, .. } => {
                "it was not JSON, neither at once nor after a repair".to_owned()
            }
            Self::Unfit { said: Some(_), .. } => {
                "it did not fit its schema, neither at once nor after a repair".to_owned()
            }
        }
    }
}

/// The answer in `response`.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn read(response: &GenerateContentResponse, format: &OutputFormat) -> Result<Reading, Flaw> {
    let candidate = response.candidates.first().ok_or_else(|| no_candidate(response))?;
    let content = candidate.content.clone().unwrap_or_default();
    let spoken = content.spoken();
    check_finish(candidate).map_err(|flaw| match flaw {
        // More room would only be filled with more of the same.
        Flaw::Truncated { .. } if loops(&spoken) => {
            Flaw::Malformed("it repeats itself without end".to_owned())
        }
        Flaw::Truncated { .. } => Flaw::Truncated { by_thoughts: is_mostly_thoughts(response) },
        other => other,
    })?;
    let text = spoken.trim_end().to_owned();
    if text.is_empty() {
        return Err(Flaw::Malformed("no text".to_owned()));
    }
    match format {
        OutputFormat::Text => Ok(Reading { text, value: None }),
        OutputFormat::Json { check, .. } => {
            let value = parse(&text)?;
            match check(&value) {
                Ok(()) => Ok(Reading { text, value: Some(value) }),
                Err(problem) => Err(Flaw::Unfit { problem, said: sayable(content) }),
            }
        }
    }
}

/// Whether `text` ends in one phrase said over and over: how models fail at structured output.
fn loops(text: &str) -> bool {
    const MAX_PHRASE: usize = 200;
    const TIMES: usize = 8;
    let bytes = text.as_bytes();
    (1..=MAX_PHRASE).any(|phrase| {
        let span = (phrase * TIMES).max(64);
        bytes.len() > span && {
            let tail = &bytes[bytes.len() - span..];
            tail[phrase..] == tail[..span - phrase]
        }
    })
}

fn is_mostly_thoughts(response: &GenerateContentResponse) -> bool {
    let Some(usage) = &response.usage_metadata else { return false };
    usage.thoughts_token_count.unwrap_or_default() > usage.candidates_token_count.unwrap_or_default()
}

/// A prompt that was blocked has feedback and no candidates, and the feedback may lack a reason.
fn no_candidate(response: &GenerateContentResponse) -> Flaw {
    let Some(feedback) = &response.prompt_feedback else {
        return Flaw::Malformed("no candidate".to_owned());
    };
    Flaw::Blocked(feedback.block_reason.clone().unwrap_or_else(|| "no reason given".to_owned()))
}

/// The finish reasons of answers that were stopped for their content.
const WITHHELD: [&str; 9] = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MODEL_ARMOR",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
];

/// Whether the service says that the answer is complete.
fn check_finish(candidate: &Candidate) -> Result<(), Flaw> {
    match candidate.finish_reason.as_deref() {
        Some("STOP") => Ok(()),
        Some("MAX_TOKENS") => Err(Flaw::Truncated { by_thoughts: false }),
        Some(word) if WITHHELD.contains(&word) => Err(Flaw::Withheld(word.to_owned())),
        word => Err(Flaw::Malformed(word.unwrap_or("no finish reason").to_owned())),
    }
}

/// JSON, bare or in a Markdown fence, which some models put around it in spite of the media type.
fn parse(text: &str) -> Result<Value, Flaw> {
    read_json(text.as_bytes()).or_else(|error| {
        let fenced = unfence(text).and_then(|inner| read_json(inner.as_bytes()).ok());
        // serde_json's error names a place in the text, not the text.
        fenced.ok_or_else(|| Flaw::Unfit { problem: format!("it is not JSON: {error}"), said: None })
    })
}

fn unfence(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("```")?.strip_suffix("```")?;
    Some(inner.strip_prefix("json").unwrap_or(inner))
}

/// `content` as it may be shown to the model again: without thoughts, and without parts that hold nothing,
/// which the service refuses. `None` if nothing is left.
fn sayable(mut content: Content) -> Option<Content> {
    content.parts.retain(|part| !part.thought && !part.is_empty());
    Some(content).filter(|content| !content.parts.is_empty())
}

#[cfg(test)]
mod tests;

//! Counting tokens, roughly: four characters make one.

use serde_json::{Value, json};

use super::spelling::Fields;

/// Tokens by modality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens([u64; MODALITIES.len()]);

const MODALITIES: [&str; 5] = ["TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT"];

impl Tokens {
    fn of_modality(modality: &str, tokens: u64) -> Self {
        Self(MODALITIES.map(|known| if known == modality { tokens } else { 0 }))
    }

    fn of_text(text: &str) -> Self {
        Self::of_modality("TEXT", count(text))
    }

    /// The tokens of a request or a cache: contents, system instruction and tools.
    pub(super) fn of(body: &Value) -> Self {
        let contents = body.items("contents").iter().chain(body.field("systemInstruction"));
        let tokens = contents.map(of_content).fold(Self::default(), Self::plus);
        body.field("tools").map(of_json).into_iter().fold(tokens, Self::plus)
    }

    pub(super) fn plus(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(sum, more)| *sum = sum.saturating_add(more));
        self
    }

    pub(super) fn total(self) -> u64 {
        self.0.into_iter().fold(0, u64::saturating_add)
    }

    /// `promptTokensDetails`: one entry for each modality that occurs.
    pub(super) fn details(self) -> Value {
        let occurring = MODALITIES.into_iter().zip(self.0).filter(|(_, tokens)| *tokens > 0);
        occurring.map(|(modality, tokens)| json!({"modality": modality, "tokenCount": tokens})).collect()
    }
}

/// The number of tokens of a text; none for an empty one.
pub(super) fn count(text: &str) -> u64 {
    u64::try_from(text.chars().count().div_ceil(4)).unwrap_or(u64::MAX)
}

/// The tokens of any JSON that goes into the prompt as it is.
fn of_json(node: &Value) -> Tokens {
    Tokens::of_text(&node.to_string())
}

fn of_content(content: &Value) -> Tokens {
    content.items("parts").iter().map(of_part).fold(Tokens::default(), Tokens::plus)
}

fn of_part(part: &Value) -> Tokens {
    if let Some(text) = part.string("text") {
        return Tokens::of_text(text);
    }
    if let Some(blob) = part.field("inlineData") {
        let bytes = blob.string("data").map_or(0, |data| data.len() as u64 / 4 * 3);
        return of_media(blob.string("mimeType").unwrap_or_default(), bytes);
    }
    of_json(part)
}

/// An image costs 258 tokens, a page of a document too; sound and film by their length, here by size.
fn of_media(mime: &str, bytes: u64) -> Tokens {
    let (modality, tokens) = match mime.split('/').next() {
        Some("image") => ("IMAGE", 258),
        Some("audio") => ("AUDIO", (bytes / 500).max(32)),
        Some("video") => ("VIDEO", (bytes / 1_000).max(258)),
        Some("text") => ("TEXT", (bytes / 4).max(1)),
        _ => ("DOCUMENT", (bytes / 20_000).max(1) * 258),
    };
    Tokens::of_modality(modality, tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_characters_make_a_token_and_modalities_are_told_apart_in_either_spelling() {
        assert_eq!(["", "abcd", "abcdé"].map(count), [0, 1, 2]);
        let image = json!({"inline_data": {"mime_type": "image/png", "data": "AAAA"}});
        let content = json!({"parts": [{"text": "12345678"}, image]});
        let tokens = of_content(&content);
        assert_eq!(tokens.total(), 260);
        let told = json!([{"modality": "TEXT", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 258}]);
        assert_eq!(tokens.details(), told);
    }
}

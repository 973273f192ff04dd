//! Counting tokens, roughly: four characters make one.

use serde_json::{Value, json};

use super::json::Fields;

/// Tokens by modality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    text: u64,
    image: u64,
    audio: u64,
    video: u64,
    document: u64,
}

impl Tokens {
    /// The tokens of a text.
    fn of_text(text: &str) -> Self {
        Self { text: count(text), ..Self::default() }
    }

    /// The tokens of a request or a cache: contents, system instruction and tools.
    pub(super) fn of(body: &Value) -> Self {
        let contents = body.items("contents").iter().chain(body.field("systemInstruction"));
        let tokens = contents.map(of_content).fold(Self::default(), Self::plus);
        body.field("tools").map(of_json).into_iter().fold(tokens, Self::plus)
    }

    /// The sum.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            text: self.text.saturating_add(other.text),
            image: self.image.saturating_add(other.image),
            audio: self.audio.saturating_add(other.audio),
            video: self.video.saturating_add(other.video),
            document: self.document.saturating_add(other.document),
        }
    }

    /// All of them.
    pub(super) fn total(self) -> u64 {
        self.parts().into_iter().fold(0, |sum, (_, n)| sum.saturating_add(n))
    }

    /// `promptTokensDetails`: one entry for each modality that occurs.
    pub(super) fn details(self) -> Value {
        self.parts()
            .into_iter()
            .filter(|(_, n)| *n > 0)
            .map(|(modality, n)| json!({"modality": modality, "tokenCount": n}))
            .collect()
    }

    fn parts(self) -> [(&'static str, u64); 5] {
        [
            ("TEXT", self.text),
            ("IMAGE", self.image),
            ("AUDIO", self.audio),
            ("VIDEO", self.video),
            ("DOCUMENT", self.document),
        ]
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
    if let Some(file) = part.field("fileData") {
        return of_media(file.string("mimeType").unwrap_or_default(), 0);
    }
    of_json(part)
}

/// An image costs 258 tokens, a page of a document too; sound and film by their length, here by size.
fn of_media(mime: &str, bytes: u64) -> Tokens {
    let none = Tokens::default();
    match mime.split('/').next() {
        Some("image") => Tokens { image: 258, ..none },
        Some("audio") => Tokens { audio: (bytes / 500).max(32), ..none },
        Some("video") => Tokens { video: (bytes / 1_000).max(258), ..none },
        Some("text") => Tokens { text: (bytes / 4).max(1), ..none },
        _ => Tokens { document: (bytes / 20_000).max(1).saturating_mul(258), ..none },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_characters_make_a_token() {
        assert_eq!(count(""), 0);
        assert_eq!(count("abcd"), 1);
        assert_eq!(count("abcdé"), 2);
    }

    #[test]
    fn modalities_are_told_apart_in_either_spelling() {
        let image = json!({"inline_data": {"mime_type": "image/png", "data": "AAAA"}});
        let content = json!({"parts": [{"text": "12345678"}, image]});
        let tokens = of_content(&content);
        assert_eq!(tokens.total(), 260);
        assert_eq!(
            tokens.details(),
            json!([{"modality": "TEXT", "tokenCount": 2}, {"modality": "IMAGE", "tokenCount": 258}])
        );
    }
}

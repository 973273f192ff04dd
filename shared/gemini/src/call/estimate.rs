//! How many tokens a prompt has, before the service has counted them: about, for the rate, and at most, for the money.

use domain::{Media, ModelCall, OutputFormat};

use super::media::essence;
use crate::wire::{Content, GenerateContentRequest};

/// Bytes of a token: four in English text, fewer in code and in other scripts. Three rather
/// overestimates, and what was reserved too much is given back when the answer says the truth.
const BYTES_PER_TOKEN: u64 = 3;
/// Roles, separators and the like around a part.
const MAX_TOKENS_AROUND: u64 = 32;
/// One in so many: what a request adds to the texts of its call, such as the order of a schema's properties.
const REQUEST_ADDS: u64 = 16;
/// No model reads a longer prompt.
const MAX_TOKENS: u64 = 1_048_576;
/// An image: 258 tokens for each tile of 768 pixels, or up to 2,240 by the level of detail.
const MAX_IMAGE_TOKENS: u64 = 12_000;
/// A page of a document at the highest level of detail, and the most pages that are read.
const MAX_PAGE_TOKENS: u64 = 1_120;
const MAX_PAGES: u64 = 1_000;
/// Bytes of a page at least, compressed.
const MIN_PAGE_BYTES: u64 = 512;
/// Sound costs 32 tokens a second and has 750 bytes at least; video costs 300 and has 7,500.
const MIN_SOUND_BYTES_PER_TOKEN: u64 = 23;
/// What is counted of media towards the rate: few have the most that their size allows.
const TOKENS_PER_MEDIUM: u64 = 2_000;

/// The tokens of a prompt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PromptTokens {
    /// About so many: what is reserved of the rate.
    pub(crate) about: u64,
    /// No more than so many: what is reserved of the money.
    pub(crate) most: u64,
    /// Those of its media, of [`PromptTokens::most`].
    most_of_media: u64,
    /// Whether there may be sound among its media, which costs more than text.
    pub(crate) has_sound: bool,
}

impl PromptTokens {
    pub(crate) fn of(call: &ModelCall) -> Self {
        let schema = match &call.output {
            OutputFormat::Text => String::new(),
            OutputFormat::Json { schema, .. } => schema.to_string(),
        };
        let documents = call.documents.iter().flat_map(|document| [&document.name, &document.text]);
        let turns = call.turns.iter().map(|turn| &turn.text);
        let texts = || documents.clone().chain(turns.clone()).chain([&call.system, &schema]);
        let media = || call.turns.iter().flat_map(|turn| &turn.media);
        let most_of_media = media().map(most_media_tokens).sum::<u64>().min(MAX_TOKENS);
        let about = texts().map(|text| text.len() as u64).sum::<u64>().div_ceil(BYTES_PER_TOKEN);
        let about_media = media().map(|one| most_media_tokens(one).min(TOKENS_PER_MEDIUM)).sum::<u64>();
        let most_of_texts =
            texts().map(|text| most_text_tokens(text.as_bytes()) + MAX_TOKENS_AROUND).sum::<u64>();
        // The request says a little more than the call: one reservation covers both.
        let most_of_texts = most_of_texts + most_of_texts / REQUEST_ADDS;
        let most = (most_of_texts + most_of_media).min(MAX_TOKENS);
        let has_sound = media().any(|one| matches!(kind(one).split('/').next(), Some("audio" | "video")));
        Self { about: about + about_media, most, most_of_media, has_sound }
    }

    /// The most that `request` has, with what second tries have added to it.
    pub(crate) fn most_of(self, request: &GenerateContentRequest) -> u64 {
        let said = |content: &Content| -> u64 {
            let texts = content.parts.iter().filter_map(|part| part.text.as_deref());
            texts.map(|text| most_text_tokens(text.as_bytes()) + MAX_TOKENS_AROUND).sum()
        };
        let texts: u64 = request.contents.iter().chain(&request.system_instruction).map(said).sum();
        let schema = request.schema().map_or(0, |schema| most_text_tokens(schema.to_string().as_bytes()));
        (texts + schema + self.most_of_media).min(MAX_TOKENS)
    }
}

/// No tokenizer makes more of `text`. Letters in a row make at most one token of two; digits, capitals
/// (base64), punctuation and other scripts as many as they have bytes.
fn most_text_tokens(text: &[u8]) -> u64 {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || *byte == b' ';
    text.chunk_by(|one, next| is_plain(one) && is_plain(next)).map(|run| run.len().div_ceil(2) as u64).sum()
}

fn kind(media: &Media) -> String {
    essence(&media.mime_type)
}

fn most_media_tokens(media: &Media) -> u64 {
    let size = media.data.len() as u64;
    let most = match kind(media).split('/').next() {
        Some("image") => MAX_IMAGE_TOKENS,
        Some("application") => size.div_ceil(MIN_PAGE_BYTES).min(MAX_PAGES) * MAX_PAGE_TOKENS,
        Some("audio" | "video") => size.div_ceil(MIN_SOUND_BYTES_PER_TOKEN),
        _ => size,
    };
    most.min(MAX_TOKENS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inline(mime_type: &str, bytes: usize) -> u64 {
        most_media_tokens(&Media { mime_type: mime_type.to_owned(), data: vec![7; bytes] })
    }

    #[test]
    fn digits_capitals_and_other_scripts_are_a_token_a_byte_and_words_half() {
        for (text, tokens) in
            [("20261128", 8), ("QUJD+/==", 8), ("a3f9", 4), ("語", 3), ("the old one", 6), ("", 0)]
        {
            assert_eq!(most_text_tokens(text.as_bytes()), tokens, "{text}");
        }
    }

    #[test]
    fn a_document_is_bounded_by_the_pages_that_it_can_have() {
        assert_eq!(inline("application/pdf", 1_000_000), MAX_TOKENS);
        assert_eq!(inline("application/pdf", 5_000), 10 * MAX_PAGE_TOKENS);
    }

    #[test]
    fn sound_and_text_are_bounded_by_their_size_and_images_by_what_a_model_reads() {
        // A minute of telephone sound is 1,920 tokens.
        assert!((1_920..4_000).contains(&inline("audio/ogg", 60 * 750)));
        assert_eq!(inline("text/csv", 900), 900);
        assert_eq!(inline("video/mp4", 30_000_000), MAX_TOKENS);
        assert_eq!(
            (inline("image/png", 10_000_000), inline("image/png", 1)),
            (MAX_IMAGE_TOKENS, MAX_IMAGE_TOKENS)
        );
    }
}

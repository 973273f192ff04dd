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
/// What is counted of media towards the rate: few have the most that their size allows.
const TOKENS_PER_MEDIUM: u64 = 2_000;

/// The tokens of a prompt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PromptTokens {
    /// About so many: what is reserved of the rate.
    pub(crate) about: u64,
    /// No more than so many: what is reserved of the money.
    pub(crate) most: u64,
    /// Those of its images and texts that are attached, of [`PromptTokens::most`].
    most_of_media: u64,
    /// Whether there is a document, sound or a film among its media. Their size says nothing: a thousand pages of a PDF,
    /// or an hour of silence, are a few kilobytes.
    pub(crate) has_unbounded: bool,
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
        let most_of_media = media().filter_map(most_media_tokens).sum::<u64>().min(MAX_TOKENS);
        let has_unbounded = media().any(|one| most_media_tokens(one).is_none());
        let about = texts().map(|text| text.len() as u64).sum::<u64>().div_ceil(BYTES_PER_TOKEN);
        let about_media = media().map(|one| TOKENS_PER_MEDIUM.min(one.data.len() as u64)).sum::<u64>();
        let most_of_texts = texts().map(|text| most_text_tokens(text)).sum::<u64>();
        // The request says a little more than the call: one reservation covers both.
        let most_of_texts = most_of_texts + most_of_texts / REQUEST_ADDS;
        let most = (most_of_texts + most_of_media).min(MAX_TOKENS);
        let has_sound =
            media().any(|one| matches!(essence(&one.mime_type).split('/').next(), Some("audio" | "video")));
        Self { about: about + about_media, most, most_of_media, has_unbounded, has_sound }
    }

    /// The most that `request` has, with what second tries have added to it. The service has `counted` so many for it
    /// before; what has no bound of its own and was not counted may fill the model's window.
    pub(crate) fn most_of(self, request: &GenerateContentRequest, counted: Option<u64>) -> u64 {
        let said = |content: &Content| -> u64 {
            let texts = content.parts.iter().filter_map(|part| part.text.as_deref());
            texts.map(most_text_tokens).sum()
        };
        let texts: u64 = request.contents.iter().chain(&request.system_instruction).map(said).sum();
        let schema = request.schema().map_or(0, |schema| most_text_tokens(&schema.to_string()));
        let unbounded = if self.has_unbounded { MAX_TOKENS } else { 0 };
        (texts + schema + counted.unwrap_or(self.most_of_media + unbounded)).min(MAX_TOKENS)
    }
}

/// No tokenizer makes more of `text`, with what stands around it: of rare letters, digits or other scripts, each byte
/// may be a token.
fn most_text_tokens(text: &str) -> u64 {
    text.len() as u64 + MAX_TOKENS_AROUND
}

/// `None`: its size says nothing of it.
fn most_media_tokens(media: &Media) -> Option<u64> {
    match essence(&media.mime_type).split('/').next() {
        Some("image") => Some(MAX_IMAGE_TOKENS),
        Some("text") => Some(media.data.len() as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_by_their_bytes_images_by_what_a_model_reads_and_the_rest_by_nothing() {
        let most = |kind: &str| most_media_tokens(&Media { mime_type: kind.to_owned(), data: vec![7; 900] });
        assert_eq!(most_text_tokens("vvk"), 3 + MAX_TOKENS_AROUND);
        assert_eq!((most("text/csv"), most("image/png; x=y")), (Some(900), Some(MAX_IMAGE_TOKENS)));
        for kind in ["application/pdf", "audio/ogg", "video/mp4"] {
            assert_eq!(most(kind), None, "{kind}");
        }
    }
}

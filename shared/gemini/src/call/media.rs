//! Images, audio, video and documents: what may be shown to the model, and how it is sent.
//!
//! Checked before anything is sent or paid for: the service would refuse the whole request with words
//! that do not say which attachment is meant.

use data_encoding::BASE64;
use domain::{Media, Turn, clip};

use crate::wire::{InlineData, Part};

/// What the models see, hear and read.
const TYPES: [(&str, &str); 5] = [
    ("image", "png jpeg webp heic heif"),
    ("audio", "wav x-wav mp3 mpeg aiff aac mp4 ogg flac webm"),
    ("video", "mp4 mpeg mpg mov quicktime avi x-flv webm wmv 3gpp"),
    ("application", "pdf"),
    ("text", "plain markdown html css csv xml rtf javascript"),
];

/// Why something cannot be shown to the model. Says which attachment, and nothing of what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MediaError {
    #[error(
        "the attachments have {} MB together, and {} MB is the most that is sent along: attach fewer of them",
        megabytes(*.bytes),
        megabytes(*.most)
    )]
    TooLarge { bytes: usize, most: usize },
    #[error(
        "{place} is of type `{kind}`, which no model reads: images (PNG, JPEG, WebP, HEIC), audio, video, PDF and text can be attached"
    )]
    Type { place: Place, kind: String },
    #[error("{place} is empty")]
    Empty { place: Place },
}

/// Which attachment, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    turn: usize,
    attachment: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "attachment {} of message {}", self.attachment, self.turn)
    }
}

/// Whether everything in `turns` can be sent.
pub(crate) fn check(turns: &[Turn], max_inline_bytes: usize) -> Result<(), MediaError> {
    let mut bytes = 0_usize;
    for (turn, media) in turns.iter().enumerate() {
        for (attachment, media) in media.media.iter().enumerate() {
            let place = Place { turn: turn + 1, attachment: attachment + 1 };
            bytes = bytes.saturating_add(check_one(media, place)?);
        }
    }
    if bytes > max_inline_bytes {
        Err(MediaError::TooLarge { bytes, most: max_inline_bytes })
    } else {
        Ok(())
    }
}

/// The bytes that it adds to the request.
fn check_one(media: &Media, place: Place) -> Result<usize, MediaError> {
    let kind = essence(&media.mime_type);
    let (class, format) = kind.split_once('/').unwrap_or_default();
    let is_read =
        |(known, formats): &(&str, &str)| *known == class && formats.split(' ').any(|it| it == format);
    if !TYPES.iter().any(is_read) {
        let printable = clip(&kind, 80).chars().filter(|c| c.is_ascii_graphic()).collect();
        return Err(MediaError::Type { place, kind: printable });
    }
    if media.data.is_empty() { Err(MediaError::Empty { place }) } else { Ok(media.data.len()) }
}

/// A media type without its parameters, in lower case.
pub(super) fn essence(mime_type: &str) -> String {
    mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The part that shows `media`.
pub(crate) fn part(media: &Media) -> Part {
    let data = InlineData { mime_type: essence(&media.mime_type), data: BASE64.encode(&media.data) };
    Part { inline_data: Some(data), ..Part::default() }
}

/// Rounded up, so that what is too much never looks like just enough.
fn megabytes(bytes: usize) -> String {
    let tenths = bytes.div_ceil(100_000);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Speaker;

    fn inline(mime_type: &str, bytes: usize) -> Media {
        Media { mime_type: mime_type.to_owned(), data: vec![7; bytes] }
    }

    fn checked(media: Vec<Media>) -> Result<(), MediaError> {
        check(
            &[Turn::text(Speaker::User, "x"), Turn { media, ..Turn::text(Speaker::User, "see") }],
            1_000_000,
        )
    }

    fn problem(media: Media) -> String {
        checked(vec![inline("image/png", 1), media]).unwrap_err().to_string()
    }

    #[test]
    fn images_audio_video_documents_and_text_are_sent() {
        for kind in ["image/png", "audio/mpeg", "video/mp4", "application/pdf", "Text/Plain; charset=utf-8"] {
            assert_eq!(checked(vec![inline(kind, 10)]), Ok(()));
        }
    }

    #[test]
    fn other_types_are_refused_with_their_place() {
        let problem = problem(inline("application/x-msdownload\n", 1));
        assert!(problem.starts_with("attachment 2 of message 2 is of type `application/x-"), "{problem}");
        assert!(checked(vec![inline("", 1)]).is_err());
        assert!(checked(vec![inline("image/svg+xml", 1)]).is_err(), "an SVG is a program");
    }

    #[test]
    fn the_limit_counts_all_attachments_together_and_nothing_cannot_be_shown() {
        assert_eq!(checked(vec![inline("image/png", 500_000), inline("image/png", 500_000)]), Ok(()));
        let error = checked(vec![inline("image/png", 500_000), inline("image/png", 500_001)]).unwrap_err();
        assert_eq!(error, MediaError::TooLarge { bytes: 1_000_001, most: 1_000_000 });
        assert!(error.to_string().contains("1.1 MB together, and 1.0 MB"), "{error}");
        assert!(problem(inline("image/png", 0)).ends_with("is empty"));
    }
}

//! The parser, set up once. Whatever rule asks what a text is gets the same answer as whatever renders it.

use pulldown_cmark::{BlockQuoteKind, Event, Options, Parser};

use crate::east_asian::Marked;

/// Reads Markdown as people write it in comments: GitHub's flavour.
#[must_use]
pub fn parse(markdown: &str) -> Parser<'_> {
    let options = Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM;
    Parser::new_ext(markdown, options)
}

/// Calls `see` with what is shown of `markdown`, for whatever renders it.
pub(crate) fn each_event(markdown: &str, mut see: impl FnMut(Event<'_>)) {
    Marked::of(markdown).events().for_each(&mut see);
}

/// How GitHub calls a quote that is an alert.
pub(crate) fn alert(kind: BlockQuoteKind) -> &'static str {
    match kind {
        BlockQuoteKind::Note => "Note",
        BlockQuoteKind::Tip => "Tip",
        BlockQuoteKind::Important => "Important",
        BlockQuoteKind::Warning => "Warning",
        BlockQuoteKind::Caution => "Caution",
    }
}

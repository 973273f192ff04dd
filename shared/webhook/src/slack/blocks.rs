//! Blocks of a message as text.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks>

use super::mrkdwn::plain;
use super::rich_text;
use crate::reading::{JsonView, table_of};

/// Blocks of one message that are read; Slack allows fifty.
const MAX_BLOCKS: usize = 100;

/// The text of the blocks listed at `list`.
pub(super) fn text(message: JsonView<'_>, list: &str) -> String {
    lines(message.items(list).take(MAX_BLOCKS).map(block))
}

/// The same without tables.
pub(super) fn words(message: JsonView<'_>, list: &str) -> String {
    lines(message.items(list).take(MAX_BLOCKS).filter(|it| !is_table(it)).map(block))
}

fn block(block: JsonView<'_>) -> String {
    match block.text("/type") {
        Some("rich_text") => rich_text::text(block),
        Some("section") => {
            let own = block.object("/text").map(object);
            lines(own.into_iter().chain(block.items("/fields").map(object)))
        }
        Some("context") => lines(block.items("/elements").map(|element| match element.text("/type") {
            Some("image") => element.string("/alt_text").unwrap_or_default(),
            _ => object(element),
        })),
        Some("image" | "video") => {
            let title = block.object("/title").map(object);
            lines([title, block.string("/alt_text")].into_iter().flatten().take(1))
        }
        Some("table") => table(block),
        // `header`, `markdown`, and whatever else has one text.
        _ => block.object("/text").map(object).or_else(|| block.string("/text")).unwrap_or_default(),
    }
}

/// The tables among the blocks listed at `list`, which no text of the message repeats.
pub(super) fn tables(message: JsonView<'_>, list: &str) -> Vec<String> {
    let tables = message.items(list).take(MAX_BLOCKS).filter(is_table);
    tables.map(table).filter(|table| !table.is_empty()).collect()
}

fn is_table(block: &JsonView<'_>) -> bool {
    block.text("/type") == Some("table")
}

/// Its cells are rich text, or text as it is.
fn table(table: JsonView<'_>) -> String {
    let cell = |cell: JsonView<'_>| match cell.text("/type") {
        Some("rich_text") => rich_text::text(cell),
        _ => cell.id("/text").unwrap_or_default(),
    };
    table_of(table.items("/rows").map(|row| row.items("").map(cell).collect()))
}

/// A text object: only `mrkdwn` has references in it.
fn object(text: JsonView<'_>) -> String {
    let words = text.text("/text").unwrap_or_default();
    if text.text("/type") == Some("mrkdwn") { plain(words) } else { words.to_owned() }
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_block_with_words_is_read() {
        let message = json!({"blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Nightly export"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "stopped, says <@U7>"},
             "fields": [{"type": "mrkdwn", "text": "*Rows*"}, {"type": "plain_text", "text": "<10000>"}]},
            {"type": "divider"},
            {"type": "context", "elements": [{"type": "image", "alt_text": "a graph"}, {"type": "mrkdwn", "text": "now"}]},
            {"type": "image", "title": {"type": "plain_text", "text": "The graph"}, "alt_text": "falling"},
            {"type": "markdown", "text": "**done**"},
            {"type": "table", "rows": [
                [{"type": "raw_text", "text": "Plan"}, {"type": "raw_number", "text": 7}],
                [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
                    {"type": "text", "text": "a|b"}]}]}, {"type": "raw_text"}],
            ]},
            {"type": "future", "text": {"type": "plain_text", "text": "later"}},
        ]});
        assert_eq!(
            text(JsonView(&message), "/blocks"),
            "Nightly export\nstopped, says @U7\n*Rows*\n<10000>\na graph\nnow\nThe graph\n**done**\n\
             | Plan | 7 |\n|-|-|\n| a\\|b |  |\nlater"
        );
    }
}

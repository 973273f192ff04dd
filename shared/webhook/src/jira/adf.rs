//! Atlassian's document format as Markdown.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>. JSON that was read is nested
//! at most 128 levels deep, and so is this; marks at the beginning of lines are repeated to a bounded depth.

use domain::Timestamp;
use markdown::{code_span, fenced};

use super::document::Document;
use crate::reading::{JsonView, table_of};

/// Quotes and lists deeper than this are shown at this depth.
const MAX_DEPTH: usize = 12;

/// `document` as Markdown, and who is mentioned in it; empty when it says nothing.
pub(super) fn read(document: JsonView<'_>) -> Document {
    let mut mentioned = Vec::new();
    mentions(document, &mut mentioned);
    Document { text: children(document, 0).trim().to_owned(), mentioned }
}

/// Adds the accounts that the author of `node` speaks to. Whoever stands in a quote is not spoken to.
fn mentions(node: JsonView<'_>, into: &mut Vec<String>) {
    for child in node.items("/content") {
        match child.text("/type") {
            Some("mention") => into.extend(child.string("/attrs/id")),
            Some("blockquote" | "codeBlock") => {}
            _ => mentions(child, into),
        }
    }
}

/// The blocks within `node`. Paragraphs are apart by an empty line, so that a quote ends where it ends; a list
/// follows the words that introduce it.
fn children(node: JsonView<'_>, depth: usize) -> String {
    let mut text = String::new();
    for child in node.items("/content") {
        let block = block(child, depth);
        if block.trim().is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if is_list(child) { "\n" } else { "\n\n" });
        }
        text.push_str(block.trim_end_matches('\n'));
    }
    text
}

fn is_list(node: JsonView<'_>) -> bool {
    matches!(node.text("/type"), Some("bulletList" | "orderedList" | "taskList" | "decisionList"))
}

fn block(node: JsonView<'_>, depth: usize) -> String {
    match node.text("/type") {
        Some("heading") => {
            let level = node.number("/attrs/level").unwrap_or(1).clamp(1, 6);
            format!("{} {}", (0..level).map(|_| '#').collect::<String>(), inline(node))
        }
        Some("codeBlock") => fenced(node.text("/attrs/language").unwrap_or_default(), &inline(node)),
        Some("blockquote") => prefixed(&children(node, depth + 1), "> ", "> ", depth),
        Some("bulletList") => list(node, depth, |_, _| "- ".to_owned()),
        Some("orderedList") => {
            let first = node.number("/attrs/order").unwrap_or(1);
            list(node, depth, |index, _| format!("{}. ", first.saturating_add(index)))
        }
        Some("taskList") => list(node, depth, |_, item| {
            if item.text("/attrs/state") == Some("DONE") { "- [x] ".to_owned() } else { "- [ ] ".to_owned() }
        }),
        Some("decisionList") => list(node, depth, |_, _| "- Decided: ".to_owned()),
        Some("table") => table(node, depth),
        Some("rule") => "---".to_owned(),
        Some("expand" | "nestedExpand") => match node.text("/attrs/title") {
            Some(title) => format!("{title}\n\n{}", children(node, depth + 1)),
            None => children(node, depth + 1),
        },
        // `panel`, `layoutSection`, `mediaSingle` and whatever else holds blocks; a paragraph holds none.
        _ if node.items("/content").any(is_block) => children(node, depth + 1),
        _ => inline(node),
    }
}

/// Whether `node` is a block rather than a part of a line.
fn is_block(node: JsonView<'_>) -> bool {
    is_list(node)
        || node.0.get("content").is_some()
        || matches!(node.text("/type"), Some("paragraph" | "codeBlock" | "rule" | "table"))
}

fn list(node: JsonView<'_>, depth: usize, mark: impl Fn(u64, JsonView<'_>) -> String) -> String {
    let items = (0..).zip(node.items("/content")).map(|(index, item)| {
        // A list within a list stands among its items.
        if is_list(item) {
            return prefixed(&block(item, depth + 1), "  ", "  ", depth);
        }
        let mark = mark(index, item);
        let text = block(item, depth + 1);
        prefixed(&text, &mark, &" ".repeat(mark.len().min(4)), depth)
    });
    items.collect::<Vec<_>>().join("\n")
}

/// The lines of `text`, the first after `first` and the others after `rest`.
fn prefixed(text: &str, first: &str, rest: &str, depth: usize) -> String {
    if depth > MAX_DEPTH {
        return text.to_owned();
    }
    let mut lines = String::with_capacity(text.len() + 16);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            lines.push('\n');
        }
        lines.push_str(if index == 0 { first } else { rest });
        lines.push_str(line);
        lines.truncate(lines.trim_end_matches(' ').len());
    }
    lines
}

fn table(node: JsonView<'_>, depth: usize) -> String {
    let cells = |row: JsonView<'_>| row.items("/content").map(|cell| children(cell, depth + 1)).collect();
    table_of(node.items("/content").map(cells))
}

/// The text of what stands in one paragraph.
fn inline(node: JsonView<'_>) -> String {
    let is_leaf = node.0.get("content").is_none();
    if is_leaf { leaf(node) } else { node.items("/content").map(inline).collect() }
}

fn leaf(node: JsonView<'_>) -> String {
    let attribute = |name: &str| node.string(name).unwrap_or_default();
    match node.text("/type") {
        Some("text") => marked(node),
        Some("hardBreak") => "\n".to_owned(),
        Some("mention") => format!("@{}", attribute("/attrs/id")),
        Some("emoji") => node.string("/attrs/text").unwrap_or_else(|| attribute("/attrs/shortName")),
        Some("inlineCard" | "blockCard" | "embedCard") => attribute("/attrs/url"),
        Some("status") => format!("[{}]", attribute("/attrs/text")),
        Some("date") => date(node).unwrap_or_default(),
        Some("media" | "mediaInline") => {
            format!("[file {}]", node.text("/attrs/alt").unwrap_or("without a name"))
        }
        _ => attribute("/attrs/text"),
    }
}

/// Milliseconds, as a text or a number, as the day that people see.
fn date(node: JsonView<'_>) -> Option<String> {
    let at = Timestamp::from_millisecond(node.id("/attrs/timestamp")?.parse().ok()?).ok()?;
    Some(at.strftime("%Y-%m-%d").to_string())
}

/// Text with its link, and as code where it is code.
fn marked(node: JsonView<'_>) -> String {
    let text = node.0.get("text").and_then(serde_json::Value::as_str).unwrap_or_default();
    let has = |kind: &str| node.items("/marks").any(|mark| mark.text("/type") == Some(kind));
    let styled = match text {
        text if has("code") => code_span(text),
        text if has("strong") && !text.trim().is_empty() => around(text, "**"),
        text if has("em") && !text.trim().is_empty() => around(text, "*"),
        text if has("strike") && !text.trim().is_empty() => around(text, "~~"),
        text => text.to_owned(),
    };
    let links = node.items("/marks").filter(|mark| mark.text("/type") == Some("link"));
    match links.filter_map(|mark| mark.text("/attrs/href")).next() {
        Some(target) if target != text => format!("[{styled}]({target})"),
        _ => styled,
    }
}

/// `mark` around the words of `text`, blanks outside.
fn around(text: &str, mark: &str) -> String {
    let words = text.trim();
    let start = text.len() - text.trim_start().len();
    let (before, after) = (&text[..start], &text[start + words.len()..]);
    format!("{before}{mark}{words}{mark}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn text(text: &str) -> Value {
        json!({ "type": "text", "text": text })
    }

    fn node(kind: &str, content: &[Value]) -> Value {
        json!({ "type": kind, "content": content })
    }

    fn paragraph(words: &str) -> Value {
        node("paragraph", &[text(words)])
    }

    fn read(content: &[Value]) -> String {
        super::read(JsonView(&json!({ "type": "doc", "version": 1, "content": content }))).text
    }

    #[test]
    fn a_document_is_its_text() {
        let mention = json!({ "type": "mention", "attrs": { "id": "5b:1", "text": "@Ada" } });
        let items = ["one", "two"].map(|words| node("listItem", &[paragraph(words)]));
        let document = [node("paragraph", &[mention, text(" look:")]), node("bulletList", &items)];
        assert_eq!(read(&document), "@5b:1 look:\n- one\n- two");
        assert_eq!(super::read(JsonView(&json!({ "type": "doc" }))), Document::default());
    }

    #[test]
    fn links_keep_their_targets_and_code_its_marks() {
        let marked = |words: &str, marks: Value| json!({ "type": "text", "text": words, "marks": marks });
        let link = |href: &str| json!([{ "type": "link", "attrs": { "href": href } }]);
        let line = node(
            "paragraph",
            &[
                marked("the log", link("https://a.example/log")),
                text(" "),
                marked("https://b.example", link("https://b.example")),
                text(" "),
                marked("@ada", json!([{ "type": "code" }])),
                marked(" really ", json!([{ "type": "strong" }])),
            ],
        );
        assert_eq!(read(&[line]), "[the log](https://a.example/log) https://b.example `@ada` **really**");
    }

    #[test]
    fn what_is_no_text_is_shown_as_people_see_it() {
        let attributes = |kind: &str, attrs: Value| json!({ "type": kind, "attrs": attrs });
        let line = node(
            "paragraph",
            &[
                attributes("status", json!({ "text": "IN REVIEW", "color": "blue" })),
                text(" until "),
                attributes("date", json!({ "timestamp": "1795132800000" })),
                text(" "),
                attributes("emoji", json!({ "shortName": ":tada:", "text": "🎉" })),
                attributes("emoji", json!({ "shortName": ":ours:" })),
                attributes("hardBreak", json!({})),
                attributes("inlineCard", json!({ "url": "https://a.example" })),
            ],
        );
        assert_eq!(read(&[line]), "[IN REVIEW] until 2026-11-20 🎉:ours:\nhttps://a.example");
        let media = node("mediaSingle", &[attributes("media", json!({ "alt": "graph.png" }))]);
        assert_eq!(read(&[media]), "[file graph.png]");
    }

    #[test]
    fn blocks_keep_their_form() {
        let mut code = node("codeBlock", &[text("let a = 1;\nlet b = \"```\";")]);
        code["attrs"] = json!({ "language": "rust" });
        let mut heading = node("heading", &[text("Steps")]);
        heading["attrs"] = json!({ "level": 3 });
        let quote = node("blockquote", &[paragraph("first"), paragraph("second")]);
        assert_eq!(
            read(&[heading, code, quote, json!({ "type": "rule" }), paragraph("@5b:1 yes")]),
            "### Steps\n\n````rust\nlet a = 1;\nlet b = \"```\";\n````\n\n> first\n>\n> second\n\n---\n\n@5b:1 yes"
        );
    }

    #[test]
    fn lists_keep_their_numbers_and_their_depth() {
        let inner = node("bulletList", &[node("listItem", &[paragraph("inner")])]);
        let items = [node("listItem", &[paragraph("three"), inner]), node("listItem", &[paragraph("four")])];
        let mut ordered = node("orderedList", &items);
        ordered["attrs"] = json!({ "order": 3 });
        assert_eq!(read(&[ordered]), "3. three\n   - inner\n4. four");
        let task =
            |state: &str| json!({ "type": "taskItem", "attrs": { "state": state }, "content": [text("do")] });
        assert_eq!(read(&[node("taskList", &[task("DONE"), task("TODO")])]), "- [x] do\n- [ ] do");
    }

    #[test]
    fn rows_of_a_table_stay_rows() {
        let cell = |kind: &str, words: &str| node(kind, &[paragraph(words)]);
        let rows = [
            node("tableRow", &[cell("tableHeader", "Plan"), cell("tableHeader", "Rows")]),
            node("tableRow", &[cell("tableCell", "free|trial"), cell("tableCell", "10000")]),
        ];
        assert_eq!(read(&[node("table", &rows)]), "| Plan | Rows |\n|-|-|\n| free\\|trial | 10000 |");
    }

    #[test]
    fn who_is_mentioned_is_spoken_to_whatever_the_words_around_look_like() {
        let mention = || json!({ "type": "mention", "attrs": { "id": "5b:1", "text": "@Ada" } });
        let mentioned = |content: &[Value]| {
            super::read(JsonView(&json!({ "type": "doc", "version": 1, "content": content }))).mentioned
        };
        for before in ["> ", "`", "```\n", "    ", "<pre>", "<!-- ", "~~~\n", "- > "] {
            assert_eq!(mentioned(&[node("paragraph", &[text(before), mention()])]), ["5b:1"], "{before}");
            let apart = [paragraph(before), node("paragraph", &[mention()])];
            assert_eq!(mentioned(&apart), ["5b:1"], "{before}");
        }
        let cell = node("tableCell", &[node("paragraph", &[mention()])]);
        assert_eq!(mentioned(&[node("table", &[node("tableRow", &[cell])])]), ["5b:1"]);
        assert!(mentioned(&[node("blockquote", &[node("paragraph", &[mention()])])]).is_empty());
        assert!(mentioned(&[paragraph("@5b:1")]).is_empty(), "a name that was merely written");
    }

    #[test]
    fn code_with_a_backtick_in_it_is_code() {
        let code = json!({ "type": "text", "text": "a ` b", "marks": [{ "type": "code" }] });
        assert_eq!(read(&[node("paragraph", &[text("see "), code])]), "see ``a ` b``");
    }

    #[test]
    fn deep_nesting_stays_bounded() {
        let mut document = paragraph("deep");
        for _ in 0..100 {
            document = node("blockquote", &[document]);
        }
        let shown = read(&[document]);
        assert!(shown.ends_with("deep") && shown.len() < 100, "{shown}");
    }
}

//! Atlassian Document Format, in which Jira keeps comments. Source: "Atlassian Document Format" in
//! Atlassian's developer documentation, and its JSON schema, which refuses what it does not know: a
//! heading within a list, a code mark together with a bold one.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};
use serde_json::{Value, json};

use crate::events::{is_allowed, parse};
use crate::fit::{CUT, fit};

/// Lists and quotes within each other; deeper ones are flattened. Trees are walked and dropped by
/// recursion: without a limit `- - - …` would exhaust the stack.
const DEEPEST: usize = 20;

/// `markdown` as a document with at most `limit` characters of text.
#[must_use]
pub fn to_adf(markdown: &str, limit: usize) -> Value {
    let room = limit.saturating_sub(CUT.chars().count() + 1);
    let (mut content, cut) = fit(markdown, room, convert, |content| content.iter().map(size).sum());
    if cut {
        content.push(paragraph(vec![json!({"type": "text", "text": CUT})]));
    }
    json!({"version": 1, "type": "doc", "content": content})
}

/// A document as plain text: blocks on lines of their own, links with their addresses.
#[must_use]
pub fn adf_to_text(document: &Value) -> String {
    let mut text = String::new();
    read(document, "", &mut text);
    text.trim().to_owned()
}

/// Characters of the text in a node, and one for the end of every block.
fn size(node: &Value) -> usize {
    let own = node["text"].as_str().map_or(1, |text| text.chars().count());
    own + children(node).iter().map(size).sum::<usize>()
}

fn children(node: &Value) -> &[Value] {
    node["content"].as_array().map_or(&[], Vec::as_slice)
}

fn paragraph(content: Vec<Value>) -> Value {
    json!({"type": "paragraph", "content": content})
}

fn convert(markdown: &str) -> Vec<Value> {
    let mut writer = Writer::default();
    writer.frames.push(Frame { kind: Kind::Document, content: Vec::new() });
    for event in parse(markdown) {
        writer.event(event);
    }
    writer.flush();
    writer.frames.into_iter().flat_map(|frame| frame.content).collect()
}

/// What is open: its blocks are collected until it ends.
#[derive(Debug)]
struct Frame {
    kind: Kind,
    content: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Document,
    Quote,
    List(Option<u64>),
    Item,
    /// Too deep: its blocks become its parent's.
    Flat,
}

#[derive(Debug, Default)]
struct Writer {
    frames: Vec<Frame>,
    /// Inline nodes of the paragraph or heading under way.
    inline: Vec<Value>,
    marks: Vec<Value>,
    /// The code block under way: its language, and its text.
    code: Option<(String, String)>,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code.is_some() => {
                if let Some((_, code)) = &mut self.code {
                    code.push_str(&text);
                }
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text, None),
            Event::Code(text) => self.text(&text, Some("code")),
            Event::SoftBreak | Event::HardBreak => self.inline.push(json!({"type": "hardBreak"})),
            Event::Rule => {
                self.flush();
                // No rule within a list or a quote, by the schema.
                if self.kind() == Kind::Document {
                    self.block(json!({"type": "rule"}));
                }
            }
            // Nothing else comes without the parser's options for it.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock | Tag::Heading { .. } => self.flush(),
            Tag::Strong => self.marks.push(json!({"type": "strong"})),
            Tag::Emphasis => self.marks.push(json!({"type": "em"})),
            Tag::Strikethrough => self.marks.push(json!({"type": "strike"})),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                // Pushed in any case, so that the end finds something to take away.
                let link = json!({"type": "link", "attrs": {"href": &*dest_url}});
                self.marks.push(if is_allowed(&dest_url) { link } else { Value::Null });
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                self.code = Some((language.to_owned(), String::new()));
            }
            Tag::BlockQuote(_) => self.open(Kind::Quote),
            Tag::List(first) => self.open(Kind::List(first)),
            Tag::Item => self.open(Kind::Item),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(),
            TagEnd::Heading(level) => self.heading(level),
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.marks.pop();
            }
            TagEnd::CodeBlock => self.code_block(),
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.close(),
            _ => {}
        }
    }

    fn kind(&self) -> Kind {
        self.frames.last().map_or(Kind::Document, |frame| frame.kind)
    }

    fn block(&mut self, block: Value) {
        if let Some(frame) = self.frames.last_mut() {
            frame.content.push(block);
        }
    }

    fn open(&mut self, kind: Kind) {
        self.flush();
        let flat = match kind {
            Kind::Item => self.kind() == Kind::Flat,
            _ => self.frames.len() > DEEPEST,
        };
        self.frames.push(Frame { kind: if flat { Kind::Flat } else { kind }, content: Vec::new() });
    }

    fn close(&mut self) {
        self.flush();
        let Some(Frame { kind, mut content }) = self.frames.pop() else { return };
        if content.is_empty() && kind == Kind::Item {
            content.push(paragraph(Vec::new()));
        }
        if content.is_empty() {
            return;
        }
        match kind {
            // Quotes stand in the document itself only, by the schema; elsewhere their text stays.
            Kind::Quote if self.kind() == Kind::Document => {
                self.block(json!({"type": "blockquote", "content": content}));
            }
            Kind::Quote | Kind::Document | Kind::Flat => {
                content.into_iter().for_each(|block| self.block(block))
            }
            Kind::Item => {
                // An item begins with a paragraph or code, by the schema.
                if content[0]["type"].as_str().is_some_and(|first| first.ends_with("List")) {
                    content.insert(0, paragraph(Vec::new()));
                }
                self.block(json!({"type": "listItem", "content": content}));
            }
            Kind::List(None) => self.block(json!({"type": "bulletList", "content": content})),
            Kind::List(Some(first)) => {
                self.block(json!({"type": "orderedList", "attrs": {"order": first}, "content": content}));
            }
        }
    }

    /// Ends the paragraph under way. The items of a tight list have text without a paragraph.
    fn flush(&mut self) {
        while self.inline.last().is_some_and(|node| node["type"] == "hardBreak") {
            self.inline.pop();
        }
        if !self.inline.is_empty() {
            let content = std::mem::take(&mut self.inline);
            self.block(paragraph(content));
        }
    }

    fn heading(&mut self, level: HeadingLevel) {
        let content = std::mem::take(&mut self.inline);
        if content.is_empty() {
            return;
        }
        // Headings stand in the document itself only, by the schema.
        if self.kind() == Kind::Document {
            let level = level as usize;
            self.block(json!({"type": "heading", "attrs": {"level": level}, "content": content}));
        } else {
            self.block(paragraph(content));
        }
    }

    fn code_block(&mut self) {
        let Some((language, code)) = self.code.take() else { return };
        let mut node = json!({"type": "codeBlock"});
        if !language.is_empty() {
            node["attrs"] = json!({"language": language});
        }
        let code = code.trim_end_matches('\n');
        if !code.is_empty() {
            node["content"] = json!([{"type": "text", "text": code}]);
        }
        self.block(node);
    }

    fn text(&mut self, text: &str, code: Option<&str>) {
        // A text node must not be empty; the end of the line in raw HTML is a break.
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.inline.push(json!({"type": "hardBreak"}));
            }
            if !line.is_empty() {
                let node = self.marked(line, code);
                self.inline.push(node);
            }
        }
    }

    fn marked(&self, text: &str, code: Option<&str>) -> Value {
        let mut marks: Vec<Value> = Vec::new();
        for mark in self.marks.iter().filter(|mark| !mark.is_null()) {
            // Code goes with links only, and no mark stands twice, by the schema.
            let fits = code.is_none() || mark["type"] == "link";
            if fits && !marks.iter().any(|known| known["type"] == mark["type"]) {
                marks.push(mark.clone());
            }
        }
        marks.extend(code.map(|code| json!({"type": code})));
        let mut node = json!({"type": "text", "text": text});
        if !marks.is_empty() {
            node["marks"] = Value::Array(marks);
        }
        node
    }
}

/// Appends the text of a node; `indent` stands before every line of an item. The depth is bounded by
/// that of the JSON parser.
fn read(node: &Value, indent: &str, text: &mut String) {
    let attribute = |name: &str| node["attrs"][name].as_str().unwrap_or_default();
    match node["type"].as_str().unwrap_or_default() {
        "text" => {
            let own = node["text"].as_str().unwrap_or_default();
            text.push_str(own);
            let link =
                node["marks"].as_array().and_then(|marks| marks.iter().find(|mark| mark["type"] == "link"));
            match link.and_then(|link| link["attrs"]["href"].as_str()) {
                Some(href) if href != own => text.push_str(&format!(" ({href})")),
                _ => {}
            }
        }
        "hardBreak" => {
            text.push('\n');
            text.push_str(indent);
        }
        "mention" | "status" | "date" => {
            let shown = [attribute("text"), attribute("timestamp")];
            text.push_str(shown.into_iter().find(|shown| !shown.is_empty()).unwrap_or_default());
        }
        "emoji" => {
            let shown = attribute("text");
            text.push_str(if shown.is_empty() { attribute("shortName") } else { shown });
        }
        "inlineCard" | "blockCard" | "embedCard" => text.push_str(attribute("url")),
        "bulletList" | "orderedList" | "taskList" | "decisionList" => {
            let ordered = node["type"] == "orderedList";
            let first = node["attrs"]["order"].as_u64().unwrap_or(1);
            for (item, number) in children(node).iter().zip(first..) {
                line(indent, text);
                text.push_str(&if ordered { format!("{number}. ") } else { "- ".to_owned() });
                let deeper = format!("{indent}  ");
                for (at, child) in children(item).iter().enumerate() {
                    if at > 0 && !is_list(child) {
                        line(&deeper, text);
                    }
                    read(child, &deeper, text);
                }
            }
        }
        "doc" | "blockquote" | "panel" | "expand" | "nestedExpand" | "table" | "tableRow" | "tableCell"
        | "tableHeader" | "layoutSection" | "layoutColumn" | "mediaSingle" | "mediaGroup" => {
            for child in children(node) {
                if !is_list(child) {
                    line(indent, text);
                }
                read(child, indent, text);
            }
        }
        // Paragraphs, headings, code, and whatever comes to be: their inline content.
        _ => children(node).iter().for_each(|child| read(child, indent, text)),
    }
}

fn is_list(node: &Value) -> bool {
    node["type"].as_str().is_some_and(|kind| kind.ends_with("List"))
}

/// Begins a line, unless one has just begun.
fn line(indent: &str, text: &mut String) {
    let begun = text.rsplit('\n').next().is_none_or(|last| last == indent);
    if !text.is_empty() && !begun {
        text.push('\n');
        text.push_str(indent);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(markdown: &str) -> Value {
        to_adf(markdown, 30_000)["content"].clone()
    }

    fn text(text: &str) -> Value {
        json!({"type": "text", "text": text})
    }

    fn marked(text: &str, marks: &[&str]) -> Value {
        let marks: Vec<Value> = marks.iter().map(|mark| json!({"type": mark})).collect();
        json!({"type": "text", "text": text, "marks": marks})
    }

    fn item(content: Value) -> Value {
        json!({"type": "listItem", "content": content})
    }

    #[test]
    fn a_document_has_its_frame() {
        let paragraph = json!({"type": "paragraph", "content": [text("Hi")]});
        assert_eq!(to_adf("Hi", 100), json!({"version": 1, "type": "doc", "content": [paragraph]}));
        assert_eq!(to_adf("", 100), json!({"version": 1, "type": "doc", "content": []}));
    }

    #[test]
    fn inline_marks_are_translated() {
        assert_eq!(
            content("**b** *i* ~~s~~ `c` ***bi***\nnext"),
            json!([{"type": "paragraph", "content": [
                marked("b", &["strong"]), text(" "), marked("i", &["em"]), text(" "), marked("s", &["strike"]),
                text(" "), marked("c", &["code"]), text(" "), marked("bi", &["em", "strong"]),
                {"type": "hardBreak"}, text("next"),
            ]}])
        );
    }

    #[test]
    fn code_loses_the_marks_that_the_schema_does_not_allow_with_it() {
        assert_eq!(content("**a `b`**")[0]["content"][1], marked("b", &["code"]));
        let linked = &content("[`b`](https://x.example)")[0]["content"][0];
        assert_eq!(linked["marks"][0], json!({"type": "link", "attrs": {"href": "https://x.example"}}));
        assert_eq!(linked["marks"][1], json!({"type": "code"}));
    }

    #[test]
    fn links_lead_where_people_go_and_images_are_links() {
        let link = json!([{"type": "link", "attrs": {"href": "https://x.example"}}]);
        assert_eq!(content("[a](https://x.example)")[0]["content"][0]["marks"], link);
        assert_eq!(content("![a](https://x.example)")[0]["content"][0]["marks"], link);
        assert_eq!(content("[a](javascript:x)")[0]["content"], json!([text("a")]));
    }

    #[test]
    fn blocks_are_translated() {
        assert_eq!(
            content("## Head\n\n```rust\nlet a;\n```\n\n> quoted\n\n---\n\n<b>raw</b>"),
            json!([
                {"type": "heading", "attrs": {"level": 2}, "content": [text("Head")]},
                {"type": "codeBlock", "attrs": {"language": "rust"}, "content": [text("let a;")]},
                {"type": "blockquote", "content": [{"type": "paragraph", "content": [text("quoted")]}]},
                {"type": "rule"},
                {"type": "paragraph", "content": [text("<b>"), text("raw"), text("</b>")]},
            ])
        );
    }

    #[test]
    fn lists_nest() {
        let paragraph = |word: &str| json!({"type": "paragraph", "content": [text(word)]});
        let inner =
            json!({"type": "orderedList", "attrs": {"order": 3}, "content": [item(json!([paragraph("b")]))]});
        assert_eq!(
            content("- a\n\n  3. b\n- c"),
            json!([{"type": "bulletList", "content": [item(json!([paragraph("a"), inner])), item(json!([paragraph("c")]))]}])
        );
    }

    #[test]
    fn what_the_schema_forbids_within_lists_and_quotes_becomes_a_paragraph() {
        let paragraph = json!({"type": "paragraph", "content": [text("h")]});
        assert_eq!(content("- # h"), json!([{"type": "bulletList", "content": [item(json!([paragraph]))]}]));
        assert_eq!(content("- > h"), json!([{"type": "bulletList", "content": [item(json!([paragraph]))]}]));
        assert_eq!(content("> # h"), json!([{"type": "blockquote", "content": [paragraph]}]));
        assert_eq!(content("> > h"), json!([{"type": "blockquote", "content": [paragraph]}]));
        assert_eq!(
            content("-"),
            json!([{"type": "bulletList", "content": [item(json!([{"type": "paragraph", "content": []}]))]}])
        );
    }

    #[test]
    fn a_long_text_is_cut_visibly() {
        let document = to_adf(&"word\n\n".repeat(20_000), 30_000);
        let chars = adf_to_text(&document).chars().count();
        assert!((27_000..=30_000).contains(&chars), "{chars}");
        assert!(adf_to_text(&document).ends_with(CUT));
    }

    /// The part of Atlassian's schema that could be broken by a translation.
    fn check(node: &Value, parent: &str) {
        let kind = node["type"].as_str().unwrap();
        let allowed: &[&str] = match parent {
            "doc" => {
                &["paragraph", "heading", "bulletList", "orderedList", "codeBlock", "blockquote", "rule"]
            }
            "blockquote" => &["paragraph", "bulletList", "orderedList", "codeBlock"],
            "bulletList" | "orderedList" => &["listItem"],
            "listItem" => &["paragraph", "bulletList", "orderedList", "codeBlock"],
            "paragraph" | "heading" => &["text", "hardBreak"],
            "codeBlock" => &["text"],
            _ => &[],
        };
        assert!(allowed.contains(&kind), "{kind} in {parent}");
        assert_ne!(node["text"], json!(""));
        assert!(parent != "codeBlock" || node.get("marks").is_none());
        if kind == "listItem" {
            assert!(["paragraph", "codeBlock"].contains(&node["content"][0]["type"].as_str().unwrap()));
        }
        children(node).iter().for_each(|child| check(child, kind));
    }

    #[test]
    fn no_depth_exhausts_the_stack() {
        for deep in ["- ".repeat(10_000), "> ".repeat(10_000), "> - ".repeat(5_000)] {
            let document = to_adf(&format!("{deep}x"), 30_000);
            assert_eq!(adf_to_text(&document).matches('x').count(), 1);
            children(&document).iter().for_each(|child| check(child, "doc"));
        }
    }

    proptest! {
        #[test]
        fn every_document_keeps_to_the_schema(text in "[-a>#*`~1.\\[\\]()!<_ \n]{0,80}") {
            let document = to_adf(&text, 30_000);
            children(&document).iter().for_each(|child| check(child, "doc"));
        }
    }

    #[test]
    fn documents_are_read_as_text() {
        let document = json!({"type": "doc", "version": 1, "content": [
            {"type": "heading", "attrs": {"level": 1}, "content": [text("Head")]},
            {"type": "paragraph", "content": [
                text("Hi "), {"type": "mention", "attrs": {"id": "5b", "text": "@Mia"}},
                {"type": "hardBreak"}, {"type": "emoji", "attrs": {"shortName": ":smile:", "text": "😄"}},
                {"type": "inlineCard", "attrs": {"url": "https://x.example"}},
            ]},
            {"type": "panel", "content": [{"type": "paragraph", "content": [text("note")]}]},
            {"type": "somethingNew", "content": [text("new")]},
            {"type": "mediaSingle", "content": [{"type": "media", "attrs": {"id": "1"}}]},
        ]});
        assert_eq!(adf_to_text(&document), "Head\nHi @Mia\n😄https://x.example\nnote\nnew");
        assert_eq!(adf_to_text(&Value::Null), "");
    }

    #[test]
    fn what_was_written_is_read_back() {
        let markdown = "Hello [docs](https://x.example)\n\n- a\n  - b\n- c\n\n3. x\n4. y\n\nend";
        assert_eq!(
            adf_to_text(&to_adf(markdown, 1_000)),
            "Hello docs (https://x.example)\n- a\n  - b\n- c\n3. x\n4. y\nend"
        );
    }
}

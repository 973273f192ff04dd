//! Atlassian Document Format, in which Jira keeps comments. Source: "Atlassian Document Format" in
//! Atlassian's developer documentation, and its JSON schema, which refuses what it does not know: a
//! heading within a list, a code mark together with a bold one.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};
use serde_json::{Value, json};

use crate::fit::{CUT, fit};
use crate::limit::Limit;
use crate::links::is_allowed;
use crate::parser::{alert, each_event};

/// Lists and quotes within each other; deeper ones are flattened. Trees are walked and dropped by
/// recursion: without a limit `- - - …` would exhaust the stack.
const DEEPEST: usize = 20;

/// `markdown` as a document of at most `limit`, as wiki markup.
#[must_use]
pub fn to_adf(markdown: &str, limit: Limit) -> Value {
    let size = |content: &Vec<Value>| content.iter().map(|node| size(node, limit)).sum::<usize>();
    let note = paragraph(vec![json!({"type": "text", "text": CUT})]);
    let mut content = convert(markdown);
    if size(&content) > limit.max() {
        let room = limit.max().saturating_sub(size(&vec![note.clone()]));
        content = fit(markdown, room, convert, size).0;
        content.push(note);
    }
    json!({"version": 1, "type": "doc", "content": content})
}

/// The most that a node has as wiki markup, the longest form in which Jira is known to count it: with its marks, with
/// the addresses of its links, and with a sign before each character that would be a mark.
fn size(node: &Value, limit: Limit) -> usize {
    let inside = children(node).iter().map(|child| size(child, limit)).sum::<usize>();
    let Some(text) = node["text"].as_str() else { return inside + frame(node) };
    let marks = node["marks"].as_array().map_or(&[][..], Vec::as_slice);
    let around = |mark: &Value| 4 + mark["attrs"]["href"].as_str().map_or(0, |href| limit.size(href));
    let escapes = text.chars().filter(|c| c.is_ascii_punctuation()).count();
    inside + limit.size(text) + escapes + marks.iter().map(around).sum::<usize>()
}

/// What stands around the content of a node.
fn frame(node: &Value) -> usize {
    match node["type"].as_str().unwrap_or_default() {
        "codeBlock" => "{code:}\n\n{code}\n".len() + node["attrs"]["language"].as_str().map_or(0, str::len),
        "blockquote" => "{quote}\n\n{quote}\n".len(),
        "heading" => "h1. \n\n".len(),
        "listItem" | "rule" => "----\n".len(),
        _ => "\n\n".len(),
    }
}

pub(crate) fn children(node: &Value) -> &[Value] {
    node["content"].as_array().map_or(&[], Vec::as_slice)
}

fn paragraph(content: Vec<Value>) -> Value {
    json!({"type": "paragraph", "content": content})
}

fn convert(markdown: &str) -> Vec<Value> {
    let mut writer = Writer::default();
    writer.frames.push(Frame { kind: Kind::Document, content: Vec::new() });
    each_event(markdown, |event| writer.event(event));
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
    Table,
    Row {
        head: bool,
    },
    Cell,
    /// Too deep: its blocks become its parent's.
    Flat,
}

#[derive(Debug, Default)]
struct Writer {
    frames: Vec<Frame>,
    /// Inline nodes of the paragraph or heading under way.
    inline: Vec<Value>,
    marks: Vec<Value>,
    /// Said at the beginning of the next paragraph.
    heading: String,
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
            Event::TaskListMarker(done) => self.text(if done { "☑ " } else { "☐ " }, None),
            Event::FootnoteReference(name) => self.text(&format!("[{name}]"), None),
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
            Tag::Paragraph | Tag::HtmlBlock | Tag::Heading { .. } => {
                self.flush();
                let heading = std::mem::take(&mut self.heading);
                self.text(&heading, None);
            }
            Tag::Table(_) => self.open(Kind::Table),
            Tag::TableHead => self.open(Kind::Row { head: true }),
            Tag::TableRow => self.open(Kind::Row { head: false }),
            Tag::TableCell => self.open(Kind::Cell),
            Tag::FootnoteDefinition(name) => {
                self.flush();
                self.heading = format!("[{name}] ");
            }
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
            Tag::BlockQuote(kind) => {
                self.open(Kind::Quote);
                self.heading = kind.map_or(String::new(), |kind| format!("{}: ", alert(kind)));
            }
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
            TagEnd::Table | TagEnd::TableHead | TagEnd::TableRow | TagEnd::TableCell => self.close(),
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
            Kind::Item | Kind::Row { .. } | Kind::Cell => self.kind() == Kind::Flat,
            // Tables stand in the document itself only; elsewhere each cell is a paragraph.
            Kind::Table => self.kind() != Kind::Document,
            _ => self.frames.len() > DEEPEST,
        };
        self.frames.push(Frame { kind: if flat { Kind::Flat } else { kind }, content: Vec::new() });
    }

    fn close(&mut self) {
        self.flush();
        let Some(Frame { kind, mut content }) = self.frames.pop() else { return };
        if content.is_empty() && matches!(kind, Kind::Item | Kind::Cell) {
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
            Kind::Table => self.block(json!({"type": "table", "content": content})),
            Kind::Row { .. } => self.block(json!({"type": "tableRow", "content": content})),
            Kind::Cell => {
                let kind =
                    if self.kind() == (Kind::Row { head: true }) { "tableHeader" } else { "tableCell" };
                self.block(json!({"type": kind, "content": content}));
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

#[cfg(test)]
mod tests;

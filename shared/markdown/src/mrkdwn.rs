//! Slack's mrkdwn. Source: "Formatting text for app surfaces" in Slack's documentation.
//!
//! `&`, `<` and `>` are always escaped, so that no draft can mention anybody (`<!channel>`, `<@U…>`)
//! or dress a link up.

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use crate::fit::{CUT, fit};
use crate::links::is_allowed;
use crate::parser::parse;

/// Lists and quotes within each other; deeper ones are shown without their sign, which would cost time
/// in the square of the depth.
const DEEPEST: usize = 20;
/// What continues a list item on its next lines.
const INDENT: &str = "    ";

/// `markdown` as mrkdwn of at most `limit` characters.
#[must_use]
pub fn to_mrkdwn(markdown: &str, limit: usize) -> String {
    let room = limit.saturating_sub(CUT.chars().count() + 2);
    let (mut text, cut) = fit(markdown, room, convert, |text| text.chars().count());
    if cut {
        text.push_str("\n\n");
        text.push_str(CUT);
    }
    text
}

/// mrkdwn as plain text: links with their addresses, mentions by their ids.
#[must_use]
pub fn mrkdwn_to_text(mrkdwn: &str) -> String {
    let mut text = String::with_capacity(mrkdwn.len());
    let mut rest = mrkdwn;
    while let Some((before, behind)) = rest.split_once('<') {
        text.push_str(before);
        let Some((inside, after)) = behind.split_once('>') else {
            text.push('<');
            rest = behind;
            continue;
        };
        text.push_str(&plain(inside));
        rest = after;
    }
    text.push_str(rest);
    // The ampersand last: `&amp;lt;` is the text `&lt;`.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// What stands between angle brackets, as text.
fn plain(inside: &str) -> String {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    let named = |id| if label.is_empty() { id } else { label };
    match target.split_at_checked(1) {
        Some(("@", id)) => format!("@{}", named(id)),
        Some(("#", id)) => format!("#{}", named(id)),
        Some(("!", word)) => {
            let word = word.split('^').next().unwrap_or_default();
            if label.is_empty() { format!("@{word}") } else { label.to_owned() }
        }
        _ if label.is_empty() || label == target => target.to_owned(),
        _ => format!("{label} ({target})"),
    }
}

fn convert(markdown: &str) -> String {
    let mut writer = Writer { frames: vec![String::new()], ..Writer::default() };
    for event in parse(markdown) {
        writer.event(event);
    }
    writer.frames.concat().trim_end().to_owned()
}

/// Writes events; text that is wrapped when it ends (quotes, items, links) has a frame of its own.
#[derive(Default)]
struct Writer {
    frames: Vec<String>,
    /// Open lists: the next number, or none for bullets.
    lists: Vec<Option<u64>>,
    /// Open links: where they lead, or none if they may not.
    links: Vec<Option<String>>,
    bold: usize,
    code: bool,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                // A fence within would end the block early.
                self.push(&escape(&text).replace("```", "`\u{200b}`\u{200b}`"));
            }
            Event::Code(text) => {
                let text = escape(&text).replace('`', "'");
                self.push(&format!("`{text}`"));
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.push(&escape(&text)),
            Event::SoftBreak | Event::HardBreak => self.push(if self.links.is_empty() { "\n" } else { " " }),
            Event::Rule => {
                self.block();
                self.push("———");
            }
            // Nothing else comes without the parser's options for it.
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.block(),
            Tag::Heading { .. } => {
                self.block();
                self.embolden();
            }
            Tag::Strong => self.embolden(),
            Tag::Emphasis => self.push("_"),
            Tag::Strikethrough => self.push("~"),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.block();
                self.push("```\n");
                self.code = true;
            }
            Tag::BlockQuote(_) | Tag::Item => self.frames.push(String::new()),
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(first);
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.links.push(is_allowed(&dest_url).then(|| address(&dest_url)));
                self.frames.push(String::new());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) | TagEnd::Strong => {
                self.bold = self.bold.saturating_sub(1);
                if self.bold == 0 {
                    self.push("*");
                }
            }
            TagEnd::Emphasis => self.push("_"),
            TagEnd::Strikethrough => self.push("~"),
            TagEnd::CodeBlock => {
                self.code = false;
                if !self.top().ends_with('\n') {
                    self.push("\n");
                }
                self.push("```");
            }
            TagEnd::BlockQuote(_) => {
                let quoted = self.pop();
                if self.frames.len() > DEEPEST {
                    return self.take(quoted);
                }
                self.block();
                let lines: Vec<String> = quoted.trim().lines().map(|line| format!("> {line}")).collect();
                self.push(&lines.join("\n"));
            }
            TagEnd::Item => self.item(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::Link | TagEnd::Image => self.link(),
            _ => {}
        }
    }

    fn embolden(&mut self) {
        // Two stars would show: bold within bold is bold.
        if self.bold == 0 {
            self.push("*");
        }
        self.bold += 1;
    }

    fn item(&mut self) {
        let text = self.pop();
        if self.frames.len() > DEEPEST {
            return self.take(text);
        }
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "• ".to_owned(),
        };
        let text = text.trim().replace('\n', &format!("\n{INDENT}"));
        if !self.top().is_empty() && !self.top().ends_with('\n') {
            self.push("\n");
        }
        self.push(&format!("{marker}{text}"));
    }

    fn link(&mut self) {
        let label = self.pop();
        let made = match self.links.pop().flatten() {
            Some(address) if label.is_empty() => format!("<{address}>"),
            // A link within a link is the outer one.
            Some(address) if self.links.is_empty() => format!("<{address}|{}>", label.replace('|', "/")),
            _ => label,
        };
        self.push(&made);
    }

    /// Begins a block: an empty line after the one before it, in a list a line.
    fn block(&mut self) {
        let gap = if self.lists.is_empty() { "\n\n" } else { "\n" };
        let top = self.top();
        if !top.is_empty() && !top.ends_with(gap) {
            self.push(gap);
        }
    }

    fn top(&self) -> &str {
        self.frames.last().map_or("", String::as_str)
    }

    fn push(&mut self, text: &str) {
        if let Some(top) = self.frames.last_mut() {
            top.push_str(text);
        }
    }

    /// Appends without copying where it can.
    fn take(&mut self, text: String) {
        match self.frames.last_mut() {
            Some(top) if top.is_empty() => *top = text,
            _ => {
                self.block();
                self.push(&text);
            }
        }
    }

    fn pop(&mut self) -> String {
        // The bottom frame is the result.
        if self.frames.len() > 1 { self.frames.pop().unwrap_or_default() } else { String::new() }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A link's address without the characters that would end it.
fn address(url: &str) -> String {
    escape(&url.replace('<', "%3C").replace('>', "%3E").replace('|', "%7C"))
}

#[cfg(test)]
mod tests;

//! Slack's mrkdwn. Source: "Formatting text for app surfaces" in Slack's documentation.
//!
//! `&`, `<` and `>` are always escaped, so that no draft can mention anybody (`<!channel>`, `<@U…>`)
//! or dress a link up.

mod marks;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use self::marks::{Mark, finish, plain as plain_signs, quiet};
use crate::fit::{CUT, fit};
use crate::limit::Limit;
use crate::links::is_allowed;
use crate::parser::{alert, each_event};
use crate::raw_html::shown;
use crate::table::Table;

/// Lists and quotes within each other; deeper ones are shown without their sign, which would cost time
/// in the square of the depth.
const DEEPEST: usize = 20;
/// What continues a list item on its next lines.
const INDENT: &str = "    ";
/// Said of code in which a row of three backticks stands.
const CHANGED: &str =
    "(Slack ends code at three backticks: in a row of them above, invisible characters stand in between.)";
/// Tasks of a list.
const DONE: &str = "☑ ";
const TO_DO: &str = "☐ ";

/// `markdown` as mrkdwn of at most `limit`.
#[must_use]
pub fn to_mrkdwn(markdown: &str, limit: Limit) -> String {
    let whole = convert(markdown);
    if limit.fits(&whole) {
        return whole;
    }
    let room = limit.without(CUT).without("\n\n").max();
    let (mut text, cut) = fit(markdown, room, convert, |text| limit.size(text));
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
    each_event(markdown, |event| writer.event(event));
    finish(writer.frames.concat().trim_end())
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
    /// Open marks, but for bold within bold.
    open: Vec<Mark>,
    code: bool,
    /// The line ended with a fence: whatever follows begins a new one.
    fenced: bool,
    /// Characters were put into the code under way.
    changed: bool,
    /// The table under way, and the cell of it.
    table: Table,
    cell: Option<String>,
    /// Said at the beginning of the next paragraph.
    heading: String,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::End(TagEnd::TableCell) => self.end(TagEnd::TableCell),
            event if self.cell.is_some() => self.in_cell(event),
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.code => {
                let code = self.in_block(&text);
                self.push(&code);
            }
            // A label is one line, and text like any other.
            Event::Code(text) if text.contains('`') && self.links.is_empty() => self.fence(&text),
            Event::Code(text) if text.contains('`') => self.say(&escape(&plain_signs(&text))),
            Event::Code(text) => self.say(&format!("`{}`", quiet(&escape(&plain_signs(&text))))),
            Event::Text(text) => self.say(&escape(&plain_signs(&text))),
            Event::Html(html) | Event::InlineHtml(html) => {
                for (number, line) in shown(&html).split('\n').enumerate() {
                    if number > 0 {
                        self.line_break();
                    }
                    self.say(&escape(&plain_signs(line)));
                }
            }
            Event::SoftBreak | Event::HardBreak if self.fenced => {}
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::TaskListMarker(done) => self.push(if done { DONE } else { TO_DO }),
            Event::FootnoteReference(name) => self.say(&escape(&plain_signs(&format!("[{name}]")))),
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
            Tag::Paragraph | Tag::HtmlBlock => {
                self.block();
                let heading = std::mem::take(&mut self.heading);
                self.push(&heading);
            }
            Tag::Heading { .. } => {
                self.block();
                self.embolden();
            }
            Tag::Strong => self.embolden(),
            Tag::Emphasis => self.open(Mark::Italic),
            Tag::Strikethrough => self.open(Mark::Struck),
            Tag::Table(alignments) => self.table = Table { alignments, rows: Vec::new() },
            Tag::TableHead | Tag::TableRow => self.table.rows.push(Vec::new()),
            Tag::TableCell => self.cell = Some(String::new()),
            Tag::FootnoteDefinition(name) => {
                self.heading = escape(&plain_signs(&format!("[{name}] ")));
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.block();
                self.push("```\n");
                self.code = true;
            }
            Tag::BlockQuote(kind) => {
                self.frames.push(String::new());
                self.heading = kind.map_or(String::new(), |kind| format!("{}: ", alert(kind)));
            }
            Tag::Item => self.frames.push(String::new()),
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(first);
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.say("");
                self.links.push(is_allowed(&dest_url).then(|| quiet(&address(&plain_signs(&dest_url)))));
                self.frames.push(String::new());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::HtmlBlock => {
                let end = self.top().trim_end().len();
                self.frames.last_mut().into_iter().for_each(|top| top.truncate(end));
            }
            TagEnd::Heading(_) | TagEnd::Strong => {
                self.bold = self.bold.saturating_sub(1);
                if self.bold == 0 {
                    self.close(Mark::Bold);
                }
            }
            TagEnd::Emphasis => self.close(Mark::Italic),
            TagEnd::Strikethrough => self.close(Mark::Struck),
            TagEnd::TableCell => {
                let cell = self.cell.take().unwrap_or_default();
                self.table.rows.last_mut().into_iter().for_each(|row| row.push(cell.clone()));
            }
            TagEnd::Table => {
                self.block();
                let rows = std::mem::take(&mut self.table).aligned();
                let rows = self.in_block(&rows);
                self.push(&format!("```\n{rows}\n```"));
                self.admit();
            }
            TagEnd::CodeBlock => {
                self.code = false;
                if !self.top().ends_with('\n') {
                    self.push("\n");
                }
                self.push("```");
                self.admit();
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
            self.open(Mark::Bold);
        }
        self.bold += 1;
    }

    fn open(&mut self, mark: Mark) {
        self.say("");
        self.open.push(mark);
        self.push(mark.opens().encode_utf8(&mut [0; 4]));
    }

    fn close(&mut self, mark: Mark) {
        self.open.pop();
        // In front of a fence it was closed already.
        if !self.fenced {
            self.push(mark.closes().encode_utf8(&mut [0; 4]));
        }
    }

    /// Writes what stands in a line; behind a fence it begins a new one, and what was open is open again.
    fn say(&mut self, text: &str) {
        if std::mem::take(&mut self.fenced) {
            let opened: String = self.open.iter().map(|mark| mark.opens()).collect();
            self.push(&format!("\n{opened}{}", text.trim_start()));
        } else {
            self.push(text);
        }
    }

    /// Writes the code of a span that has a backtick in it: nothing but a fence shows that.
    fn fence(&mut self, code: &str) {
        let opened: String = self.open.iter().map(|mark| mark.opens()).collect();
        let closed: String = self.open.iter().rev().map(|mark| mark.closes()).collect();
        let code = self.in_block(code);
        if let Some(top) = self.frames.last_mut() {
            let before = top.strip_suffix(&opened);
            // What was opened just now formats nothing yet; in front of a fence all was closed.
            let closed = if before.is_some() || self.fenced { "" } else { &closed };
            let end = before.unwrap_or(top).trim_end_matches(' ').len();
            top.truncate(end);
            top.push_str(closed);
            if !top.is_empty() && !top.ends_with('\n') {
                top.push('\n');
            }
            top.extend(["```\n", &code, "\n```"]);
        }
        self.fenced = true;
        self.admit();
    }

    /// What stands in a block of code. A fence within would end the block early.
    fn in_block(&mut self, text: &str) -> String {
        self.changed |= text.contains("```");
        quiet(&escape(&plain_signs(text))).replace("```", "`\u{200b}`\u{200b}`")
    }

    /// Says below a block that its code is not quite what was written.
    fn admit(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.push("\n");
            self.push(CHANGED);
        }
    }

    /// A mark that is open at the end of a line would be shown.
    fn line_break(&mut self) {
        if !self.links.is_empty() {
            return self.push(" ");
        }
        let closed: String = self.open.iter().rev().map(|mark| mark.closes()).collect();
        let opened: String = self.open.iter().map(|mark| mark.opens()).collect();
        self.push(&format!("{closed}\n{opened}"));
    }

    /// A table is shown as code, in which nothing is formatted.
    fn in_cell(&mut self, event: Event<'_>) {
        let text = match event {
            Event::Text(text) | Event::Code(text) => text.to_string(),
            Event::Html(html) | Event::InlineHtml(html) => shown(&html).replace('\n', " "),
            Event::SoftBreak | Event::HardBreak => " ".to_owned(),
            Event::FootnoteReference(name) => format!("[{name}]"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                self.links.push(is_allowed(&dest_url).then(|| dest_url.to_string()));
                return;
            }
            Event::End(TagEnd::Link | TagEnd::Image) => match self.links.pop().flatten() {
                Some(address) if self.cell.as_deref() != Some(&address) => format!(" ({address})"),
                _ => return,
            },
            _ => return,
        };
        if let Some(cell) = &mut self.cell {
            cell.push_str(&text);
        }
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
            _ if [DONE, TO_DO].iter().any(|task| text.starts_with(task)) => String::new(),
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
        self.fenced = false;
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

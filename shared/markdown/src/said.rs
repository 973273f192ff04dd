//! What kind of text stands where: one parse, by which every rule for text goes.

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Tag, TagEnd};

use crate::parser::parse;
use crate::ranges::Ranges;
use crate::raw_html::{Piece, pieces};

/// Elements whose text is shown as it is, or quoted, or not at all.
const NOT_SAID: [&str; 8] = ["blockquote", "code", "kbd", "pre", "samp", "script", "style", "textarea"];
/// Elements of these within each other; deeper ones are part of the outer ones anyway.
const DEEPEST: usize = 64;

/// Where `markdown` has code: blocks with their fences, indented blocks, and spans with their backticks.
///
/// ```
/// let text = "`a` b\n\n    c\n";
/// let code: Vec<_> = markdown::code(text).iter().map(|range| &text[range]).collect();
/// assert_eq!(code, ["`a`", "c\n"]);
/// ```
#[must_use]
pub fn code(markdown: &str) -> Ranges {
    let found = parse(markdown).into_offset_iter().filter(|(event, _)| is_code(event));
    Ranges::new(found.map(|(_, range)| range).collect())
}

fn is_code(event: &Event<'_>) -> bool {
    matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_)))
}

/// Where `markdown` has HTML that a browser shows to nobody, outside code: comments, and what browsers take for
/// such.
#[must_use]
pub fn hidden(markdown: &str) -> Ranges {
    let mut found = Vec::new();
    each_html(markdown, |range| {
        let hidden = pieces(&markdown[range.clone()]).filter(|(_, piece)| *piece == Piece::Hidden);
        found.extend(hidden.map(|(place, _)| shifted(&place, range.start)));
    });
    Ranges::new(found)
}

/// Where the author of `markdown` does not speak: code, quotes, comments and tags, the text of elements that show code
/// or a quote, and what links have besides their text. An element that is never closed has everything behind it, as
/// in a browser.
#[must_use]
pub fn unsaid(markdown: &str) -> Ranges {
    let (mut code, mut quotes) = (Vec::new(), Vec::new());
    for (event, range) in parse(markdown).into_offset_iter() {
        if is_code(&event) {
            code.push(range);
        } else if matches!(event, Event::Start(Tag::BlockQuote(_))) {
            quotes.push(range);
        }
    }
    let code = Ranges::new(code);
    let fenced = fenced_quotes(markdown, &code, &quotes);
    let quotes_and_code = code.and(quotes).and(fenced);
    let mut found: Vec<_> = destinations(markdown).iter().collect();
    let mut open: Vec<(&str, usize)> = Vec::new();
    each_html(markdown, |range| {
        for (place, piece) in pieces(&markdown[range.clone()]) {
            let place = shifted(&place, range.start);
            // What is opened within a quote ends with it.
            if quotes_and_code.contains(place.start) {
                continue;
            }
            match piece {
                Piece::Open(name) if is_not_said(name) && open.len() < DEEPEST => {
                    open.push((name, place.start))
                }
                Piece::Close(name) => {
                    if let Some(at) = open.iter().rposition(|(known, _)| known.eq_ignore_ascii_case(name)) {
                        found.push(open[at].1..place.end);
                        open.truncate(at);
                    }
                }
                Piece::Open(_) | Piece::Hidden => {}
            }
            found.push(place);
        }
    });
    found.extend(open.first().map(|(_, start)| *start..markdown.len()));
    quotes_and_code.and(found)
}

/// Quotes between two lines of `>>>`, as GitLab has them. Elsewhere such a line is an empty quote, and two of them
/// around somebody's own words are not written; within one of the `quotes` of others it begins nothing.
fn fenced_quotes(markdown: &str, code: &Ranges, quotes: &[Range<usize>]) -> Vec<Range<usize>> {
    let (mut found, mut open, mut at) = (Vec::new(), None, 0);
    for line in markdown.split_inclusive('\n') {
        let start = at;
        at += line.len();
        if line.trim_end() != ">>>" || code.contains(start) {
            continue;
        }
        match open.take() {
            Some(opened) => found.push(opened..at),
            None => open = quotes.binary_search_by_key(&start, |quote| quote.start).ok().map(|_| start),
        }
    }
    found
}

pub(crate) fn is_not_said(name: &str) -> bool {
    NOT_SAID.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Calls `see` with the place of each piece of raw HTML: a block as a whole, since a comment in it can have many
/// lines.
pub(crate) fn each_html(markdown: &str, mut see: impl FnMut(Range<usize>)) {
    for (event, range) in parse(markdown).into_offset_iter() {
        if matches!(event, Event::InlineHtml(_) | Event::Start(Tag::HtmlBlock)) {
            see(range);
        }
    }
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Where in `markdown` addresses stand that are shown to nobody: the destinations of links and images with their
/// titles, link definitions, and links between angle brackets as a whole.
#[must_use]
pub fn destinations(markdown: &str) -> Ranges {
    let parser = parse(markdown);
    let mut found: Vec<_> =
        parser.reference_definitions().iter().map(|(_, known)| known.span.clone()).collect();
    // Open links: where what they show ends, as far as it has been read.
    let mut open: Vec<usize> = Vec::new();
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::Link { link_type, .. } | Tag::Image { link_type, .. }) => {
                if matches!(link_type, LinkType::Autolink | LinkType::Email) {
                    found.push(range.clone());
                }
                open.push(range.start);
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if let Some(shown) = open.pop() {
                    found.push(shown..range.end);
                }
                seen(&mut open, range.end);
            }
            Event::Start(_) => {}
            _ => seen(&mut open, range.end),
        }
    }
    Ranges::new(found)
}

fn seen(open: &mut [usize], end: usize) {
    if let Some(shown) = open.last_mut() {
        *shown = (*shown).max(end);
    }
}

#[cfg(test)]
mod tests;

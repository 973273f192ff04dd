//! HTML within Markdown, as a browser reads it: tags, and what is shown to nobody.

use std::ops::Range;

/// A part of raw HTML that is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'h> {
    /// A comment, or what browsers take for one: `<!-- x -->`, `<?x>`, `<!x>`.
    Hidden,
    /// The beginning of an element; its name as written.
    Open(&'h str),
    /// The end of an element.
    Close(&'h str),
}

/// The pieces of `html`, with their places.
pub(crate) fn pieces(html: &str) -> impl Iterator<Item = (Range<usize>, Piece<'_>)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            let start = from + html[from..].find('<')?;
            if let Some((length, piece)) = piece(&html[start..]) {
                from = start + length;
                return Some((start..from, piece));
            }
            from = start + 1;
        }
    })
}

/// Elements that change nothing but the look of what is in them. Letters alone (`<b>`) are none: they stand for something
/// in texts on code.
const LOOK: [&str; 12] =
    ["br", "code", "del", "details", "em", "ins", "kbd", "pre", "strong", "sub", "summary", "sup"];

/// `html` as text, for services that would show its tags: without those that change the look alone, `<br>` as a new line.
/// Any other tag stays, to be shown.
pub(crate) fn shown(html: &str) -> String {
    let (mut text, mut done) = (String::with_capacity(html.len()), 0);
    for (range, piece) in pieces(html) {
        let (Piece::Open(name) | Piece::Close(name)) = piece else { continue };
        if LOOK.iter().any(|look| look.eq_ignore_ascii_case(name)) {
            text.push_str(&html[done..range.start]);
            text.push_str(if name.eq_ignore_ascii_case("br") { "\n" } else { "" });
            done = range.end;
        }
    }
    text.push_str(&html[done..]);
    text
}

/// The piece that `html` begins with, and its length.
fn piece(html: &str) -> Option<(usize, Piece<'_>)> {
    if let Some(behind) = html.strip_prefix("<!--") {
        return Some((4 + comment_length(behind), Piece::Hidden));
    }
    if html.starts_with("<!") || html.starts_with("<?") {
        return Some((html.find('>').map_or(html.len(), |end| end + 1), Piece::Hidden));
    }
    let (closes, behind) = match html.strip_prefix("</") {
        Some(behind) => (true, behind),
        None => (false, &html[1..]),
    };
    if !behind.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '>');
    let name = &behind[..behind.find(ends).unwrap_or(behind.len())];
    let length = html.len() - behind.len() + tag_length(behind);
    Some((length, if closes { Piece::Close(name) } else { Piece::Open(name) }))
}

/// How long a comment is behind its `<!--`. One that never ends hides the rest.
fn comment_length(behind: &str) -> usize {
    for empty in [">", "->"] {
        if behind.starts_with(empty) {
            return empty.len();
        }
    }
    let ends = |at: usize| behind[..at].ends_with("--") || behind[..at].ends_with("--!");
    behind.match_indices('>').find(|(at, _)| ends(*at)).map_or(behind.len(), |(at, _)| at + 1)
}

/// How long a tag is behind its `<`: up to the first `>` outside of quotes.
fn tag_length(behind: &str) -> usize {
    let mut quote = None;
    for (at, c) in behind.char_indices() {
        match (c, quote) {
            ('>', None) => return at + 1,
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
    }
    behind.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Vec<(&str, Piece<'_>)> {
        pieces(html).map(|(range, piece)| (&html[range], piece)).collect()
    }

    #[test]
    fn tags_and_what_is_hidden_are_found() {
        assert_eq!(
            read("a <b class=\"x>y\">c</b> <!-- d --> <?e?> <!f> < g <3"),
            [
                ("<b class=\"x>y\">", Piece::Open("b")),
                ("</b>", Piece::Close("b")),
                ("<!-- d -->", Piece::Hidden),
                ("<?e?>", Piece::Hidden),
                ("<!f>", Piece::Hidden),
            ]
        );
    }

    #[test]
    fn tags_of_the_look_are_not_shown_and_others_are() {
        assert_eq!(shown("a<br>b<BR />c"), "a\nb\nc");
        assert_eq!(shown("<details><summary>More</summary>"), "More");
        assert_eq!(
            shown("<kbd>Ctrl</kbd> <img src=x> <!-- d --> 1 < 2"),
            "Ctrl <img src=x> <!-- d --> 1 < 2"
        );
    }

    #[test]
    fn comments_end_where_browsers_end_them() {
        assert_eq!(read("<!-->a"), [("<!-->", Piece::Hidden)]);
        assert_eq!(read("<!--->a"), [("<!--->", Piece::Hidden)]);
        assert_eq!(read("<!-- a --!>b"), [("<!-- a --!>", Piece::Hidden)]);
        assert_eq!(read("<!-- a -- b"), [("<!-- a -- b", Piece::Hidden)]);
    }
}

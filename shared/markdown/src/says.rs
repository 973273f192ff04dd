//! [`says`]: whether a text says anything at all.

use pulldown_cmark::{Event, Tag};

use crate::parser::parse;
use crate::raw_html::{Piece, pieces};
use crate::visible::{is_invisible, visible, visible_line};

/// Elements that show something without any text.
const MEDIA: [&str; 7] = ["audio", "embed", "iframe", "img", "object", "svg", "video"];
/// It takes room, and shows nothing.
const BLANK: char = '\u{2800}';

/// Whether a person who looks at `markdown` sees anything that was said: words, code, an image. Comments, invisible
/// characters and marks without words say nothing.
///
/// ```
/// assert!(markdown::says("> a") && markdown::says("<img src=x>"));
/// assert!(!markdown::says("<!-- a -->\n\u{200b}\n---\n> &nbsp;\n- [ ] \n<br>"));
/// ```
#[must_use]
pub fn says(markdown: &str) -> bool {
    // Most texts begin with a word, which nothing hides.
    let begins = markdown.trim_start().chars().next();
    begins.is_some_and(|first| first.is_alphanumeric() && !is_invisible(first))
        || parse(&visible(markdown)).any(|event| shows(&event))
}

fn shows(event: &Event<'_>) -> bool {
    match event {
        Event::Text(text) | Event::Code(text) => is_seen(text),
        Event::Html(html) | Event::InlineHtml(html) => html_shows(html),
        Event::Start(Tag::Image { .. }) | Event::FootnoteReference(_) => true,
        _ => false,
    }
}

fn html_shows(html: &str) -> bool {
    let mut done = 0;
    let is_shown = pieces(html).any(|(place, piece)| {
        let before = &html[done..place.start];
        done = place.end;
        let is_medium = |name: &str| MEDIA.iter().any(|medium| medium.eq_ignore_ascii_case(name));
        is_seen(before) || matches!(piece, Piece::Open(name) if is_medium(name))
    });
    is_shown || is_seen(&html[done..])
}

fn is_seen(text: &str) -> bool {
    visible_line(text).chars().any(|c| !c.is_whitespace() && c != BLANK)
}

#[cfg(test)]
mod tests {
    use super::says;

    #[test]
    fn what_people_see_is_said() {
        for text in [
            "a",
            "  7",
            "`x`",
            "```\nx\n```",
            "![](https://a.example/x.png)",
            "<p align=center>\n<IMG src=x>\n</p>",
            "<details>\nhidden at first\n</details>",
            "> a quote",
            "👨‍👩‍👧",
            "…",
            "<!-- a --> b",
            "`<!-- a -->`",
            "\u{3164}a",
        ] {
            assert!(says(text), "{text}");
        }
    }

    #[test]
    fn what_nobody_sees_says_nothing() {
        for text in [
            "",
            " \r\n\t",
            "<!-- hidden -->",
            "<!-- a\n\nb -->\n<!---->",
            "<?x?>",
            "\u{200b}\u{feff}\u{2060}",
            "\u{3164}\u{2800}",
            "&#8203;&nbsp;",
            "<br><p></p>\n\n<div>\n</div>",
            "---\n***",
            "#",
            ">",
            "- [ ] ",
            "-",
            "[a]: https://a.example",
            "\u{e0041}\u{202e}",
        ] {
            assert!(!says(text), "{text}");
        }
    }
}

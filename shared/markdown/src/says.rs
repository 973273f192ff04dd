//! [`says`]: whether a text says anything at all; [`says_in_words`]: whether it has words for that.

use pulldown_cmark::{Event, Tag, TagEnd};

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
    shows(markdown, true)
}

/// Whether there are words in what is seen of `markdown`, or code: what an image shows, and is called, are none.
///
/// ```
/// assert!(!markdown::says_in_words("![a graph](https://a.example/x.png)\n<img alt=b src=y>"));
/// ```
#[must_use]
pub fn says_in_words(markdown: &str) -> bool {
    shows(markdown, false)
}

fn shows(markdown: &str, with_media: bool) -> bool {
    // Most texts begin with a word, which nothing hides.
    let begins = markdown.trim_start().chars().next();
    if begins.is_some_and(|first| first.is_alphanumeric() && !is_invisible(first)) {
        return true;
    }
    let mut images = 0_usize;
    parse(&visible(markdown)).any(|event| match event {
        Event::Text(text) | Event::Code(text) => images == 0 && is_seen(&text),
        Event::Html(html) | Event::InlineHtml(html) => html_shows(&html, with_media),
        Event::FootnoteReference(_) => true,
        Event::Start(Tag::Image { .. }) => {
            images += 1;
            with_media
        }
        Event::End(TagEnd::Image) => {
            images = images.saturating_sub(1);
            false
        }
        _ => false,
    })
}

fn html_shows(html: &str, with_media: bool) -> bool {
    let mut done = 0;
    let is_shown = pieces(html).any(|(place, piece)| {
        let before = &html[done..place.start];
        done = place.end;
        let is_medium = |name: &str| MEDIA.iter().any(|medium| medium.eq_ignore_ascii_case(name));
        is_seen(before) || matches!(piece, Piece::Open(name) if with_media && is_medium(name))
    });
    is_shown || is_seen(&html[done..])
}

fn is_seen(text: &str) -> bool {
    visible_line(text).chars().any(|c| !c.is_whitespace() && c != BLANK)
}

#[cfg(test)]
mod tests {
    use super::{says, says_in_words};

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
    fn images_say_something_without_words() {
        for text in
            ["![a graph](x.png)", "![](x.png) ![b](y.png)", "<p>\n<img src=x alt=y>\n</p>", "> ![a](x.png)"]
        {
            assert!(says(text) && !says_in_words(text), "{text}");
        }
        for text in
            ["![a](x.png) b", "![](x.png)\n\nb", "<img src=x> b", "[![a](x.png) b](https://a.example)"]
        {
            assert!(says_in_words(text), "{text}");
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

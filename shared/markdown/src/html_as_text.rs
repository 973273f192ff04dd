//! [`html_as_text`]: texts of services that know no HTML.

use std::borrow::Cow;

use crate::raw_html::{Piece, pieces};
use crate::said::{code, each_html, is_not_said};

/// `text`, whose readers see its tags and comments as they were typed, as Markdown that shows them too. Only what would
/// hide or quote other words is changed, and nothing in code.
///
/// ```
/// assert_eq!(markdown::html_as_text("a <!-- b -->"), "a &lt;!-- b -->");
/// assert_eq!(markdown::html_as_text("in <anonymous>, `<!-- b -->`"), "in <anonymous>, `<!-- b -->`");
/// ```
#[must_use]
pub fn html_as_text(text: &str) -> Cow<'_, str> {
    if !text.split('<').skip(1).any(hides) {
        return Cow::Borrowed(text);
    }
    // Where nothing is HTML, nothing keeps backticks from being code.
    let code = code(&text.replace('<', "("));
    let shown = code.change_gaps(text, |_, piece| spelt(piece));
    // A tag that hides nothing itself can make a block of HTML of the code below it.
    Cow::Owned(if is_obeyed(&shown) { spelt(text) } else { shown })
}

fn spelt(text: &str) -> String {
    let mut parts = text.split('<');
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shown.push_str(if hides(part) { "&lt;" } else { "<" });
        shown.push_str(part);
    }
    shown
}

/// Whether something in `markdown` hides or quotes words.
fn is_obeyed(markdown: &str) -> bool {
    let mut found = false;
    each_html(markdown, |range| {
        found |= pieces(&markdown[range]).any(|(_, piece)| match piece {
            Piece::Hidden => true,
            Piece::Open(name) | Piece::Close(name) => is_not_said(name),
        });
    });
    found
}

/// Whether what begins with `<` and `rest` is taken for a comment, or for the mark of an element whose text is not said.
fn hides(rest: &str) -> bool {
    let name = rest.strip_prefix('/').unwrap_or(rest);
    let name = &name[..name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len())];
    rest.starts_with(['!', '?']) || is_not_said(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hidden, unsaid, visible};
    use proptest::prelude::*;

    #[test]
    fn comments_and_quoting_elements_are_shown() {
        for (text, shown) in [
            ("<!-- a\n\nb", "&lt;!-- a\n\nb"),
            ("<?a?> <!b>", "&lt;?a?> &lt;!b>"),
            ("\\<!-- a -->", "\\&lt;!-- a -->"),
            ("<pre>a</PRE> <code", "&lt;pre>a&lt;/PRE> &lt;code"),
            ("<b>a</b> 1 <2", "<b>a</b> 1 <2"),
            ("```\n<!-- a -->\n```", "```\n<!-- a -->\n```"),
            ("<div>\n```\n<!-- a -->\n```", "<div>\n```\n&lt;!-- a -->\n```"),
            ("`\n<!--`", "`\n&lt;!--`"),
        ] {
            assert_eq!(html_as_text(text), shown);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_hidden_or_lost(text in "([a`\n! ?>/-]|<|<!--|-->|<pre>){0,20}") {
            let shown = html_as_text(&text);
            prop_assert_eq!(shown.replace("&lt;", "<"), text.as_str());
            prop_assert!(hidden(&shown).iter().next().is_none(), "{}", shown);
            prop_assert_eq!(visible(&shown), shown.as_ref());
        }

        #[test]
        fn who_speaks_behind_a_tag_is_heard(before in " {0,3}([a!?-][a !?-]{0,5})?(<pre>|<code>|<!--|<blockquote>)[a !?-]{0,6}") {
            let text = format!("{before} @ada");
            prop_assert!(!unsaid(&html_as_text(&text)).contains(html_as_text(&text).len() - 1));
        }
    }
}

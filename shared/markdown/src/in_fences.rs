//! Code that a draft shows by other means than a fence, put into one.

use std::borrow::Cow;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use crate::fence::fenced;
use crate::parser::parse;
use crate::prose::is_prose;

/// `markdown` whose code is code to everybody: indented code that it begins with, which is prose as soon as somebody
/// trims the text, and blocks of `<pre>`, which not every service reads, stand in fences. Prose that is shown so is none.
///
/// ```
/// assert_eq!(markdown::in_fences("    npm ci\n\nThat is it."), "```\nnpm ci\n```\n\nThat is it.");
/// assert_eq!(markdown::in_fences("<pre>\na &lt; b\n</pre>"), "```\na < b\n```");
/// ```
#[must_use]
pub fn in_fences(markdown: &str) -> Cow<'_, str> {
    let mut text = String::new();
    let mut done = 0;
    for (place, code) in found(markdown) {
        text.push_str(&markdown[done..place.start]);
        text.push_str(&fenced("", &code));
        done = place.end;
    }
    if done == 0 {
        return Cow::Borrowed(markdown);
    }
    text.push_str(&markdown[done..]);
    Cow::Owned(text)
}

/// The places of such code, in order, each with what it shows.
fn found(markdown: &str) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    let (mut depth, mut is_code) = (0_usize, false);
    for (event, range) in parse(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented))
                if depth == 0 && markdown[..range.start].trim().is_empty() =>
            {
                (depth, is_code) = (depth + 1, true);
                found.push((0..trimmed_end(markdown, &range), String::new()));
            }
            Event::Start(Tag::HtmlBlock) if depth == 0 => {
                depth += 1;
                let end = trimmed_end(markdown, &range);
                found.extend(preformatted(&markdown[range.start..end]).map(|code| (range.start..end, code)));
            }
            Event::Start(_) => depth += 1,
            Event::Text(text) if is_code => found.iter_mut().for_each(|(_, code)| code.push_str(&text)),
            Event::End(end) => {
                depth -= 1;
                is_code &= end != TagEnd::CodeBlock;
            }
            _ => {}
        }
    }
    found.retain(|(_, code)| !is_prose(code));
    found
}

fn trimmed_end(markdown: &str, range: &Range<usize>) -> usize {
    range.start + markdown[range.clone()].trim_end().len()
}

/// What one whole `<pre>` shows.
fn preformatted(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let open = lower.strip_prefix("<pre")?.find('>')? + "<pre>".len();
    let close = lower.strip_suffix("</pre>")?.len();
    let inside = html.get(open..close).filter(|_| matches!(lower.as_bytes()[4], b'>' | b' '))?;
    let is_whole = !lower[open..close].contains("pre>") && !lower[open..close].contains("<pre");
    let inside = match inside.trim_start().strip_prefix("<code").and_then(|rest| rest.split_once('>')) {
        Some((_, rest)) => rest.trim_end().strip_suffix("</code>")?,
        None => inside,
    };
    let shown = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let code = shown.iter().fold(inside.to_owned(), |code, (entity, sign)| code.replace(entity, sign));
    (is_whole && !code.trim().is_empty()).then(|| code.trim_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::in_fences;

    #[test]
    fn indented_code_at_the_beginning_outlives_a_trim() {
        let fence = "```\nnpm i @angular/core\n\nx\n```\n\nDone.";
        assert_eq!(in_fences("\n    npm i @angular/core\n\n    x\n\nDone."), fence);
        assert_eq!(in_fences("\tx ``` y"), "````\nx ``` y\n````");
    }

    #[test]
    fn preformatted_blocks_are_fences() {
        for (html, expected) in [
            (
                "a\n\n<pre>\n@Override\n\n&lt;b&gt; &amp;lt;\n</pre>\n\nb",
                "a\n\n```\n@Override\n\n<b> &lt;\n```\n\nb",
            ),
            ("<PRE lang=\"js\"><code class=\"x\">@a/b</code></PRE>", "```\n@a/b\n```"),
        ] {
            assert_eq!(in_fences(html), expected);
        }
    }

    #[test]
    fn everything_else_stays() {
        for text in [
            "Done.\n\n    npm ci",
            "    This is a sentence.",
            "<pre>a",
            "<pre></pre>",
            "<pre>Hello there.</pre>",
            "\r\t\u{20000}",
            "<pre>a</pre><pre>b</pre>",
            "<prefix>x</pre>",
            "- a\n\n      code",
            "```\nx\n```",
            "",
        ] {
            assert_eq!(in_fences(text), text);
        }
    }
}

//! Two texts and what is different between them, line by line, with the changed words marked.

use std::time::Duration;

use maud::{Markup, html};
use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown with it.
const CONTEXT: usize = 2;
/// Comparing may take so long; after that the comparison becomes coarser, not wrong.
const TIMEOUT: Duration = Duration::from_millis(50);

/// The difference from `before` to `after`; says so when there is none.
pub(crate) fn diff(before: &str, after: &str) -> Markup {
    if before.trim_end() == after.trim_end() {
        return html! { p.quiet { "No difference." } };
    }
    // A last line is the same with and without its end.
    let (before, after) = (ended(before), ended(after));
    let diff = TextDiff::configure().timeout(TIMEOUT).diff_lines(&before, &after);
    html! {
        div.diff role="group" aria-label="Changes" {
            @for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
                @if index > 0 { div.gap { "⋯" } }
                @for op in group {
                    @for change in diff.iter_inline_changes(op) {
                        (line(change.tag(), change.iter_strings_lossy().map(|(on, text)| (on, text.into_owned()))))
                    }
                }
            }
        }
    }
}

fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn line(tag: ChangeTag, pieces: impl Iterator<Item = (bool, String)>) -> Markup {
    let (class, sign, says) = match tag {
        ChangeTag::Equal => ("same", " ", ""),
        ChangeTag::Delete => ("gone", "−", "removed: "),
        ChangeTag::Insert => ("new", "+", "added: "),
    };
    html! {
        div.line.(class) {
            span.sign aria-hidden="true" { (sign) }
            @if !says.is_empty() { span.hidden { (says) } }
            span.text {
                @for (emphasised, text) in pieces {
                    @let text = text.trim_end_matches(['\n', '\r']);
                    @if emphasised { mark { (text) } } @else { (text) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_words_are_marked_and_escaped() {
        let out = diff("<b> Hello world.\nSame.", "<b> Hello moon.\nSame.").into_string();
        assert!(out.contains("<mark>world.</mark>") && out.contains("<mark>moon.</mark>"), "{out}");
        assert!(out.contains("&lt;b&gt;") && !out.contains("<b>"), "{out}");
    }

    #[test]
    fn a_last_line_without_its_end_is_the_same_line() {
        for (before, after) in [("a\nlast", "b\nlast\n"), ("a\nlast\n", "b\nlast"), ("last", "last\nmore")] {
            let out = diff(before, after).into_string();
            assert_eq!(out.matches("last").count(), 1, "{out}");
        }
        assert!(diff("last", "last\n").into_string().contains("No difference"));
    }

    #[test]
    fn equal_texts_have_no_difference() {
        assert!(diff("a\n", "a\n").into_string().contains("No difference"));
    }
}

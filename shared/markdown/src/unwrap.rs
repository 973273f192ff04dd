//! Answers that a model has put into one fence as a whole.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Tag, TagEnd};

use crate::fit::open_fence;
use crate::parser::parse;
use crate::prose::is_prose;

/// What a fence around a whole answer calls its content.
const NAMES: [&str; 3] = ["", "markdown", "md"];

/// `markdown` without a fence around all of it: a model that is asked for Markdown sometimes shows it as
/// code. A block in any other language is code, and one in none is if its content is.
///
/// ```
/// assert_eq!(markdown::unwrapped("```markdown\n# Hi\n```\n"), "# Hi\n");
/// assert_eq!(markdown::unwrapped("```rust\nfn main() {}\n```"), "```rust\nfn main() {}\n```");
/// ```
#[must_use]
pub fn unwrapped(markdown: &str) -> Cow<'_, str> {
    let mut answer = Cow::Borrowed(markdown);
    // Each time at least a line goes.
    while let Some(inside) = content(&answer).or_else(|| between_outer_fences(&answer)) {
        answer = Cow::Owned(inside);
    }
    answer
}

/// The content of the one block that `markdown` is.
fn content(markdown: &str) -> Option<String> {
    let mut events = parse(markdown);
    let Some(Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))) = events.next() else { return None };
    let name = info.trim().to_ascii_lowercase();
    if !NAMES.contains(&name.as_str()) {
        return None;
    }
    let mut content = String::new();
    for event in events.by_ref() {
        match event {
            Event::Text(text) => content.push_str(&text),
            Event::End(TagEnd::CodeBlock) => break,
            _ => return None,
        }
    }
    let is_answer = if name.is_empty() { is_prose(&content) } else { !content.trim().is_empty() };
    (events.next().is_none() && is_answer).then_some(content)
}

/// What stands between the first and the last line, if they are the fences that a model meant to be around
/// everything, and a fence of the same length within has ended the block early: then the last one opens a block
/// that nothing closes.
fn between_outer_fences(markdown: &str) -> Option<String> {
    let trimmed = markdown.trim();
    let (first, rest) = trimmed.split_once('\n')?;
    let (inside, last) = rest.rsplit_once('\n')?;
    let name = first.trim_start_matches('`');
    let ticks = first.len() - name.len();
    let is_named = !name.is_empty() && NAMES.contains(&name.trim().to_ascii_lowercase().as_str());
    let is_fence = ticks >= 3 && last.trim_end() == &first[..ticks];
    (is_named && is_fence && open_fence(trimmed).is_some() && open_fence(inside).is_none())
        .then(|| inside.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fence_around_everything_goes() {
        for (wrapped, expected) in [
            ("```markdown\n# Hi\n\nthere\n```", "# Hi\n\nthere\n"),
            ("```\nHello\n```", "Hello\n"),
            ("````md\n```rust\nx\n```\n````\n", "```rust\nx\n```\n"),
            ("```markdown\n```markdown\nHi\n```\n```", "Hi"),
            ("~~~Markdown\nHi\n~~~", "Hi\n"),
            ("```markdown\nSee:\n```rust\nx\n```\nmore\n```", "See:\n```rust\nx\n```\nmore"),
        ] {
            assert_eq!(unwrapped(wrapped).trim_end(), expected.trim_end(), "{wrapped}");
        }
    }

    #[test]
    fn code_stays_code() {
        for text in [
            "```rust\nx\n```",
            "Hi\n\n```\nx\n```",
            "```\nx\n```\n\nHi",
            "```markdown\na\n```\n\nthen\n\n```\nb\n```",
            "```\nnpm install @angular/core\n```",
            "```\n@Override\npublic void run() {}\n```",
            "~~~\nthis.value = 3\n~~~",
            "```\n```",
            "plain",
            "",
        ] {
            assert_eq!(unwrapped(text), text);
        }
    }
}

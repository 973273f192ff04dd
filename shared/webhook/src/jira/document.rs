//! Text of Jira: wiki markup, or Atlassian's document format.

use super::{adf, wiki};
use crate::reading::JsonView;

/// A text, and who is spoken to in it: Jira marks mentions, and a name that was merely written mentions nobody.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// The text as Markdown; mentions are `@` and the account's id.
    pub(super) text: String,
    /// The accounts that are mentioned outside of code and quotes.
    pub(super) mentioned: Vec<String>,
}

impl Document {
    /// The text at `pointer`, whichever of the two it is; empty where there is none.
    pub(super) fn at(part: JsonView<'_>, pointer: &str) -> Self {
        let read = match (part.text(pointer), part.object(pointer)) {
            (Some(text), _) => wiki::read(text),
            (None, Some(document)) => adf::read(document),
            (None, None) => Self::default(),
        };
        // The files are listed with the issue, and nobody without Jira's login can look into them.
        if is_files_alone(&read.text) { Self::default() } else { read }
    }
}

/// Whether `text` shows files and says nothing: `!graph.png|thumbnail!` and `[^trace.log]` in wiki markup, `[file graph.png]`
/// of a document.
fn is_files_alone(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let file = [("!", '!'), ("[^", ']'), ("[file ", ']')].into_iter().find_map(|(opens, closes)| {
            let (name, after) = rest.strip_prefix(opens)?.split_once(closes)?;
            let is_name = name.contains('.') && !name.contains('\n') && !name.starts_with(' ');
            is_name.then_some(after)
        });
        match file {
            Some(after) => rest = after.trim_start(),
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_files_alone;

    #[test]
    fn marks_of_files_are_no_words() {
        for text in ["", "!a.png!", "!Screen Shot 1.png|width=300!\n\n[^trace.log]", "[file graph.png]"] {
            assert!(is_files_alone(text), "{text}");
        }
        for text in
            ["a", "!a.png! why?", "!!", "! a.b !", "!wow! it.works!", "[^1]", "why? !a.png!", "!a.png"]
        {
            assert!(!is_files_alone(text), "{text}");
        }
    }
}

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
        match (part.text(pointer), part.object(pointer)) {
            (Some(text), _) => wiki::read(text),
            (None, Some(document)) => adf::read(document),
            (None, None) => Self::default(),
        }
    }
}

//! Text of Jira: wiki markup, or Atlassian's document format.

use super::{adf, wiki};
use crate::reading::JsonView;

/// The text at `pointer`, whichever of the two it is, as Markdown; mentions are `@` and the account's id.
pub(super) fn text_of(part: JsonView<'_>, pointer: &str) -> Option<String> {
    match part.text(pointer) {
        Some(text) => Some(wiki::markdown(text)),
        None => Some(adf::markdown(part.object(pointer)?)).filter(|text| !text.is_empty()),
    }
}

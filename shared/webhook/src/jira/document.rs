//! Text of Jira: wiki markup, or Atlassian's document format.
//!
//! <https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/>

use serde_json::Value;

use crate::reading::JsonView;

/// The text at `pointer`, whichever of the two it is; mentions are `@` and the account's id.
pub(super) fn text_of(part: JsonView<'_>, pointer: &str) -> Option<String> {
    if let Some(text) = part.text(pointer) {
        return Some(mentions_spelt(text));
    }
    let mut text = String::new();
    // JSON that was read is nested at most 128 levels deep, and so is this.
    write(part.object(pointer)?.0, &mut text);
    let text = text.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// `[~accountid:5b10…]` and `[~mona]` as `@5b10…` and `@mona`.
fn mentions_spelt(text: &str) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("[~") {
        read.push_str(before);
        match opened.split_once(']') {
            Some((account, after)) if !account.contains(char::is_whitespace) => {
                read.push('@');
                read.push_str(account.strip_prefix("accountid:").unwrap_or(account));
                rest = after;
            }
            _ => {
                read.push_str("[~");
                rest = opened;
            }
        }
    }
    read + rest
}

fn write(node: &Value, into: &mut String) {
    let part = JsonView(node);
    match part.text("/type") {
        Some("text") => into.push_str(node["text"].as_str().unwrap_or_default()),
        Some("hardBreak") => into.push('\n'),
        Some("mention") => {
            into.push('@');
            into.push_str(part.text("/attrs/id").unwrap_or_default());
        }
        Some("inlineCard" | "blockCard") => into.push_str(part.text("/attrs/url").unwrap_or_default()),
        Some("emoji") => into.push_str(part.text("/attrs/text").unwrap_or_default()),
        Some("listItem") => into.push_str("- "),
        _ => {}
    }
    part.items("/content").for_each(|child| write(child.0, into));
    let ends_line = matches!(part.text("/type"), Some("paragraph" | "heading" | "codeBlock" | "tableRow"));
    if ends_line {
        into.push('\n');
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn markup_keeps_its_words_and_spells_mentions() {
        let value = json!({ "body": "[~accountid:5b:1] and [~mona]: [~ not one] [~" });
        assert_eq!(text_of(JsonView(&value), "/body").unwrap(), "@5b:1 and @mona: [~ not one] [~");
    }

    #[test]
    fn a_document_is_its_text() {
        let text = |text: &str| json!({ "type": "text", "text": text });
        let value = json!({ "body": { "type": "doc", "version": 1, "content": [
            { "type": "paragraph", "content": [
                { "type": "mention", "attrs": { "id": "5b:1", "text": "@Ada" } }, text(" look:") ] },
            { "type": "bulletList", "content": [
                { "type": "listItem", "content": [ { "type": "paragraph", "content": [text("one")] } ] },
                { "type": "listItem", "content": [ { "type": "paragraph", "content": [text("two")] } ] } ] },
        ] } });
        assert_eq!(text_of(JsonView(&value), "/body").unwrap(), "@5b:1 look:\n- one\n- two");
        assert_eq!(text_of(JsonView(&json!({ "body": { "type": "doc" } })), "/body"), None);
    }
}

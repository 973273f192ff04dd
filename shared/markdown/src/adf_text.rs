//! Atlassian's documents as plain text.

use serde_json::Value;

use crate::adf::children;

/// A document as plain text: blocks on lines of their own, links with their addresses.
#[must_use]
pub fn adf_to_text(document: &Value) -> String {
    let mut text = String::new();
    read(document, "", &mut text);
    text.trim().to_owned()
}

/// Appends the text of a node; `indent` stands before every line of an item. The depth is bounded by
/// that of the JSON parser.
fn read(node: &Value, indent: &str, text: &mut String) {
    let attribute = |name: &str| node["attrs"][name].as_str().unwrap_or_default();
    match node["type"].as_str().unwrap_or_default() {
        "text" => {
            let own = node["text"].as_str().unwrap_or_default();
            text.push_str(own);
            let link =
                node["marks"].as_array().and_then(|marks| marks.iter().find(|mark| mark["type"] == "link"));
            match link.and_then(|link| link["attrs"]["href"].as_str()) {
                Some(href) if href != own => text.push_str(&format!(" ({href})")),
                _ => {}
            }
        }
        "hardBreak" => {
            text.push('\n');
            text.push_str(indent);
        }
        "mention" | "status" | "date" => {
            let shown = [attribute("text"), attribute("timestamp")];
            text.push_str(shown.into_iter().find(|shown| !shown.is_empty()).unwrap_or_default());
        }
        "emoji" => {
            let shown = attribute("text");
            text.push_str(if shown.is_empty() { attribute("shortName") } else { shown });
        }
        "inlineCard" | "blockCard" | "embedCard" => text.push_str(attribute("url")),
        "bulletList" | "orderedList" | "taskList" | "decisionList" => {
            list(node, indent, text);
        }
        "doc" | "blockquote" | "panel" | "expand" | "nestedExpand" | "table" | "tableRow" | "tableCell"
        | "tableHeader" | "layoutSection" | "layoutColumn" | "mediaSingle" | "mediaGroup" => {
            for child in children(node) {
                if !is_list(child) {
                    line(indent, text);
                }
                read(child, indent, text);
            }
        }
        // Paragraphs, headings, code, and whatever comes to be: their inline content.
        _ => children(node).iter().for_each(|child| read(child, indent, text)),
    }
}

fn list(node: &Value, indent: &str, text: &mut String) {
    let ordered = node["type"] == "orderedList";
    let first = node["attrs"]["order"].as_u64().unwrap_or(1);
    let deeper = format!("{indent}  ");
    for (item, number) in children(node).iter().zip(first..) {
        line(indent, text);
        text.push_str(&if ordered { format!("{number}. ") } else { "- ".to_owned() });
        for (at, child) in children(item).iter().enumerate() {
            if at > 0 && !is_list(child) {
                line(&deeper, text);
            }
            read(child, &deeper, text);
        }
    }
}

fn is_list(node: &Value) -> bool {
    node["type"].as_str().is_some_and(|kind| kind.ends_with("List"))
}

/// Begins a line, unless one has just begun.
fn line(indent: &str, text: &mut String) {
    let begun = text.rsplit('\n').next().is_none_or(|last| last == indent);
    if !text.is_empty() && !begun {
        text.push('\n');
        text.push_str(indent);
    }
}

//! Looking at schemas: their type, what tells variants apart, and merging two of them.

use serde_json::{Value, json};

use super::ordered::Node;

/// The words that tell a variant from its siblings: its constant, a constant property, or its title.
pub(super) fn label(variant: &Node) -> Option<String> {
    let constant = |node: &Node| {
        let only =
            node.get("enum").and_then(Node::as_list).filter(|list| list.len() == 1).and_then(<[_]>::first);
        node.get("const").or(only).and_then(Node::as_str).map(str::to_owned)
    };
    let properties = variant.get("properties").and_then(Node::as_map).unwrap_or_default();
    constant(variant)
        .or_else(|| properties.iter().find_map(|(_, property)| constant(property)))
        .or_else(|| variant.string("title").map(str::to_owned))
        .or_else(|| properties.first().map(|(name, _)| name.clone()))
}

/// `base` with the members of `other`; lists of names are joined, properties merged, the rest replaced.
pub(super) fn merged(base: Node, other: &Node) -> Vec<(String, Node)> {
    let Node::Map(mut members) = base else { return other.as_map().unwrap_or_default().to_vec() };
    for (key, value) in other.as_map().unwrap_or_default() {
        match members.iter_mut().find(|(k, _)| k == key) {
            None => members.push((key.clone(), value.clone())),
            Some((_, Node::List(own))) if key == "required" => {
                own.extend(value.as_list().unwrap_or_default().iter().cloned());
            }
            Some((_, own)) if key == "properties" => {
                let properties = std::mem::replace(own, Node::NULL);
                *own = Node::Map(merged(properties, value));
            }
            Some((_, own)) => *own = value.clone(),
        }
    }
    members
}

/// The type of a flat schema in lower case (`any` if it says nothing), and whether `null` is allowed.
pub(super) fn kind(schema: &Node) -> (&'static str, bool) {
    let mut nullable = schema.field("nullable").and_then(Node::as_bool) == Some(true);
    let named = match schema.get("type") {
        Some(Node::List(types)) => {
            nullable |= types.iter().any(|t| t.as_str() == Some("null"));
            types.iter().filter_map(Node::as_str).find(|t| *t != "null").or(Some("null"))
        }
        Some(single) => single.as_str(),
        None => None,
    };
    let has = |keys: &[&str]| keys.iter().any(|key| schema.field(key).is_some());
    let kind = match named.map(str::to_lowercase).as_deref() {
        Some("object") => "object",
        Some("array") => "array",
        Some("string") => "string",
        Some("integer") => "integer",
        Some("number") => "number",
        Some("boolean") => "boolean",
        Some("null") => "null",
        _ if has(&["properties", "required", "additionalProperties", "minProperties"]) => "object",
        _ if has(&["items", "prefixItems", "minItems"]) => "array",
        _ if has(&["pattern", "minLength", "maxLength", "format"]) => "string",
        _ if has(&["minimum", "maximum", "multipleOf", "exclusiveMinimum"]) => "number",
        _ => "any",
    };
    (kind, nullable)
}

/// `made`, changed until it equals none of its siblings where that is possible.
pub(super) fn distinct(made: Node, siblings: &[Node]) -> Node {
    let mut made = made;
    for number in 2..siblings.len() + 3 {
        if !siblings.contains(&made) {
            break;
        }
        made = match &made {
            Node::Leaf(Value::String(text)) => Node::text(format!("{text} {number}")),
            Node::Leaf(Value::Number(n)) => match n.as_i64() {
                Some(whole) => Node::Leaf(json!(whole.saturating_add(1))),
                None => Node::Leaf(json!(n.as_f64().unwrap_or(0.0) + 1.0)),
            },
            Node::Leaf(Value::Bool(b)) => Node::Leaf((!b).into()),
            other => return other.clone(),
        };
    }
    made
}

/// A number of things that a keyword gives.
pub(super) fn count(schema: &Node, name: &str) -> Option<usize> {
    usize::try_from(schema.field(name)?.as_u64()?).ok()
}

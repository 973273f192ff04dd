//! [`Node`]: JSON that remembers the order of its properties.
//!
//! The order of a schema's properties is the order in which the model writes them, so it has to
//! survive parsing; `serde_json::Value` sorts keys. Lookups know both spellings of a field.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;

use super::spelling::snake;

/// A JSON value whose objects keep their order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// `null`, a boolean, a number or a string.
    Leaf(Value),
    /// An array.
    List(Vec<Node>),
    /// An object. A key that comes twice counts with its last value.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// `null`.
    pub(super) const NULL: Self = Self::Leaf(Value::Null);

    /// An empty object.
    pub(super) const EMPTY: Self = Self::Map(Vec::new());

    /// A string.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Leaf(Value::String(text.into()))
    }

    /// The member with exactly this key.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The member of a protocol-buffer message in either spelling (`mimeType`, `mime_type`).
    /// `null` counts as absent, as proto-JSON has it.
    pub(super) fn field(&self, camel: &str) -> Option<&Self> {
        self.get(camel).or_else(|| self.get(&snake(camel))).filter(|v| !v.is_null())
    }

    /// A string member in either spelling.
    pub(super) fn string(&self, camel: &str) -> Option<&str> {
        self.field(camel)?.as_str()
    }

    /// The elements of an array member in either spelling; none when it is absent.
    pub(super) fn items(&self, camel: &str) -> &[Self] {
        self.field(camel).and_then(Self::as_list).unwrap_or_default()
    }

    /// Whether this is `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Leaf(Value::Null))
    }

    /// The string.
    pub(super) fn as_str(&self) -> Option<&str> {
        if let Self::Leaf(Value::String(s)) = self { Some(s) } else { None }
    }

    /// The number. Proto-JSON writes 64-bit integers as strings, so those count too.
    pub(super) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Leaf(Value::Number(n)) => n.as_f64(),
            Self::Leaf(Value::String(s)) => s.parse().ok().filter(|n: &f64| n.is_finite()),
            _ => None,
        }
    }

    /// The whole, non-negative number.
    pub(super) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Leaf(Value::Number(n)) => {
                n.as_u64().or_else(|| n.as_f64().filter(|f| *f >= 0.0 && f.fract() == 0.0).map(|f| f as u64))
            }
            Self::Leaf(Value::String(s)) => s.parse().ok(),
            _ => None,
        }
    }

    /// The boolean.
    pub(super) fn as_bool(&self) -> Option<bool> {
        if let Self::Leaf(Value::Bool(b)) = self { Some(*b) } else { None }
    }

    /// The elements.
    pub(super) fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The members, in order.
    pub(super) fn as_map(&self) -> Option<&[(String, Self)]> {
        if let Self::Map(members) = self { Some(members) } else { None }
    }

    /// Compact JSON.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Map(map.into_iter().map(|(k, v)| (k, Self::from(v))).collect()),
            leaf => Self::Leaf(leaf),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(members) => serializer.collect_map(members.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::NULL)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Leaf(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Map(members))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn order_survives_a_round_trip() {
        let source = r#"{"z":1,"a":{"y":[true,null],"b":"x"},"m":0.5}"#;
        let node: Node = serde_json::from_str(source).unwrap();
        assert_eq!(node.to_json(), source);
    }

    #[test]
    fn both_spellings_are_found_and_null_is_absent() {
        let node: Node = serde_json::from_str(r#"{"mime_type":"a","fileUri":"b","ttl":null}"#).unwrap();
        assert_eq!(node.string("mimeType"), Some("a"));
        assert_eq!(node.string("fileUri"), Some("b"));
        assert_eq!(node.field("ttl"), None);
    }

    #[test]
    fn nesting_beyond_the_parsers_limit_is_an_error_not_a_crash() {
        let deep = "[".repeat(100_000);
        assert!(serde_json::from_str::<Node>(&deep).is_err());
    }
}
